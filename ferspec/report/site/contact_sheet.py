"""Figure 1: a contact sheet of the user's own datasets, one image of each class."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.report.shown import data_address, small_picture
from ferspec.report.site.frame import render
from ferspec.subjects.datasets.readers.open import open_splits
from ferspec.subjects.datasets.subject import read_dataset

STEM = "figures/figure-1"


@dataclass(frozen=True)
class Picture:
    """The first image of a class: its path in the dataset, and the address of a small picture."""

    label: str
    path: str
    address: str


@dataclass(frozen=True)
class Sheet:
    """The pictures of a dataset; a class without images has none."""

    name: str
    pictures: dict[str, Picture]


def sheet_of(path: str | Path) -> Sheet:
    """Return the first image of each class of a dataset; only these are decoded.

    The images are those of its first split. ``UserError`` as for ``open_dataset``.
    """
    path = Path(path)
    listing = next(iter(open_splits(path).parts.values())).turned()
    classes = spec.load().classes
    present, first = np.unique(listing.labels, return_index=True)
    name = path.resolve().name if path.is_dir() else path.stem
    images = read_dataset(name, listing.take(first))
    pictures = {
        classes[label]: Picture(classes[label], entry.path, data_address(small_picture(images.image(place))))
        for place, (label, entry) in enumerate(zip(present.tolist(), images.entries, strict=True))
    }
    return Sheet(name, pictures)


def sheet_files(sheets: Sequence[Sheet]) -> Iterator[tuple[str, str]]:
    """Yield path and text of the page of the contact sheet and of its CSV; nothing without sheets."""
    if not sheets:
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["dataset", "class", "image"])
    writer.writerows([sheet.name, label, one.path] for sheet in sheets for label, one in sheet.pictures.items())
    yield f"{STEM}.csv", text.getvalue()
    yield (
        f"{STEM}.html",
        render(
            "contact_sheet.html",
            f"{STEM}.html",
            "Figure 1: Images of the datasets",
            sheets=sheets,
            classes=spec.load().classes,
        ),
    )
