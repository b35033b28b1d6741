"""Load a Python function ``package.module:callable`` as a model, inside its process."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from functools import reduce
from types import ModuleType
from typing import Any

import numpy as np

from ferspec.errors import SubjectError, UserError, one_line
from ferspec.subjects.models.base import Model, Signature, with_missing_rows
from ferspec.subjects.models.callables.imports import own_root

# characters of an error that are searched for a path
LONGEST = 4000
TOO_LATE = "only what is opened while the module is imported or answers its first batch is covered and readable"


def load_callable(reference: str) -> Model:
    """Load a callable from float32 images (n, height, width, channels) to outputs (n, 7).

    The judge computes the digest. The signature is unknown. A contract with ``layout = "channels_first"``
    changes the input to (n, channels, height, width).

    Raise ``UserError`` if the import fails, or the callable does not exist.
    """
    name, _, attribute = reference.partition(":")
    module = _import(reference, name)
    function = _attribute(reference, module, attribute)
    return Model(reference, "callable", "", Signature(), _explaining(function))


def hint(error: BaseException, root: str | None) -> str | None:
    """Return the likely reason why a file or a module could not be opened."""
    name = getattr(error, "filename", None)
    if isinstance(error, OSError) and isinstance(name, str) and not os.path.isabs(name):
        return f"{name!r} is a relative path, and the working folder is empty: use Path(__file__).parent / {name!r}"
    if isinstance(error, ModuleNotFoundError) or (root is not None and root in one_line(error, LONGEST)):
        return TOO_LATE
    return None


def _explaining(function: Callable[..., Any]) -> Callable[[np.ndarray], Any]:
    """Return the function with a hint in its errors about files."""

    def run(batch: np.ndarray) -> Any:
        try:
            return with_missing_rows(function(batch), len(batch))
        except Exception as error:
            if (reason := hint(error, own_root())) is None:
                raise
            raise SubjectError(f"crashed on a batch of shape {batch.shape}: {one_line(error)} ({reason})") from error

    return run


def _import(reference: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise UserError(f"{reference}: there is no module {error.name!r} on Python's path or in this folder") from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() in a module must not end the suite
        reason = hint(error, own_root())
        raise UserError(
            f"{reference}: importing {name} failed with {one_line(error)}" + (f" ({reason})" if reason else "")
        ) from error


def _attribute(reference: str, module: ModuleType, path: str) -> Callable[..., Any]:
    try:
        attribute: Any = reduce(getattr, path.split("."), module)
    except AttributeError as error:
        raise UserError(f"{reference}: {module.__name__} has no {path!r}") from error
    if not callable(attribute):
        raise UserError(f"{reference} is of type {type(attribute).__name__}, which cannot be called")
    return attribute
