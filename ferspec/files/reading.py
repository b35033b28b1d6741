"""Read untrusted files: only regular ones, and only up to a bound."""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path

from ferspec.errors import UserError

# files in /proc and /sys look regular, and some block until the kernel has something to say
WITHOUT_WAITING = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


def open_regular(
    path: str | Path, largest: int | None = None, what: str = "such a file", name: str | None = None
) -> BufferedReader:
    """Open an untrusted regular file to read its bytes.

    Devices, pipes, sockets and folders are not opened, also behind a link: they may never end, or opening them may
    have an effect. ``UserError`` for these, for a file that cannot be read, and for one of more than ``largest`` bytes;
    ``what`` names, in that message, what the file is too large for, and ``name`` the file, by default its path.
    """
    name = name or str(path)
    try:
        _require_regular(name, os.stat(path))
        handle = os.open(path, os.O_RDONLY | WITHOUT_WAITING)
    except (OSError, ValueError) as error:  # a name with a NUL character is a ValueError
        raise UserError(f"cannot read {name}: {getattr(error, 'strerror', None) or error}") from None
    file = os.fdopen(handle, "rb")
    try:
        # another process may have replaced the file since the first look
        status = os.fstat(handle)
        _require_regular(name, status)
        if largest is not None and status.st_size > largest:
            raise _too_large(name, largest, what, status.st_size)
    except BaseException:
        file.close()
        raise
    return file


def require_regular_file(path: str | Path, largest: int | None = None, what: str = "such a file") -> None:
    """Raise ``UserError`` for a path that ``open_regular`` refuses; read nothing."""
    open_regular(path, largest, what).close()


def is_regular_file(path: str | Path) -> bool:
    """Return whether a path leads to a regular file; false where that cannot be seen."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def read_bounded(path: str | Path, largest: int, what: str = "such a file", name: str | None = None) -> bytes:
    """Read an untrusted regular file of at most ``largest`` bytes.

    ``UserError`` as for ``open_regular``.
    """
    name = name or str(path)
    with open_regular(path, largest, what, name) as file:
        try:
            content = file.read(largest + 1)
        except OSError as error:
            raise UserError(f"cannot read {name}: {error.strerror}") from None
    if content is None:
        raise UserError(f"cannot read {name}: it has no content yet")
    if len(content) > largest:
        raise _too_large(name, largest, what)
    return content


def read_head(path: str | Path, size: int, largest: int | None = None, what: str = "such a file") -> bytes:
    """Read the first ``size`` bytes of an untrusted regular file; ``UserError`` as for ``open_regular``."""
    with open_regular(path, largest, what) as file:
        try:
            return file.read(size) or b""
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}") from None


def read_text(path: str | Path, largest: int, what: str = "such a file") -> str:
    """Read an untrusted text file in UTF-8, of at most ``largest`` bytes.

    A byte order mark is skipped. ``UserError`` as for ``open_regular``, and for other content.
    """
    try:
        text = read_bounded(path, largest, what).decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise UserError(f"{path} is not text in UTF-8")
    return text


def _require_regular(name: str, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise UserError(f"cannot read {name}: it is a folder")
    if not stat.S_ISREG(status.st_mode):
        raise UserError(f"cannot read {name}: not a regular file")


def _too_large(name: str, largest: int, what: str, size: int | None = None) -> UserError:
    found = f"more than {largest:,} bytes" if size is None else f"{size:,} bytes"
    return UserError(f"{name}: too large for {what}: {found}, and at most {largest:,} are read")
