"""Keep TensorFlow's start-up messages off the terminal, and whatever a model prints off stdout."""

from __future__ import annotations

import ctypes
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from types import ModuleType

from ferspec.subjects.disk import require_temporary_folder

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"


@contextmanager
def quiet() -> Iterator[None]:
    """Hold back what native code writes to stderr inside the block, and warnings; exceptions pass through.

    TensorFlow and TFLite write some of their first lines before any of their settings is read, so the file descriptor
    itself is diverted. Descriptor and environment are as before afterwards.
    """
    given = os.environ.get(LOG_LEVEL)
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
        if given is None:
            os.environ.pop(LOG_LEVEL, None)


@contextmanager
def stdout_on_stderr() -> Iterator[None]:
    """Send what is written to stdout inside the block, by Python or by native code, to stderr.

    Stdout belongs to the suite: with ``--json`` it holds one document and nothing else. The file descriptor is the
    whole process', so only one thread may be inside; it is as before afterwards.
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
    # What Python and C still hold back would come out on stdout once its descriptor is back.
    sys.stdout.flush()
    ctypes.CDLL("ucrtbase" if os.name == "nt" else None).fflush(None)


def tensorflow() -> ModuleType:
    """Return TensorFlow, imported without its start-up messages.

    ``UserError`` where no folder takes a temporary file: it looks for one while it is imported.
    """
    if "tensorflow" in sys.modules:
        return sys.modules["tensorflow"]
    require_temporary_folder("TensorFlow")
    with quiet():
        return import_module("tensorflow")
