"""An ONNX model that classifies colour patches by the nearest centre, and files that conversions could make of it."""

from pathlib import Path

import numpy as np

from ferspec.edge.records import Conversion
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.contracts.files import save_contract
from helpers.callables import CENTRES
from helpers.miniatures import SIZE, contract

MODEL = "model.onnx"


def patches_contract() -> Contract:
    """Return the contract of the model: logits, and pixels from 0 to 255."""
    declared = contract(range=(0, 255), layout="channels_first")
    return declared.model_copy(update={"output": declared.output.model_copy(update={"kind": "logits"})})


def write_model(path: Path, classes: int = len(CENTRES), shift: int = 0, with_contract: bool = True) -> Path:
    """Write the model; ``shift`` turns the order of its classes, and fewer ``classes`` are fewer columns."""
    from onnx import TensorProto, helper, numpy_helper

    centres = np.roll(CENTRES, shift, axis=0)[:classes].astype(np.float32)
    # the nearest centre has the largest 2 x·c - |c|²
    stored = {"weights": 2 * centres.T, "offsets": -(centres**2).sum(axis=1)}
    nodes = [
        helper.make_node("GlobalAveragePool", ["images"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["colours"]),
        helper.make_node("Gemm", ["colours", "weights", "offsets"], ["scores"]),
    ]
    ends = {"images": ["n", 3, SIZE, SIZE], "scores": ["n", classes]}
    images, scores = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in ends.items())
    weights = [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in stored.items()]
    graph = helper.make_graph(nodes, "patches", [images], [scores], weights)
    opsets = [helper.make_opsetid("", 17)]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
    if with_contract:
        save_contract(patches_contract(), path.parent / f"{path.name}.contract.toml")
    return path


def conversions(*files: str, reason: str = "there is no converter"):
    """Return a converter that makes the named files: as good, as a spoiled one, or with too few columns."""
    given = {"good": {}, "spoiled": {"shift": 1}, "narrow": {"classes": 5}}
    formats = ("onnx-float32", "onnx-int8", "tflite-float32")

    def convert(path, declared, folder, calibration, **options):
        assert sum(len(batch) for batch in calibration) > 0
        made = []
        for name, format in zip(files, formats, strict=False):
            written = write_model(folder / f"{name}.onnx", with_contract=False, **given[name])
            made.append(Conversion(format=format, path=written, contract=declared, converter="helper 1"))
        return [*made, Conversion(format="executorch", reason=reason)]

    return convert
