"""Finds a photograph in a dataset: the same file, the same pixels, and changed copies."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ferspec.errors import UserError
from ferspec.progress import Progress, silent
from ferspec.records import Count, Record
from ferspec.subjects.datasets.copies import Copy, find_copies
from ferspec.subjects.datasets.files import Picture
from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.datasets.read_all import read_each
from ferspec.subjects.datasets.readers.listing import Listing

Kind = Literal["same file", "same pixels", "changed copy"]
# stands for an image that cannot be read; without contrast it resembles nothing
NOTHING = np.zeros((8, 8, 3), np.uint8)


class Match(Record):
    """An image that shows the photograph: its path, its class, and how it was found.

    ``digest`` is the sha256 of its file. ``similarity`` and ``overlap`` (0 to 1) are those of ``Copy``.
    """

    path: str
    label: str
    kind: Kind
    similarity: float
    overlap: float
    digest: str


class Found(Record):
    """The images that show a photograph, among ``images``; ``unreadable`` ones were not compared."""

    matches: tuple[Match, ...]
    images: Count
    unreadable: Count


def find_photograph(photograph: Picture, pixels: np.ndarray, listing: Listing, progress: Progress = silent) -> Found:
    """Find a photograph among the images of a listing, each of which is decoded once.

    ``pixels`` (h, w, 3) uint8 RGB are those of the photograph, upright.
    """
    images = _Stream(listing)
    copies = find_copies([pixels], images, lambda done, total: progress("comparing", done, total))
    pairs = [(copy, images.entries[copy.second]) for copy in copies]
    return Found(
        matches=tuple(_match(photograph, entry, copy) for copy, entry in pairs if entry is not None),
        images=len(listing),
        unreadable=images.entries.count(None),
    )


class _Stream:
    """The pixels of the images of a listing, asked for in order; the entries of those asked for are kept."""

    def __init__(self, listing: Listing) -> None:
        self.entries: list[Entry | None] = []
        self._images = len(listing)
        self._read = read_each(listing, lambda _, pixels: pixels)

    def __len__(self) -> int:
        return self._images

    def __getitem__(self, index: int) -> np.ndarray:
        if index != len(self.entries):
            raise IndexError(f"image {index} is asked for after {len(self.entries)}")
        read = next(self._read)
        if isinstance(read, UserError):
            self.entries.append(None)
            return NOTHING
        self.entries.append(read.entry)
        return read.value


def _match(photograph: Picture, entry: Entry, copy: Copy) -> Match:
    kind: Kind = "changed copy"
    if entry.bytes_sha256 == photograph.file:
        kind = "same file"
    elif entry.pixels_sha256 == photograph.pixels:
        kind = "same pixels"
    return Match(
        path=entry.path,
        label=entry.label,
        kind=kind,
        similarity=copy.similarity,
        overlap=copy.overlap,
        digest=entry.bytes_sha256,
    )
