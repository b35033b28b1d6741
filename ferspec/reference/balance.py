"""Describes the balance of classes before and after weighting, as Figs. 9 to 13 do."""

from __future__ import annotations

from collections.abc import Sequence

from ferspec import spec
from ferspec.records import Count, Record
from ferspec.reference.weighting import conservative_weights, simple_weights


class Weighted(Record):
    """The weight of a class, and its images times this weight."""

    weight: float
    images: float


class ClassBalance(Record):
    """The training images of one class, and both weightings; None where a class has no images."""

    name: str
    images: Count
    simple: Weighted | None
    conservative: Weighted | None


def balance_of(counts: Sequence[int]) -> tuple[ClassBalance, ...]:
    """Return images and weights of each class, in the order of the seven classes.

    ``counts`` (7,) are training images per class. Without images of a class, no class has weights. Source: FER-W-01,
    FER-W-02, Figs. 9 to 13.
    """
    rows = list(zip(spec.load().classes, map(int, counts), strict=True))
    if not all(images for _, images in rows):
        return tuple(ClassBalance(name=name, images=images, simple=None, conservative=None) for name, images in rows)
    weights = zip(simple_weights(counts).tolist(), conservative_weights(counts).tolist(), strict=True)
    return tuple(
        ClassBalance(
            name=name,
            images=images,
            simple=Weighted(weight=simple, images=simple * images),
            conservative=Weighted(weight=conservative, images=conservative * images),
        )
        for (name, images), (simple, conservative) in zip(rows, weights, strict=True)
    )
