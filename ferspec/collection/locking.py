"""Lets one command at a time work in the folder of a collection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ferspec.errors import UserError

LOCK = ".lock"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is made; ``UserError`` where another command holds it."""
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK, timeout=0)
        with lock:
            yield
    except Timeout:
        raise UserError(f"{folder}: another build works in this folder, or a withdrawal") from None
    except (FileExistsError, NotADirectoryError):
        raise UserError(f"{folder}: not a folder") from None
