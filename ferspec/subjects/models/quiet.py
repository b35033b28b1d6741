"""Load frameworks without messages and without the user's settings; redirect printed text to stderr."""

from __future__ import annotations

import ctypes
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from types import ModuleType

from ferspec.errors import UserError
from ferspec.extras import require_package
from ferspec.subjects.disk import require_temporary_folder

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
BACKEND = "tensorflow"
DEFAULTS = {"KERAS_BACKEND": BACKEND, "TF_USE_LEGACY_KERAS": "0"}
# variables that shorten every training
LIMITS = ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH")
# what Keras imports, where it is installed, for plots, tables and wrappers
OPTIONAL = ("IPython", "matplotlib", "pandas", "sklearn")


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress warnings and the stderr output of native code; exceptions pass through.

    TensorFlow and TFLite write before they read any setting, so the file descriptor itself is redirected. Descriptor
    and environment are restored afterwards.
    """
    log_level = os.environ.get(LOG_LEVEL)
    os.environ.setdefault(LOG_LEVEL, "3")
    sys.stderr.flush()
    stderr = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere, warnings.catch_warnings(action="ignore"):
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        if log_level is None:
            os.environ.pop(LOG_LEVEL, None)


@contextmanager
def stdout_on_stderr() -> Iterator[None]:
    """Redirect stdout to stderr, for Python and native code.

    With ``--json``, stdout holds only one document. The file descriptor belongs to the whole process, so only one
    thread may use this context; it is restored afterwards.
    """
    sys.stdout.flush()
    stdout = os.dup(1)
    try:
        os.dup2(2, 1)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _flush()
        os.dup2(stdout, 1)
        os.close(stdout)


def _flush() -> None:
    # Buffered text of Python and C would otherwise reach stdout once its descriptor is restored.
    sys.stdout.flush()
    ctypes.CDLL("ucrtbase" if os.name == "nt" else None).fflush(None)


@contextmanager
def without_optional_packages() -> Iterator[None]:
    """Let Keras and TensorFlow start without packages that no saved network needs.

    They take a third of the time of the start. Only for the process of a model: where users have code of their own,
    Keras would lack its plots and wrappers. The packages can be imported afterwards.
    """
    absent = [name for name in OPTIONAL if name not in sys.modules]
    # an import of what is None here is an ImportError
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


def keras() -> ModuleType:
    """Import Keras on TensorFlow, with Keras' own defaults instead of those of the user's ``keras.json``.

    Raise ``UserError`` if this process has already loaded Keras on another backend.
    """
    if "keras" not in sys.modules:
        os.environ.update(DEFAULTS)
        for name in LIMITS:
            os.environ.pop(name, None)
    tensorflow()
    with quiet():
        loaded = import_module("keras")
    if loaded.backend.backend() != BACKEND:
        raise UserError(
            f"this process runs Keras on {loaded.backend.backend()} instead of TensorFlow: "
            f"set KERAS_BACKEND={BACKEND} before Keras is imported"
        )
    loaded.config.set_floatx("float32")
    loaded.config.set_epsilon(1e-7)
    loaded.config.set_image_data_format("channels_last")
    return loaded


def tensorflow() -> ModuleType:
    """Import TensorFlow without its start-up messages.

    Raise ``UserError`` if it is not installed, or if there is no folder for temporary files, which the import needs.
    """
    if sys.modules.get("tensorflow") is not None:
        return sys.modules["tensorflow"]
    require_package("running a Keras network or a SavedModel", "tensorflow")
    require_temporary_folder("TensorFlow")
    with quiet():
        return import_module("tensorflow")
