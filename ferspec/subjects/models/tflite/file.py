"""Load TFLite files: float, float16 and quantised."""

from __future__ import annotations

import os
import zipfile
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ferspec.files import open_archive, read_bounded
from ferspec.subjects.models.base import (
    LARGEST,
    Activation,
    Model,
    Signature,
    Sink,
    cast,
    file_digest,
    image_axes,
    loading,
    plain_labels,
    require_image_input,
)
from ferspec.subjects.models.quiet import quiet
from ferspec.subjects.models.tflite.content import content_of
from ferspec.subjects.models.tflite.cost import cost_of
from ferspec.subjects.models.tflite.screening import refuse_custom_operators, refuse_damage
from ferspec.subjects.models.worker.settings import threads_or

LABELS_LIMIT = 10_000
PASSING = frozenset({"DEQUANTIZE", "QUANTIZE", "RESHAPE", "CAST"})
ACTIVATIONS: dict[str, Activation] = {"SOFTMAX": "softmax", "LOGISTIC": "sigmoid", "FULLY_CONNECTED": "linear"}


def load(path: Path, trust_code: bool = False) -> Model:
    """Load a TFLite file; quantised inputs and outputs are converted by scale and zero point.

    Safe to load: built-in operators only compute. Custom operators and TensorFlow operators (Flex; some read and write
    files) are refused unless ``trust_code`` is set, and they need a runtime that supports them. Always refused are
    subgraphs that call themselves, and buffers beyond the end of the file. Not covered: time and memory of a run, and
    defects of the runtime that a crafted file exploits (the flatbuffer itself is verified first).
    """
    name = path.name
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter

    content = read_bounded(path, LARGEST, "a TFLite model")
    with loading(name, "TFLite"), quiet():
        interpreter = Interpreter(model_content=content, num_threads=threads_or(os.cpu_count() or 1))
        graph = schema.Model.GetRootAsModel(content, 0)
        if not trust_code:
            refuse_custom_operators(graph, name)
        refuse_damage(graph, schema, len(content), name)
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        require_image_input(name, len(inputs), len(inputs[0]["shape"]) if inputs else 0)
        interpreter.allocate_tensors()
        names = _names(interpreter)
        sinks = tuple(
            Sink(
                name=names.get(output["index"], output["name"]),
                shape=tuple(map(int, output["shape"])),
                activation=_activation(graph, schema, output["index"]),
            )
            for output in outputs
        )
    runner = _Runner(interpreter, inputs[0], outputs)
    shape = [None if size < 0 else int(size) for size in inputs[0]["shape_signature"]]
    return Model(
        name=name,
        format="tflite",
        digest=file_digest(path),
        signature=Signature(
            **image_axes(shape, "channels_last"),
            dtype=np.dtype(inputs[0]["dtype"]).name,
            batch=shape[0],
            outputs=sinks,
            range=_range(inputs[0]),
            labels=_labels(path),
        ),
        run=runner,
        count_cost=partial(cost_of, graph, schema),
        content=content_of(graph, schema),
    )


class _Runner:
    """Run an interpreter, and allocate its tensors again only when the batch shape changes."""

    def __init__(self, interpreter: Any, source: dict[str, Any], sinks: list[dict[str, Any]]) -> None:
        self.interpreter = interpreter
        self.source = source
        self.sinks = sinks
        self.shape = tuple(source["shape"])

    def __call__(self, batch: np.ndarray) -> tuple[np.ndarray, ...]:
        if batch.shape != self.shape:
            self.interpreter.resize_tensor_input(self.source["index"], batch.shape, strict=True)
            self.interpreter.allocate_tensors()
            self.shape = batch.shape
        self.interpreter.set_tensor(self.source["index"], quantise(batch, self.source))
        self.interpreter.invoke()
        return tuple(dequantise(self.interpreter.get_tensor(sink["index"]), sink) for sink in self.sinks)


def quantise(values: np.ndarray, tensor: dict[str, Any]) -> np.ndarray:
    """Quantise real values for a tensor: ``round(value / scale) + zero point``, clipped to its type."""
    scale, zero_point = tensor["quantization"]
    return cast(values / scale + zero_point if scale else values, tensor["dtype"])


def dequantise(stored: np.ndarray, tensor: dict[str, Any]) -> np.ndarray:
    """Return the real values of a quantised tensor: ``(stored - zero point) * scale``."""
    scale, zero_point = tensor["quantization"]
    real = stored.astype(np.float32)
    return (real - zero_point) * np.float32(scale) if scale else real


def _names(interpreter: Any) -> dict[int, str]:
    """Return the names of outputs by tensor, if the only signature has them."""
    signatures = list(interpreter.get_signature_list())
    if len(signatures) != 1:
        return {}
    details = interpreter.get_signature_runner(signatures[0]).get_output_details()
    return {output["index"]: name for name, output in details.items()}


def _activation(graph: Any, schema: ModuleType, output: int) -> Activation:
    names = {value: key for key, value in vars(schema.BuiltinOperator).items() if not key.startswith("_")}
    main = graph.Subgraphs(0)
    for index in reversed(range(main.OperatorsLength())):
        operator = main.Operators(index)
        if not operator.OutputsLength() or output not in operator.OutputsAsNumpy():
            continue
        code = graph.OperatorCodes(operator.OpcodeIndex())
        kind = names[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        if kind not in PASSING:
            return ACTIVATIONS.get(kind, "unknown")
        output = operator.Inputs(0)
    return "unknown"


def _range(tensor: dict[str, Any]) -> tuple[float, float] | None:
    scale, zero_point = tensor["quantization"]
    if not scale or not np.issubdtype(tensor["dtype"], np.integer):
        return None
    limits = np.iinfo(tensor["dtype"])
    return float((limits.min - zero_point) * scale), float((limits.max - zero_point) * scale)


def _labels(path: Path) -> tuple[str, ...] | None:
    # TFLite metadata is a zip archive with a label file, appended to the flatbuffer.
    if not zipfile.is_zipfile(path):
        return None
    with loading(path.name, "TFLite"), open_archive(path) as archive:
        texts = [info for info in archive.infolist() if info.filename.endswith(".txt")]
        lists = [info for info in texts if info.file_size < LABELS_LIMIT]
        lines = archive.read(lists[0]).decode(errors="replace").splitlines() if len(lists) == 1 else []
    return plain_labels(line for line in lines if line.strip()) or None
