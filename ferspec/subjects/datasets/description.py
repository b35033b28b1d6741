"""Describes the images of a dataset by class and split, without decoding them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.records import Record
from ferspec.reference.balance import ClassBalance, balance_of
from ferspec.subjects.datasets.published_counts import published_as
from ferspec.subjects.datasets.readers.listing import Listing
from ferspec.subjects.datasets.readers.open import open_splits
from ferspec.subjects.datasets.readers.splits import TRAINING, WHOLE, Splits, role_of

ALL = "all images"


class Part(Record):
    """The images of each class in one split; ``role`` is what it is for, where its name says so."""

    name: str
    role: str | None
    images: dict[str, int]

    @property
    def total(self) -> int:
        """Images of all classes."""
        return sum(self.images.values())


class Description(Record):
    """Class distributions of a dataset by split, and its class weights.

    ``weighted`` names the images that the weights are computed from, and ``reason`` says why these.
    """

    name: str
    form: str
    known: str | None
    total: int
    parts: tuple[Part, ...]
    weighted: str
    reason: str
    classes: tuple[ClassBalance, ...]
    notes: tuple[str, ...]


def describe(path: str | Path) -> Description:
    """Describe a dataset in any form that is read; images are listed and not decoded.

    ``UserError`` as for ``open_splits``.
    """
    path = Path(path)
    splits = open_splits(path)
    name = path.resolve().name if path.is_dir() else path.stem.removesuffix(".tar")
    parts = tuple(
        Part(name=part or ALL, role=role_of(part) if part else None, images=_by_class(_counts(listing)))
        for part, listing in splits.parts.items()
    )
    whole = np.sum([_counts(listing) for listing in splits.parts.values()], axis=0).tolist()
    weighted, reason, counts = _to_train_on(splits, whole)
    return Description(
        name=name,
        form=next(iter(splits.parts.values())).form,
        known=published_as(whole),
        total=sum(whole),
        parts=parts,
        weighted=weighted,
        reason=reason,
        classes=balance_of(counts),
        notes=(
            *dict.fromkeys(note for listing in splits.parts.values() for note in listing.notes),
            *_without_weights(counts),
        ),
    )


def _to_train_on(splits: Splits, whole: list[int]) -> tuple[str, str, list[int]]:
    """Return which images weights are computed from, the reason, and their number in each class."""
    published = next((one for one in spec.load().datasets.values() if list(one.counts) == whole), None)
    if published is not None and published.training_percent is not None:
        share = f"{published.training_percent} % of each class"
        return share, "as the runs split these images, rounding down (FER-D-02)", list(published.training_counts or ())
    training = [name for name in splits.parts if name != WHOLE and role_of(name) == TRAINING]
    if training:
        counts = np.sum([_counts(splits.parts[name]) for name in training], axis=0)
        return ", ".join(training), "the training split", counts.tolist()
    return ALL, "no split is named as one for training", whole


def _counts(listing: Listing) -> np.ndarray:
    return np.bincount(listing.labels, minlength=len(spec.load().classes))


def _by_class(counts: np.ndarray) -> dict[str, int]:
    return dict(zip(spec.load().classes, counts.tolist(), strict=True))


def _without_weights(counts: list[int]) -> list[str]:
    missing = [name for name, count in zip(spec.load().classes, counts, strict=True) if not count]
    return [f"no class weights: there are no images of {', '.join(missing)} to train on"] if missing else []
