"""Start the process for an implementation given as a Python reference or as a command."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from ferspec.errors import NotEvaluable, SubjectError, UserError
from ferspec.subjects.implementations.processes.access import command_access, module_access
from ferspec.subjects.implementations.processes.process import Process
from ferspec.subjects.time_limit import OF_IMPLEMENTATIONS, require_time_limit

HOST = "ferspec.subjects.implementations.processes.host"
NAME = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
MOST_LISTED = 5
REFERENCE = re.compile(rf"{NAME}(?::{NAME})?")


def open_implementation(
    implementation: str | None = None, command: str | None = None, seconds: float = OF_IMPLEMENTATIONS
) -> Process:
    """Start ``package.module[:object]``, or a command that speaks JSON lines.

    Close the process, or use it as a context. No shell interprets the command; ``seconds`` limits each answer. Raise
    ``UserError`` unless exactly one of the two is given, starts, can be imported and offers a capability.
    """
    require_time_limit(seconds)
    if implementation is not None and command is None:
        words = _python(implementation)
        process = Process(words, implementation, module_access(words, implementation), seconds)
    elif command is not None and implementation is None:
        words = _words(command)
        process = Process(words, command, command_access(words), seconds)
    else:
        raise UserError("name one implementation: either package.module[:object] or a command (--command)")
    name = process.name
    try:
        if not process.offered:
            objects = _objects_of(process) if command is None else ""
            raise UserError(f"{name} offers no capability: {objects or _hint(name)}")
    except BaseException:
        process.close()
        raise
    return process


def _objects_of(process: Process) -> str:
    """Return a sentence that names the objects of a module with capabilities, or ""."""
    try:
        counts = process.answer("objects", {})
    except (SubjectError, NotEvaluable):
        return ""
    if not isinstance(counts, dict) or not counts:
        return ""
    listed = [f"{process.name}:{name} ({count})" for name, count in list(counts.items())[:MOST_LISTED]]
    return f"name one of its objects, with the number of capabilities each offers: {', '.join(listed)}"


def _hint(name: str) -> str:
    """Suggest the module that a skeleton was written to, or the list of capabilities."""
    if Path(*name.split("."), "implementation.py").is_file():
        return f"did you mean {name}.implementation?"
    return "'ferspec conform --list' lists the capabilities"


def _python(reference: str) -> list[str]:
    path = Path(reference.partition(":")[0])
    if REFERENCE.fullmatch(reference) is None or (path.suffix and path.is_file()):
        raise UserError(f"{reference!r} is not a reference to an implementation: write {_suggestion(reference)}")
    return [sys.executable, "-m", HOST, reference]


def _suggestion(reference: str) -> str:
    """Return the Python reference that corresponds to a path, or the general form."""
    path, _, name = reference.partition(":")
    module = ".".join(Path(path.removesuffix(".py")).parts)
    suggestion = f"{module}:{name}" if name else module
    if REFERENCE.fullmatch(suggestion) and not Path(path.removesuffix(".py")).suffix:
        return f"{suggestion}, as Python imports it, without .py"
    return "package.module or package.module:object, or give a program with --command"


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UserError(f"cannot read the command {command!r}: {error}") from None
    if not words:
        raise UserError("the command is empty: give a program that speaks JSON lines")
    return words
