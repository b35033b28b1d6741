"""From what a user names (a Python module or object, or a command) to the process that answers for it."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

from ferspec.errors import NotEvaluable, SubjectError, UserError
from ferspec.subjects.implementations.processes.process import TIME_LIMIT, Process

HOST = "ferspec.subjects.implementations.processes.host"
NAME = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
LONGEST = 86_400
MOST_LISTED = 5
REFERENCE = re.compile(rf"{NAME}(?::{NAME})?")


def open_implementation(
    implementation: str | None = None, command: str | None = None, seconds: float = TIME_LIMIT
) -> Process:
    """Return the running process of ``package.module[:object]``, or of a command that speaks JSON lines.

    Close it, or use it as a context. ``UserError`` where not exactly one of the two is given, it cannot be started or
    imported, or offers nothing. No shell reads the command.
    """
    if (implementation is None) == (command is None):
        raise UserError("name one implementation: either package.module[:object] or a command (--command)")
    if not 0 < seconds <= LONGEST:
        raise UserError(f"the time limit has to be above 0 seconds and at most a day ({LONGEST}), not {seconds:g}")
    name = implementation if command is None else command
    process = Process(_python(name) if command is None else _words(name), name, seconds)
    try:
        if not process.offered:
            objects = _objects_of(process) if command is None else ""
            raise UserError(f"{name} offers no capability: {objects or _elsewhere(name)}")
    except BaseException:
        process.close()
        raise
    return process


def _objects_of(process: Process) -> str:
    """Return a sentence that names the objects of a module that offer capabilities, empty if there are none."""
    try:
        counts = process.answer("objects", {})
    except (SubjectError, NotEvaluable):
        return ""
    if not isinstance(counts, dict) or not counts:
        return ""
    listed = [f"{process.name}:{name} ({count})" for name, count in list(counts.items())[:MOST_LISTED]]
    return f"name one of its objects, with the number of capabilities each offers: {', '.join(listed)}"


def _elsewhere(name: str) -> str:
    """Return where what was not offered may be: in the module of a skeleton, or nowhere yet."""
    if Path(*name.split("."), "implementation.py").is_file():
        return f"did you mean {name}.implementation?"
    return "'ferspec conform --list' lists what can be offered"


def _python(reference: str) -> list[str]:
    path = Path(reference.partition(":")[0])
    if REFERENCE.fullmatch(reference) is None or (path.suffix and path.is_file()):
        raise UserError(f"{reference!r} names no implementation: write {_meant(reference)}")
    return [sys.executable, "-m", HOST, reference]


def _meant(reference: str) -> str:
    """Return what somebody may have meant who gave a path."""
    path, _, name = reference.partition(":")
    module = ".".join(Path(path.removesuffix(".py")).parts)
    meant = f"{module}:{name}" if name else module
    if REFERENCE.fullmatch(meant) and not Path(path.removesuffix(".py")).suffix:
        return f"{meant}, as Python imports it, without .py"
    return "package.module or package.module:object, or give a program with --command"


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UserError(f"cannot read the command {command!r}: {error}") from None
    if not words:
        raise UserError("the command is empty: name a program that speaks JSON lines")
    return words
