"""Finds a photograph in a dataset: the same file, the same pixels, and changed copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Literal

import numpy as np

from ferspec.errors import UserError
from ferspec.progress import Progress, silent
from ferspec.records import Count, Record
from ferspec.subjects.datasets.copies import find_copies
from ferspec.subjects.datasets.files import Picture
from ferspec.subjects.datasets.inspection.reading import shrunk
from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.datasets.read_all import ReadImage, read_each
from ferspec.subjects.datasets.readers.listing import Listing

Kind = Literal["same file", "same pixels", "changed copy"]
# images that are compared at once: each needs at most 300 KB
AT_ONCE = 1024
# the images up to which both directions are searched: the second takes about 2 ms of CPU for each
BOTH = 50_000


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

    ``pixels`` (h, w, 3) uint8 RGB are those of the photograph, upright. In sets of at most ``BOTH`` images the images
    are searched for in the photograph too, since a moved picture is found less when it is searched for.
    """
    matches: list[Match] = []
    unreadable, shown = 0, [shrunk(pixels)]
    read = read_each(listing, lambda _, image: shrunk(image))
    for start in range(0, len(listing), AT_ONCE):
        block = [*islice(read, AT_ONCE)]
        images = [one for one in block if not isinstance(one, UserError)]
        unreadable += len(block) - len(images)
        matches += _matches(photograph, shown, images, len(listing) <= BOTH)
        progress("comparing", start + len(block), len(listing))
    return Found(matches=tuple(matches), images=len(listing), unreadable=unreadable)


def _matches(
    photograph: Picture, shown: Sequence[np.ndarray], images: Sequence[ReadImage[np.ndarray]], both: bool
) -> Iterator[Match]:
    """Yield the images that show a photograph, in order."""
    pictures = [one.value for one in images]
    copies = {copy.second: copy for copy in find_copies(shown, pictures)}
    for copy in find_copies(pictures, shown) if both else ():
        if copy.first not in copies or copy.similarity > copies[copy.first].similarity:
            copies[copy.first] = copy
    for place, one in enumerate(images):
        if one.entry.bytes_sha256 == photograph.file:
            yield _match(one.entry, "same file")
        elif one.entry.pixels_sha256 == photograph.pixels:
            yield _match(one.entry, "same pixels")
        elif place in copies:
            yield _match(one.entry, "changed copy", copies[place].similarity, copies[place].overlap)


def _match(entry: Entry, kind: Kind, similarity: float = 1.0, overlap: float = 1.0) -> Match:
    return Match(
        path=entry.path,
        label=entry.label,
        kind=kind,
        similarity=similarity,
        overlap=overlap,
        digest=entry.bytes_sha256,
    )
