"""Handle file names that are not text, and missing space for temporary files."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import IO

from ferspec.errors import UserError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def require_utf8(name: str | PurePath) -> None:
    """Raise ``UserError``, with the escaped name, for a file name that is not UTF-8."""
    escaped = os.fsencode(name).decode("utf-8", "backslashreplace")
    if escaped != str(name):
        raise UserError(f"{escaped}: the name is not UTF-8: rename it")


@contextmanager
def room_for(user: str) -> Iterator[None]:
    """Convert the error of a full disk into a ``UserError`` that names ``user``."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise _no_room(f"{user} needs a temporary copy", f"the disk of {tempfile.gettempdir()} is full") from error


def require_temporary_folder(user: str) -> None:
    """Raise ``UserError`` if ``user`` has no folder for temporary files."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:  # every usual folder is read-only or on a full disk
        raise _no_room(f"{user} needs a folder for temporary files", "none is writable") from error


def temporary_file(user: str) -> IO[bytes]:
    """Open an unnamed file in TMPDIR, which is removed when the process ends.

    Raise ``UserError`` if there is no folder for it. Write to the file inside ``room_for``.
    """
    require_temporary_folder(user)
    with room_for(user):
        return tempfile.TemporaryFile()


def write_at(file: IO[bytes], content: memoryview, offset: int) -> None:
    """Write bytes at an offset, in any thread."""
    while content:  # a disk that fills up may accept only the first bytes of a write
        written = os.pwrite(file.fileno(), content, offset)
        content, offset = content[written:], offset + written


def _no_room(need: str, reason: str) -> UserError:
    return UserError(f"{need}, but {reason}: free some space or set TMPDIR to another folder")


def require_outside(out: Path, *sources: str | Path) -> None:
    """Raise ``UserError`` for a folder of results inside a source, which would be read again."""
    for source in sources:
        if out.resolve().is_relative_to(Path(source).resolve()):
            raise UserError(f"{out} lies in {source}, and would be read as a part of it: choose a folder outside it")
