"""Answer requests for a Python implementation in its own process: ``python -m … package.module[:object]``."""

from __future__ import annotations

import importlib
import inspect
import io
import json
import math
import os
import queue
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from functools import reduce
from pathlib import Path
from typing import Any

from ferspec.errors import one_line
from ferspec.subjects.implementations.capabilities import CATALOGUE
from ferspec.subjects.started import ORPHANED, take_streams
from ferspec.subjects.unlisted import import_from_unlisted_folders

# if the judge has ended, this process must end by itself, even during an endless answer
GRACE = 10
REFERENCE = ("ferspec.implementation", "ferspec.reference")
CLOSED = "which the checks compare with: not evaluated (the subject is the reference)"


class LoadError(Exception):
    """Say in one line why the implementation cannot be loaded."""


def main(reference: str) -> None:
    """Answer requests from standard input until it ends."""
    incoming, outgoing = take_streams()
    requests, answers = io.BufferedReader(incoming), io.BufferedWriter(outgoing)
    import_from_unlisted_folders()
    implementation: Any = None
    for line in _lines(requests):
        request = json.loads(line)
        answer: dict[str, Any] = {"id": request["id"]}
        try:
            if request["capability"] == "capabilities":
                implementation = load(reference)
                answer["value"] = offered(implementation)
                if not answer["value"] and (module := loaded_reference(hidden=True)) is not None:
                    raise LoadError(f"it offers no capability, and imports {module}, {CLOSED}")
            elif request["capability"] == "objects":
                answer["value"] = offering_objects(implementation)
            else:
                function = getattr(implementation, request["capability"])
                answer["value"] = jsonable(function(**request["arguments"]))
            if (module := loaded_reference()) is not None:
                answer["reference"] = module
            text = json.dumps(answer, allow_nan=False)
        except NotImplementedError:
            text = json.dumps({"id": request["id"], "missing": True})
        except LoadError as error:
            text = json.dumps({"id": request["id"], "error": str(error)})
        except (Exception, SystemExit) as error:  # any exception of the implementation fails this answer only
            text = json.dumps({"id": request["id"], "error": one_line(error)})
        answers.write(text.encode() + b"\n")
        answers.flush()


def load(reference: str) -> Any:
    """Import the module or object ``package.module[:object]``; instantiate a class.

    Search Python's path and the current folder. Raise ``LoadError`` if loading fails.
    """
    name, _, path = reference.partition(":")
    if (folder := str(Path.cwd())) not in sys.path and "" not in sys.path:
        sys.path.insert(0, folder)
    try:
        implementation: Any = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if is_reference(error.name or ""):
            raise LoadError(f"{name} imports {error.name}, {CLOSED}") from error
        raise LoadError(f"there is no module {error.name!r} on Python's path or in this folder") from error
    except (Exception, SystemExit) as error:
        failure = f"importing {name} failed with {one_line(error)}"
        if module := loaded_reference(hidden=True):
            raise LoadError(f"{name} imports {module}, {CLOSED}; {failure}") from error
        raise LoadError(failure) from error
    try:
        implementation = reduce(getattr, path.split("."), implementation) if path else implementation
    except AttributeError as error:
        raise LoadError(f"{name} has no {path!r}") from error
    if not inspect.isclass(implementation):
        return implementation
    try:
        return implementation()
    except (Exception, SystemExit) as error:
        raise LoadError(f"creating {path} without arguments failed with {one_line(error)}") from error


def is_reference(module: str) -> bool:
    """Return whether a module is part of what the checks compare with."""
    return any(module == name or module.startswith(f"{name}.") for name in REFERENCE)


def loaded_reference(hidden: bool = False) -> str | None:
    """Return the first module of ferspec's own reference that is loaded. This module itself loads none.

    With ``hidden`` also one without content: Python imports a hidden folder as an empty namespace package, whose
    ``__file__`` is None.
    """
    loaded = (name for name, module in sys.modules.items() if hidden or getattr(module, "__file__", None) is not None)
    return next(filter(is_reference, sorted(loaded)), None)


def offered(implementation: Any) -> list[str]:
    """Return the capabilities that a module or object defines as functions or methods."""
    return [name for name in CATALOGUE if callable(getattr(implementation, name, None))]


def offering_objects(module: Any) -> dict[str, int]:
    """Return the public objects of a module that offer capabilities, with the count.

    The object with the most comes first.

    Other modules, values of built-in types, and classes that need arguments are omitted.
    """
    counts = {}
    for name, value in vars(module).items() if inspect.ismodule(module) else ():
        built_in = inspect.ismodule(value) or (type(value).__module__ == "builtins" and not inspect.isclass(value))
        if not (name.startswith("_") or built_in or (inspect.isclass(value) and _needs_arguments(value))):
            counts[name] = len(offered(value))
    return {name: count for name, count in sorted(counts.items(), key=lambda item: -item[1]) if count}


def _needs_arguments(kind: type) -> bool:
    try:
        inspect.signature(kind).bind()
    except (TypeError, ValueError):
        return True
    return False


def jsonable(value: Any) -> Any:
    """Convert arrays and tuples to lists, scalars to numbers, and NaN to None. ``ValueError`` for infinity."""
    if isinstance(value, dict):
        return {key: jsonable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(inner) for inner in value]
    # TensorFlow's tensors convert to NumPy first; NumPy and PyTorch have tolist
    value = value.numpy() if hasattr(value, "numpy") and not hasattr(value, "tolist") else value
    if hasattr(value, "tolist"):
        return jsonable(value.tolist())
    if isinstance(value, float) and math.isinf(value):
        raise ValueError("the answer has infinity, which is not a finite number: return one, or None for no value")
    return None if isinstance(value, float) and math.isnan(value) else value


def _lines(stream: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream. End this process ``GRACE`` seconds after the stream has ended."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put(b"")
        time.sleep(GRACE)
        os._exit(ORPHANED)

    threading.Thread(target=read, daemon=True).start()
    yield from iter(lines.get, b"")


if __name__ == "__main__":
    main(sys.argv[1])
