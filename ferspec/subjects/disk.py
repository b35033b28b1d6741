"""What a disk can do to whoever reads from it: names that are not text, and no room for a copy."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath

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
        raise UserError(
            f"{what} needs a temporary copy, but the disk of {tempfile.gettempdir()} is full: "
            "free some space or set TMPDIR to a folder that has it"
        ) from error
