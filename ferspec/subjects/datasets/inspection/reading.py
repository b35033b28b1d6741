"""Read every image of a dataset once, in all its splits; an unreadable image is a finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.progress import StepProgress
from ferspec.subjects.datasets.decode import is_gray
from ferspec.subjects.datasets.inspection.facts import FileFacts, parse_facts
from ferspec.subjects.datasets.kept import ChosenImages, KeptImages
from ferspec.subjects.datasets.manifest import Entry, has_btfer_counts
from ferspec.subjects.datasets.read_all import read_each
from ferspec.subjects.datasets.readers import Listing, open_splits
from ferspec.subjects.datasets.readers.listing import joined
from ferspec.subjects.datasets.readers.splits import Splits, role_of
from ferspec.subjects.datasets.recognition.reduce import Reading, Reduction, reductions
from ferspec.subjects.datasets.subject import Dataset

# copies are searched in grey reductions of 48 pixels: larger images are kept in a size of at least this
SMALL = 192


@dataclass(frozen=True)
class Unreadable:
    """An image that cannot be read, with its class and the reason."""

    id: str
    split: str
    label: str
    reason: str


@dataclass(frozen=True, eq=False)
class InspectedSet:
    """The images of a set in all its splits, and those that cannot be read.

    ``small`` holds all of them, the large ones shrunk. ``facts`` is None for an image that is not a file of its own, as
    in an array. ``gray`` (n,) says where red, green and blue are equal in every pixel.
    """

    images: Dataset
    small: ChosenImages
    splits: tuple[str, ...]
    facts: tuple[FileFacts | None, ...]
    gray: np.ndarray
    unreadable: tuple[Unreadable, ...]

    def __len__(self) -> int:
        return len(self.images)

    @property
    def name(self) -> str:
        """The name of the folder or file."""
        return self.images.name

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The digests, size and label of each readable image."""
        return self.images.entries

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """The group columns of the readable images."""
        return self.images.groups

    @property
    def total(self) -> int:
        """The number of images, with those that cannot be read."""
        return len(self.entries) + len(self.unreadable)

    @property
    def counts(self) -> dict[str, int]:
        """The number of images of each class, with those that cannot be read."""
        counted = Counter(entry.label for entry in self.entries)
        counted.update(one.label for one in self.unreadable)
        return {name: counted[name] for name in spec.load().classes}

    def renamed(self, name: str) -> InspectedSet:
        """Return the set under another name, where two have the same."""
        return replace(self, images=replace(self.images, name=name))

    def with_groups(self, path: str | Path) -> InspectedSet:
        """Return the set with the columns of a groups CSV, as ``Dataset.with_groups`` does."""
        return replace(self, images=self.images.with_groups(path))

    @property
    def has_splits(self) -> bool:
        """Whether the images belong to more than one split."""
        return len(set(self.splits)) > 1


def read_set(
    path: str | Path,
    dataset: str | None = None,
    progress: StepProgress | None = None,
    keep: bool = False,
) -> InspectedSet:
    """Open a dataset in any form, and read every image of every split once.

    ``dataset`` is its name in the protocol, where it is known. With ``keep``, the images are also kept in their own
    size, for a model. ``UserError`` as for ``open_splits``.
    """
    path = Path(path)
    name = path.resolve().name if path.is_dir() else path.stem.removesuffix(".tar")
    return read_listing(name, *whole(open_splits(path, dataset)), progress=progress, keep=keep)


def whole(splits: Splits) -> tuple[Listing, tuple[str, ...]]:
    """Return all images of all splits as one listing, and the split of each; ids are different."""
    names = sorted(splits.parts, key=lambda name: (role_of(name) is None, name))
    parts = [splits.parts[name] for name in names]
    ids = [id for part in parts for id in part.ids]
    if len(set(ids)) < len(ids):
        parts = [
            replace(part, ids=tuple(f"{name}/{id}" if name else id for id in part.ids))
            for name, part in zip(names, parts, strict=True)
        ]
    column = tuple(name for name, part in zip(names, parts, strict=True) for _ in part.ids)
    return joined(parts).turned(), column


def read_listing(
    name: str,
    listing: Listing,
    splits: tuple[str, ...],
    progress: StepProgress | None = None,
    keep: bool = False,
) -> InspectedSet:
    """Read every image of a listing once; ``splits`` names the split of each."""
    kept, small, facts = KeptImages(), KeptImages(), dict[int, FileFacts]()
    readable: list[int] = []
    entries: list[Entry] = []
    gray: list[bool] = []
    reduced: list[dict[Reading, Reduction]] = []
    unreadable: list[Unreadable] = []
    classes, size = spec.load().classes, spec.load().datasets["BTFER"].size
    may_be_btfer = has_btfer_counts(listing.labels)

    def note(index: int, answer: bytes) -> None:
        facts[index] = parse_facts(answer)

    def examine(index: int, pixels: np.ndarray) -> tuple[bool, dict[Reading, Reduction]]:
        small.keep(index, shrunk(pixels))
        if keep:
            kept.keep(index, pixels)
        is_described = may_be_btfer and pixels.shape[:2] == size
        return is_gray(pixels), reductions(pixels, classes[listing.labels[index]]) if is_described else {}

    for index, result in enumerate(read_each(listing, examine, note)):
        if isinstance(result, UserError):
            reason = str(result).removeprefix(f"{listing.ids[index]}: ")
            label = classes[listing.labels[index]]
            unreadable.append(Unreadable(listing.ids[index], splits[index], label, reason))
        else:
            readable.append(index)
            entries.append(result.entry)
            gray.append(result.value[0])
            reduced.append(result.value[1])
        if progress is not None:
            progress(index + 1, len(listing))
    places = np.array(readable, int)
    return InspectedSet(
        Dataset(
            name, listing.take(places), tuple(entries), all(gray), ChosenImages(kept, places), reduced=tuple(reduced)
        ),
        ChosenImages(small, places),
        tuple(splits[index] for index in readable),
        tuple(facts.get(index) for index in readable),
        np.array(gray, bool),
        tuple(unreadable),
    )


def shrunk(pixels: np.ndarray) -> np.ndarray:
    """Return an image, shrunk by area means if it is large.

    Means are over a whole number of pixels, so that the longer side keeps at least ``SMALL``.
    """
    import cv2

    height, width = pixels.shape[:2]
    factor = max(height, width) // SMALL
    if factor < 2:
        return pixels
    size = max(1, width // factor), max(1, height // factor)
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
