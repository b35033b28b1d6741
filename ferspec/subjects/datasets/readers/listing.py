"""Define the result of a reader: ids, labels, and a function that fetches each image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import numpy as np

from ferspec.subjects.datasets.decode import decode

Form = Literal[
    "class folders", "npz", "fer2013 csv", "raf-db list", "affectnet csv", "affectnet npy", "synthetic", "in memory"
]


class Decode(Protocol):
    """Decode an image file to (h, w, 3) uint8 RGB; ``name`` appears in errors."""

    def __call__(self, data: bytes, name: str, turned: bool) -> np.ndarray: ...


class Fetch(Protocol):
    """Return the stored bytes and the pixels of an image. ``decode`` is called for an image file."""

    def __call__(self, index: int, decode: Decode = decode, /) -> tuple[bytes, np.ndarray]: ...


@dataclass(frozen=True)
class Listing:
    """List the images of a dataset without decoding them.

    ``labels`` (n,) int64 are classes, 0 to 6. ``fetch(i)`` returns the stored bytes of image i and its (h, w, 3) uint8
    RGB pixels; ``fetch(i, decode)`` decodes an image file by another function than this process' own. It is thread-safe
    and raises ``UserError`` for an unreadable image. ``notes`` describe skipped files.
    """

    form: Form
    ids: tuple[str, ...]
    labels: np.ndarray
    fetch: Fetch
    notes: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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


@dataclass(frozen=True)
class PublishedDataset:
    """Hold a downloaded dataset: its training split and its held-out split, with unique ids.

    ``held_out`` is None for a download without splits, and ``training`` then holds all images.
    """

    training: Listing
    held_out: Listing | None = None

    def whole(self) -> Listing:
        """Return the images of both splits as one listing, training first."""
        if self.held_out is None:
            return self.training
        first, second = self.training, self.held_out

        def fetch(index: int, decode: Decode = decode) -> tuple[bytes, np.ndarray]:
            return first.fetch(index, decode) if index < len(first) else second.fetch(index - len(first), decode)

        labels = np.concatenate([first.labels, second.labels])
        notes = tuple(dict.fromkeys((*first.notes, *second.notes)))
        return Listing(first.form, first.ids + second.ids, labels, fetch, notes)
