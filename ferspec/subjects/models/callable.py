"""A Python function as a model: ``package.module:callable``."""

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

from ferspec.errors import UserError
from ferspec.subjects.models.base import Model, Signature, file_digest, one_line
from ferspec.subjects.models.quiet import quiet

REFERENCE = re.compile(r"([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*(?:\.[^\W\d]\w*)*)")


def is_callable_reference(reference: str) -> bool:
    """Return whether a text has the form ``package.module:callable``."""
    return REFERENCE.fullmatch(reference) is not None


def load_callable(reference: str) -> Model:
    """Return the model that a callable is: float32 images (n, height, width, channels) in, outputs (n, 7) out.

    Modules are found as Python finds them, and in the current folder. Importing runs the code that the user has
    named, so no further consent is asked for. The digest is that of the module's source file alone: weights that the
    callable reads, and modules that it imports, are not covered, and nothing can be said of its input. A contract
    with ``layout = "channels_first"`` has it fed (n, channels, height, width). What is written to stderr while the
    module is imported and during the first call is held back, since frameworks start then; exceptions are not.
    """
    module_name, attribute = REFERENCE.fullmatch(reference).groups()
    module = _import(reference, module_name)
    function = _attribute(reference, module, attribute)
    source = getattr(module, "__file__", None)
    if source is None:
        raise UserError(f"{reference}: {module_name} has no source file, so there is nothing to take a digest of")
    return Model(
        name=reference,
        format="callable",
        digest=file_digest(Path(source)),
        signature=Signature(),
        run=_QuietStart(function),
    )


class _QuietStart:
    """Calls a function, the first time without the messages of a framework that starts."""

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
        found = reduce(getattr, path.split("."), module)
    except AttributeError as error:
        raise UserError(f"{reference}: {module.__name__} has no {path!r}") from error
    if not callable(found):
        raise UserError(f"{reference} is of type {type(found).__name__}, which cannot be called")
    return found


@contextmanager
def _current_folder() -> Iterator[None]:
    before, here = list(sys.path), str(Path.cwd())
    sys.path.append(here)
    try:
        yield
    finally:
        sys.path[:] = before
