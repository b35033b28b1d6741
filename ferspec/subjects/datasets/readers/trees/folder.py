"""Read the files of a folder, without leaving it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from ferspec.errors import UserError
from ferspec.files import is_regular_file, open_regular, read_bounded, read_head
from ferspec.subjects.datasets.readers.trees.tree import MOST_LEVELS, Level, is_skipped
from ferspec.subjects.examples import first_few


@dataclass(frozen=True)
class Folder:
    """A folder on disk, which implements ``Tree``."""

    place: Path

    def levels(self) -> Iterator[Level]:
        """Yield every folder as ``Tree.levels`` says; links within the folder are followed, except to a visited one.

        Raise ``UserError`` for a folder that cannot be read; and, at the end, for links that lead out of it: their
        number is known then, and nothing was read.
        """
        visited, boundary = set(), os.path.realpath(self.place)
        outside: list[Path] = []
        for folder, folders, files in os.walk(self.place, onerror=_refuse, followlinks=True):
            folders[:] = sorted(name for name in folders if not is_skipped(name))
            names = sorted(name for name in files if not is_skipped(name))
            real = os.path.realpath(folder)
            if real in visited:  # a circular link
                folders.clear()
                continue
            visited.add(real)
            leading = [Path(folder, name) for name in (*folders, *names) if _leads_out(Path(folder, name), boundary)]
            outside += leading
            folders[:] = [name for name in folders if Path(folder, name) not in leading]
            relative = PurePosixPath(Path(folder).relative_to(self.place).as_posix())
            if len(relative.parts) > MOST_LEVELS:
                raise UserError(f"{self.place}: folders are nested more than {MOST_LEVELS} levels deep")
            yield relative, folders, names
        self._refuse_links(outside)

    def open(self, path: PurePosixPath, largest: int, what: str) -> IO[bytes]:
        return open_regular(self.place / path, largest, what)

    def read(self, path: PurePosixPath, largest: int, what: str, name: str | None = None) -> bytes:
        return read_bounded(self.place / path, largest, what, name)

    def head(self, path: PurePosixPath, size: int) -> bytes:
        return read_head(self.place / path, size) if is_regular_file(self.place / path) else b""

    def require_inside(self, paths: Sequence[PurePosixPath]) -> None:
        boundary = os.path.realpath(self.place)
        full = [self.place / path for path in paths]
        parents = {parent: _is_inside(os.path.realpath(parent), boundary) for parent in {path.parent for path in full}}
        self._refuse_links([path for path in full if not parents[path.parent] or _leads_out(path, boundary)])

    def _refuse_links(self, outside: Sequence[Path]) -> None:
        if outside:
            raise UserError(
                f"{self.place} holds links that lead out of it: {len(outside):,} ({first_few(outside)}): copy the "
                "files that they lead to, or give the folder that holds those"
            )


def _refuse(error: OSError) -> None:
    raise UserError(f"the folder {error.filename} cannot be read: {error.strerror}: change that, or leave it out")


def _leads_out(path: Path, boundary: str) -> bool:
    return os.path.islink(path) and not _is_inside(os.path.realpath(path), boundary)


def _is_inside(path: str, boundary: str) -> bool:
    return path == boundary or path.startswith(boundary.rstrip(os.sep) + os.sep)
