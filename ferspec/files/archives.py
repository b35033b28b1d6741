"""Open untrusted zip archives within bounds."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ferspec.files.reading import open_regular

# room for 50,000 members, and the largest archive that we know, a TorchScript network, has 2,000
LARGEST_DIRECTORY = 4 << 20


@contextmanager
def open_archive(path: str | Path, largest: int = LARGEST_DIRECTORY) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive for reading.

    ``UserError`` as for ``open_regular``; ``zipfile.BadZipFile`` and other exceptions of ``zipfile`` for a damaged
    archive, or one whose list of members is larger than ``largest`` bytes.
    """
    with open_regular(path) as file:
        guarded = GuardedFile(file, largest)
        with zipfile.ZipFile(guarded) as archive:
            guarded.largest = None
            yield archive


class GuardedFile:
    """Refuse long reads of a file while a module reads the headers of its members."""

    def __init__(self, file: IO[bytes], largest: int) -> None:
        self._file = file
        self.largest: int | None = largest
        self.seek, self.tell, self.close, self.seekable = file.seek, file.tell, file.close, file.seekable

    def read(self, size: int = -1) -> bytes:
        """Read at most ``size`` bytes, and raise ``BadZipFile`` for more than ``largest``."""
        if self.largest is None:
            return self._file.read(size)
        content = self._file.read(self.largest + 1 if size < 0 else min(size, self.largest + 1))
        if len(content) > self.largest:
            raise zipfile.BadZipFile(f"its list of members is larger than {self.largest:,} bytes")
        return content
