"""TensorFlow SavedModel folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.models.base import (
    Model,
    Signature,
    cast,
    folder_digest,
    image_axes,
    loading,
    require_image_input,
    require_one_output,
)
from ferspec.subjects.models.quiet import quiet, tensorflow

SERVING = "serving_default"
REFUSED = {
    "PyFunc": "runs Python code",
    "PyFuncStateless": "runs Python code",
    "EagerPyFunc": "runs Python code",
    "ReadFile": "reads files",
    "MatchingFiles": "reads folders",
    "ImmutableConst": "maps files into memory",
    "TextLineDataset": "reads files",
    "FixedLengthRecordDataset": "reads files",
    "FixedLengthRecordDatasetV2": "reads files",
    "TFRecordDataset": "reads files",
    "TFRecordDatasetV2": "reads files",
    "WriteFile": "writes files",
    "PrintV2": "can write files",
    "SaveDataset": "writes files",
    "SaveDatasetV2": "writes files",
}


def load(path: Path, trust_code: bool = False) -> Model:
    """Return the model of a SavedModel's serving signature.

    Vouched for: the graphs and functions are searched before loading, and one that calls Python, or reads or writes
    files (``REFUSED``), is refused unless ``trust_code``. Not vouched for: ``SaveV2`` and ``RestoreV2``, which every
    SavedModel holds for its own checkpoint and which write and read the paths that a graph gives them.
    """
    name = path.name or str(path)
    tf = tensorflow()
    if not trust_code:
        _refuse_effects(path, name)
    with loading(name, "a SavedModel"), quiet():
        loaded = tf.saved_model.load(str(path))
    signature = _serving(name, loaded.signatures)
    specs = signature.structured_input_signature[1]
    outputs = signature.structured_outputs
    rank = next(iter(specs.values())).shape.rank if specs else None
    require_image_input(name, len(specs), 4 if rank is None else rank)
    require_one_output(name, len(outputs))
    (argument, spec), (key, sink) = next(iter(specs.items())), next(iter(outputs.items()))
    shape = [None] * 4 if rank is None else spec.shape.as_list()

    if not (spec.dtype.is_floating or spec.dtype.is_integer):
        raise UserError(f"{name} takes {spec.dtype.name}, which no image can be turned into")
    return Model(
        name=name,
        format="savedmodel",
        digest=folder_digest(path),
        signature=Signature(
            **image_axes(shape, None),
            dtype=spec.dtype.name,
            batch=shape[0],
            output_width=sink.shape[-1] if sink.shape.rank else None,
        ),
        run=_Runner(loaded, signature, argument, key, spec.dtype.as_numpy_dtype),
    )


@dataclass(frozen=True)
class _Runner:
    """Calls a signature by its names, and keeps alive the loaded model, which owns the variables it reads."""

    loaded: Any
    signature: Any
    argument: str
    key: str
    dtype: type

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        tensor = tensorflow().constant(cast(batch, self.dtype))
        return self.signature(**{self.argument: tensor})[self.key].numpy()


def _refuse_effects(path: Path, name: str) -> None:
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    proto = SavedModel()
    with loading(name, "a SavedModel"):
        proto.ParseFromString((path / "saved_model.pb").read_bytes())
    for operation in sorted(_operations(proto)):
        if operation in REFUSED:
            raise UserError(
                f"{name} {REFUSED[operation]} when it is loaded or run (operation {operation}): refused; "
                "--trust-code runs it all the same"
            )


def _operations(proto: Any) -> set[str]:
    found: set[str] = set()
    for graph in proto.meta_graphs:
        found |= {node.op for node in graph.graph_def.node}
        for function in graph.graph_def.library.function:
            found |= {node.op for node in function.node_def}
    return found


def _serving(name: str, signatures: Any) -> Any:
    if SERVING in signatures:
        return signatures[SERVING]
    if len(signatures) == 1:
        return next(iter(signatures.values()))
    found = f"it has {', '.join(sorted(signatures))}" if signatures else "it has none"
    raise UserError(f"{name} has no signature {SERVING!r} to call: {found}; export it with model.export()")
