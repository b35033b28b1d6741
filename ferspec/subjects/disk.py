"""What a disk can do to whoever reads from it: names that are not text, and no room for a copy."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import IO

from ferspec.errors import UserError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def require_utf8(name: str | PurePath) -> None:
    """Raise ``UserError``, with the name in escaped form, for one that is not UTF-8: no report could hold it."""
    escaped = os.fsencode(name).decode("utf-8", "backslashreplace")
    if escaped != str(name):
        raise UserError(f"{escaped}: this name is not UTF-8: rename it")


@contextmanager
def room_for(what: str) -> Iterator[None]:
    """Turn a disk that fills up inside the block into one line for the user."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise _no_room(f"{what} needs a temporary copy", f"the disk of {tempfile.gettempdir()} is full") from error


def require_temporary_folder(what: str) -> None:
    """Raise ``UserError`` where no folder takes a temporary file, without which ``what`` cannot even start."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:  # none of the usual folders can be written to, or their disks are full
        raise _no_room(f"{what} needs a folder for temporary files", "none takes any") from error


def temporary_file(what: str) -> IO[bytes]:
    """Return an open file without a name, which vanishes with the process, in the folder that TMPDIR names.

    ``UserError`` where no folder takes one; what fills up later is for ``room_for``.
    """
    require_temporary_folder(what)
    with room_for(what):
        return tempfile.TemporaryFile()


def _no_room(needed: str, why: str) -> UserError:
    return UserError(f"{needed}, but {why}: free some space or set TMPDIR to a folder that has it")
