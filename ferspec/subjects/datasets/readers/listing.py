"""What a reader finds: names, labels, and how to fetch each image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

Form = Literal["class folders", "npz", "fer2013 csv", "raf-db list", "affectnet csv", "affectnet npy", "synthetic"]


@dataclass(frozen=True)
class Listing:
    """The images of a dataset, none of them decoded yet.

    ``labels`` (n,) int64 are places in the order of the seven classes. ``fetch(i)`` returns the bytes that image i is
    stored as and its (h, w, 3) uint8 RGB pixels, and may be called from several threads; ``UserError`` where the image
    cannot be read. ``notes`` say what was left out.
    """

    form: Form
    ids: tuple[str, ...]
    labels: np.ndarray
    fetch: Callable[[int], tuple[bytes, np.ndarray]]
    notes: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, indices: Sequence[int] | np.ndarray) -> Listing:
        """Return the listing of some of the images, in the order asked for."""
        chosen = np.asarray(indices, np.int64)

        def fetch(index: int) -> tuple[bytes, np.ndarray]:
            return self.fetch(int(chosen[index]))

        groups = {name: tuple(column[index] for index in chosen) for name, column in self.groups.items()}
        ids = tuple(self.ids[index] for index in chosen)
        return replace(self, ids=ids, labels=self.labels[chosen], fetch=fetch, groups=groups)


@dataclass(frozen=True)
class Published:
    """A dataset as it was downloaded: its training part and what it holds out, every id different from all others.

    ``held_out`` is None where the download is not divided; ``training`` is then all of it.
    """

    training: Listing
    held_out: Listing | None = None

    def whole(self) -> Listing:
        """Return the images of both parts as one listing, those of the training part first."""
        if self.held_out is None:
            return self.training
        first, second = self.training, self.held_out

        def fetch(index: int) -> tuple[bytes, np.ndarray]:
            return first.fetch(index) if index < len(first) else second.fetch(index - len(first))

        labels = np.concatenate([first.labels, second.labels])
        notes = tuple(dict.fromkeys((*first.notes, *second.notes)))
        return Listing(first.form, first.ids + second.ids, labels, fetch, notes)
