"""Answers for a Python implementation in a process of its own: ``python -m … package.module[:object]``."""

from __future__ import annotations

import importlib
import inspect
import json
import math
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from typing import Any, BinaryIO

from ferspec.subjects.implementations.capabilities import CATALOGUE

# a judge that is gone leaves nobody to end an answer that never comes
GRACE = 10
ORPHANED = 70


class Refused(Exception):
    """The implementation cannot be had: the text says why, in one line."""


def main(reference: str) -> None:
    """Answer the requests on standard input until it ends."""
    requests, answers = _take_streams()
    implementation: Any = None
    for line in _lines(requests):
        request = json.loads(line)
        answer: dict[str, Any] = {"id": request["id"]}
        try:
            if request["capability"] == "capabilities":
                implementation = load(reference)
                answer["value"] = offered(implementation)
            elif request["capability"] == "objects":
                answer["value"] = offering_objects(implementation)
            else:
                function = getattr(implementation, request["capability"])
                answer["value"] = jsonable(function(**request["arguments"]))
            text = json.dumps(answer, allow_nan=False)
        except NotImplementedError:
            text = json.dumps({"id": request["id"], "missing": True})
        except Refused as refusal:
            text = json.dumps({"id": request["id"], "error": str(refusal)})
        except (Exception, SystemExit) as error:  # whatever it is, it is this answer's alone
            text = json.dumps({"id": request["id"], "error": one_line(error)})
        answers.write(text.encode() + b"\n")
        answers.flush()


def load(reference: str) -> Any:
    """Return the module or object that ``package.module[:object]`` names, a class as its instance.

    Modules are found as Python finds them, and in the current folder. ``Refused`` where there is none.
    """
    name, _, path = reference.partition(":")
    if (here := str(Path.cwd())) not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)
    try:
        found = importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise Refused(f"there is no module {error.name!r} on Python's path or in this folder") from error
    except (Exception, SystemExit) as error:
        raise Refused(f"importing {name} failed with {one_line(error)}") from error
    try:
        found = reduce(getattr, path.split("."), found) if path else found
    except AttributeError as error:
        raise Refused(f"{name} has no {path!r}") from error
    if not inspect.isclass(found):
        return found
    try:
        return found()
    except (Exception, SystemExit) as error:
        raise Refused(f"making a {path} without arguments failed with {one_line(error)}") from error


def offered(implementation: Any) -> list[str]:
    """Return the capabilities that a module or an object has as functions or methods."""
    return [name for name in CATALOGUE if callable(getattr(implementation, name, None))]


def offering_objects(module: Any) -> dict[str, int]:
    """Return the public objects of a module that offer capabilities, with their number, the largest first.

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
    """Return a value with tuples as lists, arrays, tensors and their scalars as plain numbers, and nan as None."""
    if isinstance(value, dict):
        return {key: jsonable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(inner) for inner in value]
    # TensorFlow's tensors become NumPy's first; NumPy's and PyTorch's know how to become lists
    value = value.numpy() if hasattr(value, "numpy") and not hasattr(value, "tolist") else value
    if hasattr(value, "tolist"):
        return jsonable(value.tolist())
    return None if isinstance(value, float) and math.isnan(value) else value


def one_line(error: BaseException) -> str:
    """Return the type of an exception and what it says, as one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def _take_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return standard input and output for the protocol alone: what the implementation prints goes to stderr."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return requests, answers


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a stream, and end the process a while after the stream has ended, whatever it does then."""
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
