"""Record which files the digest of a callable covers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from ferspec.records import Record
from ferspec.subjects.examples import first_few
from ferspec.subjects.models.base import file_digest

NOT_COVERED = "The digest covers only {}; other code and other files are not covered."


class CoveredFile(Record):
    """Name a file below the folder of a callable, with its sha256."""

    path: str
    sha256: str


class Coverage(Record):
    """List the files that the digest of a callable covers."""

    complete: bool = Field(description="the callable could read these files and installed packages only")
    files: tuple[CoveredFile, ...]

    @property
    def digest(self) -> str:
        """The sha256 of the sorted relative paths and contents, as of a model's folder."""
        lines = sorted(f"{file.path}\0{file.sha256}\n" for file in self.files)
        return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()

    @property
    def caveat(self) -> str | None:
        """A sentence on what the digest does not cover, or None."""
        return None if self.complete else NOT_COVERED.format(first_few(file.path for file in self.files))


def coverage_of(root: Path, files: Iterable[Path], complete: bool) -> Coverage:
    """Compute the digest of each file below ``root``, sorted by path. Raise ``OSError`` for a missing one."""
    named = sorted((file.relative_to(root).as_posix(), file) for file in set(files))
    return Coverage(
        complete=complete, files=tuple(CoveredFile(path=path, sha256=file_digest(file)) for path, file in named)
    )
