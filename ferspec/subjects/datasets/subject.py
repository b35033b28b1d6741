"""Present a dataset as a subject: its images, labels, manifest and notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.progress import StepProgress
from ferspec.spec.pictures import Pictures, pictures
from ferspec.subjects.datasets.clusters import numbered, read_clusters
from ferspec.subjects.datasets.decode import is_gray
from ferspec.subjects.datasets.groups import read_groups
from ferspec.subjects.datasets.kept import ChosenImages, KeptImages
from ferspec.subjects.datasets.manifest import (
    Entry,
    digest,
    has_btfer_counts,
    has_btfer_form,
    manifest_notes,
    support,
    without_examples,
    without_names,
)
from ferspec.subjects.datasets.read_all import UnreadableImages, read_each
from ferspec.subjects.datasets.readers import Listing, open_splits, read_synthetic
from ferspec.subjects.datasets.readers.listing import DatasetForm
from ferspec.subjects.datasets.recognition.recognise import Found, recognise
from ferspec.subjects.datasets.recognition.reduce import READINGS, Reading, Reduction, reductions

SYNTHETIC, SYNTHETIC_SEED = "synthetic", 0


def open_dataset(path: str | Path, progress: StepProgress | None = None, split: str | None = None) -> Dataset:
    """Open a dataset in any form, and read every image of one split once.

    ``progress(done, total)`` counts the images. Without ``split``, the split is that of ``Splits.chosen``. Raise
    ``UserError`` for a missing path, an unsupported form, invalid files, images to train on, or unreadable images (one
    line with their number and the first names).
    """
    path = Path(path)
    name = path.resolve().name if path.is_dir() else path.stem.removesuffix(".tar")
    return read_dataset(name, open_splits(path).chosen(split).turned(), progress)


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
    reduced: list[dict[Reading, Reduction]] = []
    unreadable: list[UserError] = []
    classes, size = spec.load().classes, spec.load().datasets["BTFER"].size
    may_be_btfer = listing.form != SYNTHETIC and has_btfer_counts(listing.labels)

    def examine(index: int, pixels: np.ndarray) -> tuple[bool, dict[Reading, Reduction]]:
        kept.keep(index, pixels)
        described = may_be_btfer and pixels.shape[:2] == size
        return is_gray(pixels), reductions(pixels, classes[listing.labels[index]]) if described else {}

    for done, result in enumerate(read_each(listing, examine), 1):
        if isinstance(result, UserError):
            unreadable.append(result)
        else:
            entries.append(result.entry)
            gray.append(result.value[0])
            reduced.append(result.value[1])
        if progress is not None:
            progress(done, len(listing))
    if unreadable:
        raise UnreadableImages(name, unreadable, len(listing))
    return Dataset(name, listing, tuple(entries), all(gray), kept, tuple(reduced))


@dataclass(frozen=True, eq=False)
class Dataset:
    """Hold the images of a dataset with their labels. ``gray`` is true if all images are grey.

    ``reduced`` describes each image of a set in the BTFER form, ``pictures`` are the known pictures of BTFER.
    ``keeps_names`` if the manifest has the names of files, as in certificates of earlier versions. ``clusters`` (n,)
    numbers the images that are right or wrong together; None if none were named.
    """

    name: str
    listing: Listing
    entries: tuple[Entry, ...]
    gray: bool
    kept: KeptImages | ChosenImages
    reduced: tuple[Mapping[Reading, Reduction], ...] = ()
    keeps_names: bool = False
    pictures: Pictures = field(default_factory=pictures)
    clusters: np.ndarray | None = None

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
        return self.listing.form == SYNTHETIC

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
        """The form of the files; ``btfer`` for recognised pictures of BTFER, ``btfer form`` for others in its form."""
        if self.found is None:
            return cast(DatasetForm, self.listing.form)
        return "btfer" if self.found.recognition.recognised else "btfer form"

    @cached_property
    def found(self) -> Found | None:
        """The known pictures of BTFER among the images, or None for another form."""
        if self.synthetic or not has_btfer_form(self.entries):
            return None
        by_reading = {reading: [one[reading] for one in self.reduced] for reading in READINGS}
        return recognise(self.entries, by_reading, self.pictures)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Notes of the reader on skipped files, and ``manifest_notes`` on the images; they name files."""
        return (*self.listing.notes, *manifest_notes(self.entries))

    @cached_property
    def published_notes(self) -> tuple[str, ...]:
        """The notes for a certificate, which name no files unless the manifest does."""
        return (*map(without_examples, self.listing.notes), *manifest_notes(self.manifest()))

    def manifest(self) -> tuple[Entry, ...]:
        """Return the entry of every image for a certificate, in the dataset's order: it names no file."""
        return self._manifest

    @cached_property
    def _manifest(self) -> tuple[Entry, ...]:
        return self.entries if self.keeps_names else without_names(self.entries)

    def as_in(self, manifest_digest: str) -> Dataset:
        """Return the dataset with names of files in its manifest, if that has the digest."""
        return replace(self, keeps_names=True) if manifest_digest == digest(self.entries) else self

    def image(self, index: int) -> np.ndarray:
        """Return image ``index`` as read-only (h, w, 3) uint8 RGB."""
        return self.kept.get(index)

    def take(self, indices: Sequence[int] | np.ndarray) -> Dataset:
        """Return the dataset of the images at ``indices``, in that order; it shares their pixels."""
        chosen = np.asarray(indices, int)
        return replace(
            self,
            listing=self.listing.take(chosen),
            entries=tuple(self.entries[index] for index in chosen),
            kept=ChosenImages(self.kept, chosen),
            reduced=tuple(self.reduced[index] for index in chosen),
            clusters=None if self.clusters is None else numbered(self.clusters[chosen].tolist()),
        )

    def with_groups(self, path: str | Path) -> Dataset:
        """Return a copy of the dataset with the columns of a groups CSV. Unmatched rows are noted."""
        columns, notes = read_groups(path, self.ids)
        groups = {**self.groups, **columns}
        return replace(self, listing=replace(self.listing, groups=groups, notes=(*self.listing.notes, *notes)))

    def with_clusters(self, path: str | Path) -> Dataset:
        """Return a copy of the dataset with the clusters of a CSV."""
        return replace(self, clusters=read_clusters(path, self.ids))
