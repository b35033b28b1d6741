"""Load a Python function ``package.module:callable`` as a model."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import reduce
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ferspec.errors import UserError, one_line
from ferspec.subjects.models.base import Model, Signature, file_digest
from ferspec.subjects.models.quiet import quiet

REFERENCE = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*(?:\.[^\W\d]\w*)*)")


def is_callable_reference(reference: str) -> bool:
    """Return whether ``reference`` has the form ``package.module:callable``."""
    return REFERENCE.fullmatch(reference) is not None


def load_callable(reference: str) -> Model:
    """Load a callable from float32 images (n, height, width, channels) to outputs (n, 7).

    Search Python's path and the current folder. Importing runs code without ``trust_code``, since the user named it.
    The digest covers only the module's source file, not weights that the callable reads or modules that it imports.
    The signature is unknown. A contract with ``layout = "channels_first"`` changes the input to (n, channels, height,
    width). Text on stderr is suppressed during the import and the first call, when frameworks start.

    Raise ``UserError`` if the import fails, the callable does not exist, or the module has no source file.
    """
    module_name, _, attribute = reference.partition(":")
    module = _import(reference, module_name)
    function = _attribute(reference, module, attribute)
    source = getattr(module, "__file__", None)
    if source is None:
        raise UserError(f"{reference}: {module_name} has no source file, from which a digest could be computed")
    return Model(
        name=reference,
        format="callable",
        digest=file_digest(Path(source)),
        signature=Signature(),
        run=_QuietStart(function),
    )


class _QuietStart:
    """Call a function, and suppress the start-up messages of frameworks in the first call."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.started = False

    def __call__(self, batch: np.ndarray) -> Any:
        with nullcontext() if self.started else quiet():
            self.started = True
            return self.function(batch)


def _import(reference: str, name: str) -> ModuleType:
    try:
        with _current_folder(), quiet():
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise UserError(f"{reference}: there is no module {error.name!r} on Python's path or in this folder") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() in a module must not end the suite
        raise UserError(f"{reference}: importing {name} failed with {one_line(error)}") from error


def _attribute(reference: str, module: ModuleType, path: str) -> Callable[..., Any]:
    try:
        attribute: Any = reduce(getattr, path.split("."), module)
    except AttributeError as error:
        raise UserError(f"{reference}: {module.__name__} has no {path!r}") from error
    if not callable(attribute):
        raise UserError(f"{reference} is of type {type(attribute).__name__}, which cannot be called")
    return attribute


@contextmanager
def _current_folder() -> Iterator[None]:
    original = list(sys.path)
    sys.path.append(str(Path.cwd()))
    try:
        yield
    finally:
        sys.path[:] = original
