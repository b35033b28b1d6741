"""Faults by which a run poses as a protocol run: repeated pictures, exchanged classes, undeclared settings.

As those of ``faults``, they recompute the digests of the record.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ferspec.subjects.datasets.manifest import Entry
from ferspec.subjects.runs.artifacts.manifest import read_manifest
from ferspec.subjects.runs.artifacts.record import CONTRACT, MANIFEST, RUN
from helpers.faults.planted import edit, put_manifest, put_predictions, sign


def _with_pixels(entries: tuple[Entry, ...], pixels: list[str]) -> tuple[Entry, ...]:
    """Return entries under their own names with the pixels of others, as often as needed."""
    return tuple(
        entry.model_copy(update={"pixels_sha256": pixels[index % len(pixels)]}) for index, entry in enumerate(entries)
    )


def put_pictures(folder: Path, name: str, pixels: list[str], count: int | None = None) -> None:
    """Give the first images of a part other pixels, in the manifest and in the predictions."""
    parts = read_manifest(folder / MANIFEST)
    count = len(parts[name]) if count is None else count
    changed = (*_with_pixels(parts[name][:count], pixels), *parts[name][count:])
    put_manifest(folder, parts | {name: changed})
    digests = tuple(entry.pixels_sha256 for entry in changed)
    put_predictions(
        folder, lambda split, predictions: replace(predictions, pixels_sha256=digests) if split == name else predictions
    )


def validated_on_training_pixels(folder: Path) -> None:
    """Every validation image is one of the training images, under another name."""
    trained = [entry.pixels_sha256 for entry in read_manifest(folder / MANIFEST)["training"]]
    put_pictures(folder, "validation", trained)


def btfer_of_seven_pictures(folder: Path) -> None:
    """Seven pictures, each 300 times."""
    first = [entry.pixels_sha256 for entry in read_manifest(folder / MANIFEST)["btfer"][:7]]
    put_pictures(folder, "btfer", first)


def btfer_of_another_dataset(folder: Path) -> None:
    edit(folder, RUN, lambda run: run["data"]["btfer"].update(dataset="FER2013"))


def classes_exchanged(folder: Path) -> None:
    """The contract has Happy and Neutral the other way round."""
    text = (folder / CONTRACT).read_text()
    assert '"Happy", "Neutral"' in text
    (folder / CONTRACT).write_text(text.replace('"Happy", "Neutral"', '"Neutral", "Happy"'))
    sign(folder)


def colours_exchanged(folder: Path) -> None:
    text = (folder / CONTRACT).read_text()
    assert '"rgb"' in text
    (folder / CONTRACT).write_text(text.replace('"rgb"', '"bgr"'))
    sign(folder)


def subset_asked_for(folder: Path) -> None:
    edit(folder, RUN, lambda run: run["settings"].update(subset=1074))


def cap_asked_for(folder: Path) -> None:
    edit(folder, RUN, lambda run: run["settings"].update(epochs_cap=3))


def other_initial_rate(folder: Path) -> None:
    """Only the record says so."""
    edit(folder, RUN, lambda run: run["phases"][0].update(initial_rate=0.01))
