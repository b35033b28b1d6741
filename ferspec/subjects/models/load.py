"""From what a user names to a model: the format is found, and its adapter loads it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ferspec.subjects.disk import require_utf8
from ferspec.subjects.models.base import Model
from ferspec.subjects.models.callable import is_callable_reference, load_callable
from ferspec.subjects.models.detect import detect
from ferspec.subjects.models.quiet import stdout_on_stderr

ADAPTERS = {
    "keras": "keras.archive",
    "keras-h5": "keras.hdf5",
    "savedmodel": "savedmodel.folder",
    "tflite": "tflite",
    "onnx": "onnx",
    "torchscript": "torchscript",
}


def open_model(reference: str | Path, trust_code: bool = False) -> Model:
    """Return the model that a path or a ``package.module:callable`` names, ready to predict.

    A file's format is found from what it holds, not from its name. A file that would run code of its author's is
    refused unless ``trust_code``; what that means for a format, and what cannot be vouched for, stands with its
    adapter. A callable is imported without ``trust_code``: who names it asks for its code to run. Pickles are never
    read. What a model prints while it is loaded goes to stderr.

    ``UserError``, in one line, for whatever is missing, damaged, refused or not a model.
    """
    path = Path(reference)
    with stdout_on_stderr():
        if not path.exists() and is_callable_reference(str(reference)):
            return load_callable(str(reference))
        require_utf8(path)
        kind = detect(path)
        adapter = import_module(f"ferspec.subjects.models.{ADAPTERS[kind]}")
        return adapter.load(path, trust_code)
