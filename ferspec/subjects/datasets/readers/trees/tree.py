"""Define a tree of files: what a folder and an archive have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

import numpy as np

from ferspec.subjects.datasets.decode import decode
from ferspec.subjects.datasets.readers.listing import Decode, Fetch
from ferspec.subjects.disk import require_utf8

SYSTEM_FILES = frozenset({"__macosx", "thumbs.db", "desktop.ini", "@eadir"})
# a photograph of the most pixels that are decoded, stored without loss
LARGEST_IMAGE = 80 << 20
# the deepest distribution that we know has 4 levels
MOST_LEVELS = 32

Level = tuple[PurePosixPath, list[str], list[str]]


class Tree(Protocol):
    """A folder or an archive; paths are relative to it."""

    @property
    def place(self) -> Path:
        """The folder or the archive on disk."""

    def levels(self) -> Iterator[Level]:
        """Yield every folder, with its sorted folder and file names; folders that are removed are not visited.

        Hidden files and system files are skipped.
        """

    def open(self, path: PurePosixPath, largest: int, what: str) -> IO[bytes]:
        """Open a file to read it from the beginning; ``UserError`` for one of more than ``largest`` bytes."""

    def read(self, path: PurePosixPath, largest: int, what: str, name: str | None = None) -> bytes:
        """Read a file of at most ``largest`` bytes; ``UserError`` for a missing or larger one."""

    def head(self, path: PurePosixPath, size: int) -> bytes:
        """Read the first ``size`` bytes of a file; nothing of anything but a regular file."""

    def require_inside(self, paths: Sequence[PurePosixPath]) -> None:
        """Raise ``UserError`` if links lead from these paths out of the tree."""


def walk(tree: Tree) -> Iterator[tuple[PurePosixPath, bool]]:
    """Yield every path, and whether it is a folder. Parents come first.

    Raise ``UserError`` for a name that is not UTF-8.
    """
    for folder, folders, files in tree.levels():
        for name in (*folders, *files):
            require_utf8(folder / name)
        yield from ((folder / name, True) for name in folders)
        yield from ((folder / name, False) for name in files)


def fetch_files(tree: Tree, paths: Sequence[PurePosixPath], ids: Sequence[str]) -> Fetch:
    """Return the ``fetch`` function of a listing of image files."""

    def fetch(index: int, decode: Decode = decode) -> tuple[bytes, np.ndarray]:
        data = tree.read(paths[index], LARGEST_IMAGE, "an image", ids[index])
        return data, decode(data, ids[index], False)

    return fetch


def is_skipped(name: str) -> bool:
    """Return whether a name is that of a hidden file or a system file."""
    return name.startswith(".") or name.lower() in SYSTEM_FILES
