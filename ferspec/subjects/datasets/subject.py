"""Present a dataset as a subject: its images, labels, manifest and notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, cast

import numpy as np

from ferspec.errors import UserError
from ferspec.progress import StepProgress
from ferspec.subjects.datasets.decode import is_gray
from ferspec.subjects.datasets.groups import read_groups
from ferspec.subjects.datasets.kept import KeptImages
from ferspec.subjects.datasets.manifest import Entry, has_btfer_form, manifest_notes, support
from ferspec.subjects.datasets.read_all import UnreadableImages, read_each
from ferspec.subjects.datasets.readers import Listing, read_fer2013, read_folders, read_npz, read_synthetic

SYNTHETIC_SEED = 0
DatasetForm = Literal["btfer", "class folders", "npz", "fer2013 csv", "synthetic"]


def open_dataset(path: str | Path, progress: StepProgress | None = None) -> Dataset:
    """Open class folders, an .npz file, or FER2013's CSV, and read every image once.

    ``progress(done, total)`` counts the images. Raise ``UserError`` for a missing path, an unsupported form, invalid
    files, or unreadable images (one line with their number and the first names).
    """
    path = Path(path)
    if path.is_dir():
        return read_dataset(path.resolve().name, read_folders(path), progress)
    if not path.exists():
        raise UserError(f"{path}: no such file or folder")
    readers = {".npz": read_npz, ".csv": read_fer2013}
    if path.suffix.lower() not in readers:
        packed = path.suffix.lower() in {".zip", ".tar", ".gz", ".7z", ".rar"}
        problem = "an archive: unpack it first" if packed else "not a dataset"
        raise UserError(f"{path}: {problem}: give a folder of class folders, an .npz file, or FER2013's .csv")
    return read_dataset(path.stem, readers[path.suffix.lower()](path), progress)


def synthetic_dataset(
    per_class: int | Sequence[int] = 300,
    size: int = 256,
    seed: int = SYNTHETIC_SEED,
    progress: StepProgress | None = None,
    drawn_at: int | None = None,
) -> Dataset:
    """Render a dataset of synthetic faces (see ``read_synthetic``); it certifies nothing about people."""
    listing = read_synthetic(per_class, size, seed, drawn_at=drawn_at)
    return read_dataset(f"synthetic faces (seed {seed})", listing, progress)


def read_dataset(name: str, listing: Listing, progress: StepProgress | None = None) -> Dataset:
    """Read every image of a listing once, and keep them all.

    This ends before a model gets its first image, since the time of decoding could tell a class.

    Raise ``UnreadableImages`` with the number and the first names of images that cannot be read.
    """
    kept = KeptImages()
    entries: list[Entry] = []
    gray: list[bool] = []
    unreadable: list[UserError] = []

    def examine(index: int, pixels: np.ndarray) -> bool:
        kept.keep(index, pixels)
        return is_gray(pixels)

    for done, result in enumerate(read_each(listing, examine), 1):
        if isinstance(result, UserError):
            unreadable.append(result)
        else:
            entries.append(result.entry)
            gray.append(result.value)
        if progress is not None:
            progress(done, len(listing))
    if unreadable:
        raise UnreadableImages(name, unreadable, len(listing))
    return Dataset(name, listing, tuple(entries), all(gray), kept)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Hold the images of a dataset with their labels. ``gray`` is true if all images are grey."""

    name: str
    listing: Listing
    entries: tuple[Entry, ...]
    gray: bool
    kept: KeptImages

    def __len__(self) -> int:
        return len(self.listing.ids)

    @property
    def ids(self) -> tuple[str, ...]:
        """The path or index of every image."""
        return self.listing.ids

    @property
    def labels(self) -> np.ndarray:
        """The class (n,) int64 of every image, 0 to 6."""
        return self.listing.labels

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """The group columns of the images; for synthetic faces, the attributes they were rendered with."""
        return self.listing.groups

    @property
    def synthetic(self) -> bool:
        """Whether the images are rendered; such images certify nothing about people."""
        return self.listing.form == "synthetic"

    @cached_property
    def support(self) -> dict[str, int]:
        """The number of images of each of the seven classes."""
        return support(self.entries)

    @cached_property
    def sizes(self) -> frozenset[tuple[int, int]]:
        """The different (height, width) of the images."""
        return frozenset((entry.height, entry.width) for entry in self.entries)

    @property
    def form(self) -> DatasetForm:
        """The form of the files, or ``btfer`` for real images in the BTFER form."""
        return "btfer" if not self.synthetic and has_btfer_form(self.entries) else cast(DatasetForm, self.listing.form)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Notes of the reader on skipped files, and ``manifest_notes`` on the images."""
        return (*self.listing.notes, *manifest_notes(self.entries))

    def manifest(self) -> tuple[Entry, ...]:
        """Return the entry of every image, in the dataset's order."""
        return self.entries

    def image(self, index: int) -> np.ndarray:
        """Return image ``index`` as read-only (h, w, 3) uint8 RGB."""
        return self.kept.get(index)

    def with_groups(self, path: str | Path) -> Dataset:
        """Return a copy of the dataset with the columns of a groups CSV. Unmatched rows are noted."""
        columns, notes = read_groups(path, self.ids)
        groups = {**self.groups, **columns}
        return replace(self, listing=replace(self.listing, groups=groups, notes=(*self.listing.notes, *notes)))
