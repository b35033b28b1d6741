"""The table of a description: a row for each class, the same on the page, in Python and as CSV."""

from __future__ import annotations

import csv
import io

from ferspec.reference.balance import Weighted
from ferspec.subjects.datasets.description import Description

AFTER = ("simple_weight", "simple_images", "conservative_weight", "conservative_images")
Cell = str | int | float | None


def columns(found: Description) -> list[str]:
    """Return the headings: class, the splits, the images to train on, and both weightings."""
    return ["class", *(part.name for part in found.parts), "to_train_on", *AFTER]


def rows(found: Description) -> list[list[Cell]]:
    """Return a row per class, unrounded; None where there are no weights."""
    return [
        [
            one.name,
            *(part.images[one.name] for part in found.parts),
            one.images,
            *_numbers(one.simple),
            *_numbers(one.conservative),
        ]
        for one in found.classes
    ]


def as_csv(found: Description) -> str:
    """Return the table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns(found))
    writer.writerows(rows(found))
    return text.getvalue()


def _numbers(weighted: Weighted | None) -> tuple[float | None, float | None]:
    return (None, None) if weighted is None else (weighted.weight, weighted.images)
