"""Decide what the process of an implementation may read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from ferspec.subjects.sandbox import Policy
from ferspec.subjects.sandbox.places import PACKAGE, SYSTEM

# what answers the questions that an implementation is asked
ANSWERS = ("implementation", "reference")
PROGRAMS = "bin"


def subject_policy(words: Sequence[str], readable: Sequence[Path] = ()) -> Policy:
    """Return what a command may read: its files, its program's installation, and the current folder.

    The built-in implementation is hidden.
    """
    folder = Path.cwd()
    files = tuple(path.absolute() for word in words[1:] if (path := Path(word)).exists())
    hidden = tuple(PACKAGE / name for name in ANSWERS)
    return Policy((folder, *files, *_installation(words[0]), *readable), hidden, folder, may_start_processes=True)


def own_policy() -> Policy:
    """Return what the built-in implementation may read: all of ferspec."""
    return Policy((Path.cwd(),), (), Path.cwd(), may_start_processes=True, trusted=True)


def _installation(program: str) -> Iterator[Path]:
    """Yield the folder that a program outside the system's folders is installed in, such as ``~/node/v20``."""
    found = shutil.which(program)
    if found is None:
        return
    real = Path(os.path.realpath(found))
    if real.parent.name == PROGRAMS and not any(real.is_relative_to(folder) for folder in SYSTEM):
        yield real.parent.parent
