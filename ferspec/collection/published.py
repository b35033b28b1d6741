"""Reads the public manifest of a set: the originals of its faces, by their digests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, cast

from ferspec.collection.manifest import LARGEST, MANIFEST, PUBLIC, Decision, Row
from ferspec.errors import UserError
from ferspec.files import csv_rows

DESCRIBED = tuple(name for name in PUBLIC if name not in ("path", "digest", "pixels", "original", "original_pixels"))


class Published(NamedTuple):
    """One face of a set: its file below the set, its class, and the digests of the face and of its original."""

    path: str
    label: str
    digest: str
    pixels: str
    original: str
    original_pixels: str

    @property
    def digests(self) -> frozenset[str]:
        """All digests of the row that are not empty."""
        return frozenset(filter(None, self[2:]))


def read_published(folder: Path) -> list[Published]:
    """Return the faces of a set that ``build`` wrote; none for another folder.

    ``UserError`` for a public manifest that is damaged.
    """
    return [Published(*(row[name] for name in Published._fields)) for row in _rows(folder / MANIFEST)]


def described_rows(folder: Path) -> list[Row]:
    """Return the classes, terms, licences and consent of the faces of a set, as rows. Errors as ``read_published``."""
    rows = ({name: row[name] for name in DESCRIBED} for row in _rows(folder / MANIFEST))
    return [Row(**cast("dict[str, Decision]", row)) for row in rows]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    if not path.is_file():
        return
    lines = csv_rows(path, LARGEST, "a manifest")
    _, header = next(lines, (0, []))
    if tuple(header) != PUBLIC:
        return
    for line, cells in lines:
        if len(cells) != len(PUBLIC):
            raise UserError(f"{path} line {line}: {len(cells)} cells instead of {len(PUBLIC)}")
        yield dict(zip(PUBLIC, cells, strict=True))
