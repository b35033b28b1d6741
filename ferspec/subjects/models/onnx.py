"""Load ONNX files and run them with ONNX Runtime."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.models.base import (
    Activation,
    Model,
    Signature,
    cast,
    file_digest,
    folder_digest,
    image_axes,
    loading,
    missing_extra,
    plain_labels,
    require_image_input,
    require_one_output,
)

DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc"})
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
LABEL_KEYS = ("classes", "labels", "class_names", "names", "categories")
LABELS_LIMIT = 10_000
MOST_DIGITS = 9


def load(path: Path, trust_code: bool = False) -> Model:
    """Load an ONNX file with input (n, channels, height, width) or (n, height, width, channels).

    Safe to load: operators of ONNX and ONNX Runtime only compute. Operators of other domains need a third-party
    library and are refused unless ``trust_code`` is set. Weights outside the model's folder are always refused. The
    digest includes external weight files. Not covered: defects of the runtime.
    """
    name = path.name
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise missing_extra(name, "ONNX", "onnx") from error

    with loading(name, "ONNX"):
        proto = onnx.load_model(str(path), load_external_data=False)
    if not proto.graph.node:
        raise UserError(f"{name} cannot be loaded as ONNX: it has no graph (damaged, or another format)")
    weights = _external_weights(path, proto)
    if not trust_code:
        _refuse_foreign_operators(proto, name)
    with loading(name, "ONNX"):
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        providers = [provider for provider in PROVIDERS if provider in onnxruntime.get_available_providers()]
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
        inputs, outputs = session.get_inputs(), session.get_outputs()
        # a name that is not UTF-8 fails when it is first read
        names = [value.name for value in (*inputs, *outputs)]
    require_image_input(name, len(inputs), len(inputs[0].shape) if inputs else 0)
    require_one_output(name, len(outputs))
    if inputs[0].type not in DTYPES:
        raise UserError(f"{name} has an input of type {inputs[0].type}, which cannot represent images")
    source, sink, dtype = names[0], names[len(inputs)], DTYPES[inputs[0].type]
    shape = [size if isinstance(size, int) and size > 0 else None for size in inputs[0].shape]
    width = outputs[0].shape[-1] if outputs[0].shape else None

    def run(batch: np.ndarray) -> np.ndarray:
        return session.run([sink], {source: cast(batch, dtype)})[0]

    return Model(
        name=name,
        format="onnx",
        digest=folder_digest(path.parent, [path, *weights]) if weights else file_digest(path),
        signature=Signature(
            **image_axes(shape, None),
            dtype=dtype,
            batch=shape[0],
            output_width=width if isinstance(width, int) else None,
            activation=_activation(proto.graph, sink),
            labels=_labels(proto),
        ),
        run=run,
    )


def _external_weights(path: Path, proto: Any) -> list[Path]:
    """Return the external weight files. Raise ``UserError`` for a missing file, or one outside the model's folder."""
    folder = path.parent.resolve()
    files = set()
    for tensor in _tensors(proto):
        for location in (entry.value for entry in tensor.external_data if entry.key == "location"):
            file = (folder / location).resolve()
            if not file.is_relative_to(folder):
                raise UserError(f"{path.name} reads weights outside its own folder ({location}): refused")
            if not file.is_file():
                raise UserError(f"{path.name} needs weights in {location}, which is missing from its folder")
            files.add(path.parent / file.relative_to(folder))
    return sorted(files)


def _graphs(proto: Any) -> list[Any]:
    """Return the graph, the functions, and the graphs nested in nodes (branches and loops)."""
    graphs = [proto.graph, *proto.functions]
    for graph in graphs:  # grows while nested graphs are found
        for node in graph.node:
            for attribute in node.attribute:
                graphs += [attribute.g] if attribute.HasField("g") else []
                graphs += attribute.graphs
    return graphs


def _tensors(proto: Any) -> list[Any]:
    tensors: list[Any] = []
    for graph in _graphs(proto):
        tensors += getattr(graph, "initializer", [])
        for sparse in getattr(graph, "sparse_initializer", []):
            tensors += [sparse.values, sparse.indices]
        for node in graph.node:
            for attribute in node.attribute:
                tensors += [attribute.t] if attribute.HasField("t") else []
                tensors += attribute.tensors
    return tensors


def _refuse_foreign_operators(proto: Any, name: str) -> None:
    own = {(function.domain, function.name) for function in proto.functions}
    nodes = (node for graph in _graphs(proto) for node in graph.node)
    foreign = sorted({n.domain for n in nodes if n.domain not in DOMAINS and (n.domain, n.op_type) not in own})
    if foreign:
        raise UserError(
            f"{name} needs third-party operators ({', '.join(foreign)}), which may not be safe: "
            "refused; add --trust-code to try them anyway"
        )


def _activation(graph: Any, output: str) -> Activation:
    makers = {name: node for node in graph.node for name in node.output}
    while output in makers and makers[output].op_type in PASSING:
        output = makers[output].input[0]
    return ACTIVATIONS.get(makers[output].op_type, "unknown") if output in makers else "unknown"


def _labels(proto: Any) -> tuple[str, ...] | None:
    properties = {entry.key.lower(): entry.value for entry in proto.metadata_props}
    text = next((properties[key] for key in LABEL_KEYS if key in properties), None)
    if text is None or len(text) > LABELS_LIMIT:
        return None
    parsed = _parsed(text)
    if isinstance(parsed, dict):
        parsed = [parsed[key] for key in sorted(parsed, key=_position)]
    return plain_labels(parsed)


def _position(key: Any) -> int:
    text = str(key)
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else -1


def _parsed(text: str) -> Any:
    # Exporters write JSON, a Python literal such as {0: 'angry'}, or names separated by commas or line breaks.
    for parse in (json.loads, ast.literal_eval):
        try:
            parsed = parse(text)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(parsed, (dict, list, tuple)):
            return parsed
    return [label for label in text.replace("\n", ",").split(",") if label.strip()]
