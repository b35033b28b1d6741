"""Load a model in this process: detect its format and use the adapter of the format."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ferspec.subjects.disk import require_utf8
from ferspec.subjects.models.base import Model
from ferspec.subjects.models.callables.load import load_callable
from ferspec.subjects.models.callables.reference import is_callable_reference
from ferspec.subjects.models.detect import detect
from ferspec.subjects.models.outputs import ASSUMED, Choice, choose
from ferspec.subjects.models.quiet import stdout_on_stderr

ADAPTERS = {
    "keras": "keras.archive",
    "keras-h5": "keras.hdf5",
    "keras-json": "keras.pair",
    "savedmodel": "savedmodel.folder",
    "tflite": "tflite.file",
    "onnx": "onnx.file",
    "openvino": "openvino.file",
    "torchscript": "torchscript.archive",
    "huggingface": "huggingface.folder",
    "pytorch-weights": "pytorch.weights",
    "torch-export": "pytorch.exported",
    "executorch": "executorch.file",
}
# formats whose network is the one that the contract names
BUILT = frozenset({"pytorch-weights"})


def load_model(
    reference: str | Path, trust_code: bool = False, choice: Choice = ASSUMED, beside: Path | None = None
) -> Model:
    """Load a model from a path or a ``package.module:callable`` into this process.

    The format is detected from the content of the file, not from its name. A file that would run its author's code is
    refused unless ``trust_code`` is set; each adapter documents its rules. A callable is imported without
    ``trust_code``, since the user named it. Pickles are never read. Printed text goes to stderr. ``choice`` is what a
    contract chooses. ``beside`` is the other half of a Keras model in two files.

    Raise ``UserError`` for a file that is missing, damaged, refused or not a model.
    """
    path = Path(reference)
    with stdout_on_stderr():
        if not path.exists() and is_callable_reference(str(reference)):
            return choose(load_callable(str(reference)), choice)
        require_utf8(path)
        if beside is not None:
            from ferspec.subjects.models.keras.pair import load

            return choose(load(path, trust_code, beside), choice)
        kind = detect(path)
        adapter = import_module(f"ferspec.subjects.models.{ADAPTERS[kind]}")
        chosen = (choice,) if kind in BUILT else ()
        return choose(adapter.load(path, trust_code, *chosen), choice)
