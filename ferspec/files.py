"""Write files atomically, and read untrusted files within bounds."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ferspec.errors import UserError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path with the same suffix, then rename it to ``path``.

    ``UserError`` if the folder cannot be written to or the disk is full; an earlier file is then unchanged.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=path.suffix)
        os.close(handle)
        try:
            yield Path(name)
            os.chmod(name, 0o644)
            os.replace(name, path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror or error}") from None


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file atomically: under a temporary name, which is then renamed.

    ``UserError`` as for ``replacing``.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def read_bounded(path: Path, largest: int, what: str = "such a file") -> bytes:
    """Read an untrusted regular file of at most ``largest`` bytes.

    Devices and pipes are not opened, since they may never end. ``what`` names, in the message, what the file is too
    large for. ``UserError`` for a larger file, one that is not regular, and one that cannot be read.
    """
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"cannot read {path}: not a regular file")
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    if len(content) > largest:
        raise UserError(f"{path}: more than {largest:,} bytes is too large for {what}")
    return content
