"""Choose the images of a cell, and list departures from the protocol."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference.splits import split_by_class, splits_anew, subset_by_class
from ferspec.spec.records import Cell, Profile
from ferspec.subjects.datasets.data_root import find_dataset, look_up_dataset
from ferspec.subjects.datasets.published_counts import cause_of
from ferspec.subjects.datasets.readers import Listing, PublishedDataset, read_published, read_synthetic, read_test_set
from ferspec.subjects.datasets.readers.synthetic import Draw
from ferspec.subjects.runs.artifacts.record import SYNTHETIC, Drawn, RunDeviation, Settings

BTFER = "BTFER"
DATA = "data"


@dataclass(frozen=True, eq=False)
class SplitSource:
    """List the images of one split before they are read."""

    dataset: str
    listing: Listing
    drawn: Drawn | None = None


@dataclass(frozen=True, eq=False)
class DataSources:
    """Hold the three splits of a cell. ``btfer`` is None if the data root lacks it."""

    training: SplitSource
    validation: SplitSource
    btfer: SplitSource | None
    deviations: tuple[RunDeviation, ...]


def published_sources(cell: Cell, root: Path, settings: Settings) -> DataSources:
    """List the images of a cell's dataset, divided by profile (FER-D-02 to -04).

    RAF-DB is joined and split within each class, except in the profile ``paper``. FER2013 and AffectNet keep their
    published splits; an AffectNet without splits is divided at the rounded percentage of the runs' totals. At most
    ``settings.subset`` images per split are used. ``settings.seed`` determines the division and the subset.

    Raise ``UserError`` if the dataset or its splits are missing, or a class has no training image.
    """
    path = find_dataset(root, cell.dataset)
    training, validation = _divided(cell, path, read_published(cell.dataset, path), settings)
    parts = {"training": training, "validation": validation}
    if (test := look_up_dataset(root, BTFER)) is not None:
        parts[BTFER] = read_test_set(BTFER, test)
    deviations = list(_count_deviations(cell, parts))
    parts, subset_deviations = _subset(parts, settings)
    sources = {name: SplitSource(BTFER if name == BTFER else cell.dataset, listing) for name, listing in parts.items()}
    deviations += subset_deviations
    return DataSources(sources["training"], sources["validation"], sources.get(BTFER), tuple(deviations))


def synthetic_faces() -> dict[str, Drawn]:
    """Return the parameters of the synthetic splits; fixed seeds give all runs the same faces.

    Training and validation have the class proportions and size of RAF-DB, and the test those of BTFER. All are cropped
    close to the face, like these datasets.
    """
    rafdb, btfer = spec.load().datasets["RAF-DB"], spec.load().datasets[BTFER]
    parts = {
        "training": (rafdb, tuple(count // 3 for count in rafdb.counts), 1001),
        "validation": (rafdb, tuple(count // 20 for count in rafdb.counts), 1002),
        BTFER: (btfer, tuple(count // 3 for count in btfer.counts), 1003),
    }
    return {
        name: Drawn(counts=counts, drawn_at=model.size[0] * 8 // 5, size=model.size[0], seed=seed)
        for name, (model, counts, seed) in parts.items()
    }


def synthetic_sources(settings: Settings, draw: Draw) -> DataSources:
    """List synthetic faces for the three splits. A subset uses the first faces of each class."""
    classes = len(spec.load().classes)
    most = settings.subset
    if most is not None and most < classes:
        raise UserError(f"a subset of {most} images cannot contain all {classes} classes: give at least {classes}")
    whole = synthetic_faces()
    faces = {name: face.model_copy(update={"counts": _fewer(face.counts, most)}) for name, face in whole.items()}
    sources = {
        name: SplitSource(SYNTHETIC, read_synthetic(face.counts, face.size, face.seed, draw, face.drawn_at), face)
        for name, face in faces.items()
    }
    effect = "trained, validated and tested on synthetic faces, which certify nothing about people"
    deviations = [RunDeviation(clause="FER-G-02", option=SYNTHETIC, effect=effect)]
    if faces != whole:
        totals = {name: (sum(faces[name].counts), sum(whole[name].counts)) for name in whole}
        deviations.append(_subset_deviation(settings, totals))
    return DataSources(sources["training"], sources["validation"], sources[BTFER], tuple(deviations))


def _fewer(counts: tuple[int, ...], most: int | None) -> tuple[int, ...]:
    """Return the number of faces per class in a subset of at most ``most`` faces."""
    if most is None or sum(counts) <= most:
        return counts
    labels = np.repeat(np.arange(len(counts)), counts)
    return tuple(map(int, counts_of(labels[subset_by_class(labels, most, seed=0)])))


def require_every_class(dataset: str, counts: np.ndarray) -> None:
    """Raise ``UserError`` for a class without training images, whose class weight would be infinite."""
    missing = [name for name, count in zip(spec.load().classes, counts, strict=True) if not count]
    if missing:
        raise UserError(f"{dataset}: there are no training images of {', '.join(missing)}: every class needs one")


def counts_of(labels: np.ndarray) -> np.ndarray:
    """Return the number of images of each of the seven classes."""
    return np.bincount(labels, minlength=len(spec.load().classes))


def _divided(cell: Cell, path: Path, download: PublishedDataset, settings: Settings) -> tuple[Listing, Listing]:
    percent = _percent(cell, download, settings.profile)
    if percent is None:
        if download.held_out is None:
            raise UserError(
                f"{path}: this download of {cell.dataset} has no splits: the published splits are needed for this cell"
            )
        require_every_class(cell.dataset, counts_of(download.training.labels))
        return download.training, download.held_out
    whole = download.whole()
    require_every_class(cell.dataset, counts_of(whole.labels) * percent // 100)
    training, validation = split_by_class(whole.labels, percent, settings.seed)
    return whole.take(training), whole.take(validation)


def _percent(cell: Cell, download: PublishedDataset, profile: Profile) -> int | None:
    """Return the percentage of training images per class, or None to use the published splits."""
    dataset = spec.load().datasets[cell.dataset]
    if dataset.training_percent is not None:
        return dataset.training_percent if splits_anew(profile) else None
    if dataset.training_totals and download.held_out is None:
        training, validation = _totals(cell)
        return round(100 * training / (training + validation))
    return None


def _totals(cell: Cell) -> tuple[int, int]:
    dataset, resolution = spec.load().datasets[cell.dataset], str(cell.resolution)
    return dataset.training_totals[resolution], dataset.validation_totals[resolution]


def _count_deviations(cell: Cell, parts: dict[str, Listing]) -> Iterator[RunDeviation]:
    """Yield deviations from the numbers of images in Table 1 and in the runs."""
    dataset = spec.load().datasets[cell.dataset]
    counts = {name: counts_of(listing.labels) for name, listing in parts.items()}
    whole = counts["training"] + counts["validation"]
    if dataset.training_totals:
        expected = dict(zip(("training", "validation"), _totals(cell), strict=True))
        totals = {name: counts[name].sum() for name in expected}
        differences = [
            f"{totals[name]:,} {name} images instead of {total:,}"
            for name, total in expected.items()
            if totals[name] != total
        ]
        if sum(expected.values()) == dataset.total:  # Table 1 counts the images of one resolution
            differences += _differences(whole, dataset.counts)
        yield from _deviation("FER-D-04", differences)
    elif dataset.training is not None:
        held_out = np.subtract(dataset.counts, dataset.training)
        differences = [f"training: {text}" for text in _differences(counts["training"], dataset.training)]
        differences += [f"validation: {text}" for text in _differences(counts["validation"], held_out)]
        yield from _deviation("FER-D-03", differences)
    else:
        yield from _deviation("FER-D-01", _differences(whole, dataset.counts))
    if BTFER in parts:
        yield from _deviation("FER-D-05", _differences(counts[BTFER], spec.load().datasets[BTFER].counts))
    else:
        effect = "the data root has no BTFER: the performance on another domain is unknown"
        yield RunDeviation(clause="FER-V-01", option=DATA, effect=effect)


def _differences(counts: np.ndarray, expected: np.ndarray | tuple[int, ...]) -> list[str]:
    rows = zip(spec.load().classes, counts, expected, strict=True)
    differences = [f"{name} {count:,} instead of {other:,}" for name, count, other in rows if count != other]
    cause = cause_of(counts.tolist(), list(expected))
    return differences if cause is None else [*differences, f"these are the published counts {cause}"]


def _deviation(clause: str, differences: list[str]) -> Iterator[RunDeviation]:
    if differences:
        yield RunDeviation(clause=clause, option=DATA, effect="; ".join(differences))


def _subset(parts: dict[str, Listing], settings: Settings) -> tuple[dict[str, Listing], list[RunDeviation]]:
    most = settings.subset
    if most is None or all(len(listing) <= most for listing in parts.values()):
        return parts, []
    subsets = {
        name: listing if len(listing) <= most else listing.take(subset_by_class(listing.labels, most, settings.seed))
        for name, listing in parts.items()
    }
    return subsets, [_subset_deviation(settings, {name: (len(subsets[name]), len(parts[name])) for name in parts})]


def _subset_deviation(settings: Settings, totals: dict[str, tuple[int, int]]) -> RunDeviation:
    effect = ", ".join(f"{name} {used:,} of {whole:,}" for name, (used, whole) in totals.items())
    return RunDeviation(clause="FER-D-01", option=f"--subset {settings.subset}", effect=f"{effect} images")
