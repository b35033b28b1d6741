"""Load ONNX files and run them with ONNX Runtime."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.models.base import (
    Activation,
    Model,
    Signature,
    Sink,
    cast,
    file_digest,
    folder_digest,
    image_axes,
    loading,
    require_image_input,
)
from ferspec.subjects.models.onnx.content import content_of
from ferspec.subjects.models.onnx.cost import cost_of
from ferspec.subjects.models.onnx.labels import labels_in
from ferspec.subjects.models.onnx.screening import external_weights, refuse_damage, refuse_foreign_operators
from ferspec.subjects.models.worker.settings import threads_or

PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
DTYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
    "tensor(int32)": "int32",
    "tensor(int64)": "int64",
}
ACTIVATIONS: dict[str, Activation] = {
    "Softmax": "softmax",
    "Sigmoid": "sigmoid",
    "Gemm": "linear",
    "MatMul": "linear",
    "Add": "linear",
}
PASSING = frozenset({"Identity", "Reshape", "Flatten", "Squeeze", "Cast", "DequantizeLinear", "QuantizeLinear"})
LARGEST = 2**31


def load(path: Path, trust_code: bool = False) -> Model:
    """Load an ONNX file with input (n, channels, height, width) or (n, height, width, channels).

    Safe to load: operators of ONNX, and the listed ones of ONNX Runtime (``operators``), only compute. Others need a
    third-party library and are refused unless ``trust_code`` is set. Always refused are weights outside the model's
    folder or beyond the end of their file, shapes that need far more memory than the files have bytes, and functions
    that grow without measure. The digest includes external weight files. Not covered: time and memory of a run, and
    defects of the runtime.
    """
    name = path.name
    import onnx
    import onnxruntime

    if path.stat().st_size >= LARGEST:
        raise UserError(f"{name} has {path.stat().st_size:,} bytes; an ONNX file has less than {LARGEST:,}")
    with loading(name, "ONNX"):
        proto = onnx.load_model(str(path), load_external_data=False)
        if not proto.graph.node:
            raise UserError(f"{name} cannot be loaded as ONNX: it has no graph")
        refuse_damage(proto, path)
        weights = external_weights(proto, path)
        if not trust_code:
            refuse_foreign_operators(proto, name)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        # 0: as many as ONNX Runtime finds right
        options.intra_op_num_threads = threads_or(0)
        providers = [provider for provider in PROVIDERS if provider in onnxruntime.get_available_providers()]
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        inputs, outputs = session.get_inputs(), session.get_outputs()
        require_image_input(name, len(inputs), len(inputs[0].shape) if inputs else 0)
        if inputs[0].type not in DTYPES:
            raise UserError(f"{name} has an input of type {inputs[0].type}, which cannot represent images")
        source, dtype = inputs[0].name, DTYPES[inputs[0].type]
        shape = _sizes(inputs[0].shape)
        sinks = tuple(
            Sink(name=output.name, shape=_sizes(output.shape), activation=_activation(proto.graph, output.name))
            for output in outputs
        )

    def run(batch: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(session.run(None, {source: cast(batch, dtype)}))

    return Model(
        name=name,
        format="onnx",
        digest=folder_digest(path.parent, [path, *weights]) if weights else file_digest(path),
        signature=Signature(
            **image_axes(shape, None),
            dtype=dtype,
            batch=shape[0],
            outputs=sinks,
            labels=labels_in(proto),
        ),
        run=run,
        files=tuple(weights),
        content=content_of(proto),
        count_cost=lambda image: cost_of(onnx.load_model(str(path), load_external_data=False), image),
    )


def _sizes(shape: Iterable[Any]) -> tuple[int | None, ...]:
    return tuple(size if isinstance(size, int) and size > 0 else None for size in shape)


def _activation(graph: Any, output: str) -> Activation:
    makers = {name: node for node in graph.node for name in node.output}
    while output in makers and makers[output].op_type in PASSING:
        output = makers[output].input[0]
    return ACTIVATIONS.get(makers[output].op_type, "unknown") if output in makers else "unknown"
