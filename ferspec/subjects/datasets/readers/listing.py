"""Define the result of a reader: ids, labels, and a function that fetches each image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Literal, NamedTuple, Protocol

import numpy as np

from ferspec.subjects.datasets.decode import decode

# the names of the forms in forms.toml, and those without files
Form = Literal[
    "raf-db list",
    "fer2013 csv",
    "ck+ csv",
    "ferplus votes",
    "affectnet csv",
    "affectnet npy",
    "yolo boxes",
    "npz",
    "parquet",
    "class folders",
    "labels table",
    "file names",
    "synthetic",
    "in memory",
]
# the form of a dataset that was read: btfer for recognised pictures of BTFER, btfer form for others in its form
DatasetForm = Literal["btfer", "btfer form", Form]

# how a note on the order of numbered classes begins
ORDER = "order of the numbers: "


class Decode(Protocol):
    """Decode an image file to (h, w, 3) uint8 RGB; ``name`` appears in errors."""

    def __call__(self, data: bytes, name: str, turned: bool) -> np.ndarray: ...


class Fetch(Protocol):
    """Return the stored bytes and the pixels of an image. ``decode`` is called for an image file."""

    def __call__(self, index: int, decode: Decode = decode, /) -> tuple[bytes, np.ndarray]: ...


class Choice(NamedTuple):
    """A decision about a dataset that has several readings, and its reason."""

    taken: str
    reason: str

    def __str__(self) -> str:
        return f"{self.taken} ({self.reason})"


@dataclass(frozen=True)
class Listing:
    """List the images of a dataset without decoding them.

    ``labels`` (n,) int64 are classes, 0 to 6. ``fetch(i)`` returns the stored bytes of image i and its (h, w, 3) uint8
    RGB pixels; ``fetch(i, decode)`` decodes an image file by another function than this process' own. It is thread-safe
    and raises ``UserError`` for an unreadable image. ``split`` is the split that was chosen, and ``order`` the order in
    which numbers were read. ``notes`` describe these decisions and skipped files.
    """

    form: Form
    ids: tuple[str, ...]
    labels: np.ndarray
    fetch: Fetch
    notes: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    split: Choice | None = None
    order: Choice | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, indices: Sequence[int] | np.ndarray) -> Listing:
        """Return the listing of the images at ``indices``, in that order."""
        chosen = np.asarray(indices, np.int64)

        def fetch(index: int, decode: Decode = decode) -> tuple[bytes, np.ndarray]:
            return self.fetch(int(chosen[index]), decode)

        groups = {name: tuple(column[index] for index in chosen) for name, column in self.groups.items()}
        ids = tuple(self.ids[index] for index in chosen)
        return replace(self, ids=ids, labels=self.labels[chosen], fetch=fetch, groups=groups)

    def turned(self) -> Listing:
        """Return the listing with the EXIF orientation applied to image files."""

        def fetch(index: int, decode: Decode = decode) -> tuple[bytes, np.ndarray]:
            return self.fetch(index, lambda data, name, _: decode(data, name, True))

        return replace(self, fetch=fetch)


def joined(listings: Iterable[Listing]) -> Listing:
    """Return the images of several listings of one dataset as one, in their order."""
    first, *others = parts = list(listings)
    if not others:
        return first
    ends = list(accumulate(map(len, parts)))

    def fetch(index: int, decode: Decode = decode) -> tuple[bytes, np.ndarray]:
        part = int(np.searchsorted(ends, index, side="right"))
        return parts[part].fetch(index - (ends[part] - len(parts[part])), decode)

    return replace(
        first,
        ids=tuple(id for part in parts for id in part.ids),
        labels=np.concatenate([part.labels for part in parts]),
        fetch=fetch,
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


@dataclass(frozen=True)
class PublishedDataset:
    """Hold a downloaded dataset: its training split and its held-out split, with unique ids.

    ``held_out`` is None for a download without splits, and ``training`` then holds all images.
    """

    training: Listing
    held_out: Listing | None = None

    def whole(self) -> Listing:
        """Return the images of both splits as one listing, training first."""
        return joined(part for part in (self.training, self.held_out) if part is not None)
