"""Writes a copy of a dataset that has its pixels and labels only."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import cv2
import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.progress import Progress, silent
from ferspec.records import Record
from ferspec.subjects.datasets.read_all import ReadImage, UnreadableImages, read_each
from ferspec.subjects.datasets.readers.listing import Listing
from ferspec.subjects.datasets.readers.open import open_splits
from ferspec.subjects.datasets.readers.splits import WHOLE
from ferspec.subjects.datasets.receiving.placing import new_folder, safe_name
from ferspec.subjects.disk import require_outside

# of the digest of the pixels, which names a file
NAMED = 16
MANIFEST = "manifest.csv"
COLUMNS = ("path", "label", "digest", "pixels", "licence", "consent")
# the publisher of the set fills in the licences, and whether the people consented
UNKNOWN = "unknown"


class Anonymised(Record):
    """A copy without metadata and names: its folder, and the images of each split by class."""

    folder: str
    total: int
    splits: dict[str, dict[str, int]]


class _Image(NamedTuple):
    split: str
    path: str
    label: str
    digest: str
    pixels: str


def anonymise(path: str | Path, target: Path, progress: Progress = silent) -> Anonymised:
    """Write every image of a dataset as a PNG, named for its pixels.

    The pixels are upright. ``target`` gets a folder for each split and class, and a manifest with the columns of
    ``COLUMNS``. ``UserError`` for an existing ``target``, and for images that cannot be read; nothing is written then.
    """
    require_outside(target, path)
    with new_folder(target) as folder:
        copy = _Copy(folder, sum(map(len, (parts := open_splits(path).parts).values())), progress)
        for name, listing in parts.items():
            copy.add(name, listing.turned())
        if copy.unreadable:
            raise UnreadableImages(
                str(path),
                copy.unreadable,
                copy.total,
                "; nothing was written: remove what cannot be read, and copy again",
            )
        (folder / MANIFEST).write_text(_table(copy.images), encoding="utf-8")
    splits = {image.split: dict.fromkeys(spec.load().classes, 0) for image in copy.images}
    for image in copy.images:
        splits[image.split][image.label] += 1
    return Anonymised(folder=str(target), total=len(copy.images), splits=splits)


class _Copy:
    """The images that were written so far, and those that cannot be read."""

    def __init__(self, folder: Path, total: int, progress: Progress) -> None:
        self.total = total
        self.images: list[_Image] = []
        self.unreadable: list[UserError] = []
        self._folder, self._progress = folder, progress
        self._taken: Counter[PurePosixPath] = Counter()

    def add(self, split: str, listing: Listing) -> None:
        """Write the images of a split."""
        place = PurePosixPath("" if split == WHOLE else safe_name(PurePosixPath(split).name, ""))
        for read in read_each(listing, lambda _, pixels: _png(pixels)):
            if isinstance(read, UserError):
                self.unreadable.append(read)
            else:
                self._write(place, read)
            self._progress("writing", len(self.images) + len(self.unreadable), self.total)

    def _write(self, place: PurePosixPath, read: ReadImage[bytes]) -> None:
        label, pixels = read.entry.label, read.entry.pixels_sha256
        stem = place / label / pixels[:NAMED]
        self._taken[stem] += 1
        number = self._taken[stem]
        file = stem.with_name(f"{stem.name}.png" if number == 1 else f"{stem.name}-{number}.png")
        (self._folder / file).parent.mkdir(parents=True, exist_ok=True)
        (self._folder / file).write_bytes(read.value)
        digest = hashlib.sha256(read.value).hexdigest()
        self.images.append(_Image("" if place == PurePosixPath() else str(place), str(file), label, digest, pixels))


def _png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes()


def _table(images: Sequence[_Image]) -> str:
    """Return the manifest, sorted by path: the order of the old names is not kept."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(sorted([one.path, one.label, one.digest, one.pixels, UNKNOWN, UNKNOWN] for one in images))
    return text.getvalue()
