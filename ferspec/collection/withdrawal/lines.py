"""Removes the lines of a text file that mention a picture."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ferspec.collection.manifest import LARGEST
from ferspec.files import read_bounded, write_whole


def mentions(path: Path, keys: Collection[str]) -> bool:
    """Return whether a file has one of the keys, anywhere."""
    content = read_bounded(path, LARGEST, "a page")
    return any(key.encode() in content for key in keys)


def without_lines(path: Path, keys: Collection[str]) -> int:
    """Remove each line that has one of the keys, and return their number; the file is replaced as a whole."""
    needles = [key.encode() for key in keys]
    lines = read_bounded(path, LARGEST, "a list").splitlines(keepends=True)
    kept = [line for line in lines if not any(needle in line for needle in needles)]
    if len(kept) < len(lines):
        write_whole(path, b"".join(kept))
    return len(lines) - len(kept)
