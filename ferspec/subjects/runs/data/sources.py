"""Which images a cell is trained, steered and tested on, and where that departs from the protocol; none is read yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference.splits import split_by_class, splits_anew, subset_by_class
from ferspec.spec.records import Cell, Profile
from ferspec.subjects.datasets.data_root import find, look
from ferspec.subjects.datasets.readers import Listing, Published, read_published, read_synthetic, read_test_set
from ferspec.subjects.datasets.readers.synthetic import Draw
from ferspec.subjects.runs.artifacts.record import SYNTHETIC, Drawn, RunDeviation, Settings

BTFER = "BTFER"
DATA = "data"


@dataclass(frozen=True, eq=False)
class Source:
    """The images of one part, none of them read yet."""

    dataset: str
    listing: Listing
    drawn: Drawn | None = None


@dataclass(frozen=True, eq=False)
class Sources:
    """The three parts that a cell needs; BTFER is None where the data root has none."""

    training: Source
    validation: Source
    btfer: Source | None
    deviations: tuple[RunDeviation, ...]


def published_sources(cell: Cell, root: Path, settings: Settings) -> Sources:
    """Return the images of a cell's dataset below the data root, divided as its profile says (FER-D-02 to -04).

    RAF-DB is joined and split within each class, unless the profile is ``paper``; FER2013 and AffectNet keep their own
    parts, and an AffectNet without parts is split at the whole percentage that the runs' totals come nearest to. Of
    every part ``settings.subset`` images are taken. ``settings.seed`` decides both draws.

    ``UserError`` where the dataset or its parts are missing, and where a class has no image to train on.
    """
    place = find(root, cell.dataset)
    found = read_published(cell.dataset, place)
    training, validation = _divided(cell, place, found, settings)
    test = look(root, BTFER)
    parts = {"training": training, "validation": validation}
    if test is not None:
        parts[BTFER] = read_test_set(BTFER, test)
    deviations = list(_count_deviations(cell, parts))
    parts, cut = _cut(parts, settings)
    sources = {name: Source(BTFER if name == BTFER else cell.dataset, listing) for name, listing in parts.items()}
    return Sources(sources["training"], sources["validation"], sources.get(BTFER), (*deviations, *cut))


def synthetic_faces() -> dict[str, Drawn]:
    """Return what the synthetic parts are drawn from, with seeds that no setting changes: all runs see the same faces.

    Training and validation are as uneven as RAF-DB, the test is even as BTFER is; all are cut out close to the face,
    as those datasets are, and have their sizes.
    """
    uneven, even = spec.load().datasets["RAF-DB"], spec.load().datasets[BTFER]
    parts = {
        "training": (uneven, [count // 3 for count in uneven.counts], 1001),
        "validation": (uneven, [count // 20 for count in uneven.counts], 1002),
        BTFER: (even, [count // 3 for count in even.counts], 1003),
    }
    return {
        name: Drawn(counts=counts, drawn_at=like.size[0] * 8 // 5, size=like.size[0], seed=seed)
        for name, (like, counts, seed) in parts.items()
    }


def synthetic_sources(settings: Settings, draw: Draw) -> Sources:
    """Return synthetic faces in the three roles; of a subset the first faces of each class are drawn."""
    classes = len(spec.load().classes)
    most = settings.subset
    if most is not None and most < classes:
        raise UserError(f"a subset of {most} images cannot hold one of each of the {classes} classes: ask for more")
    whole = synthetic_faces()
    faces = {name: face.model_copy(update={"counts": _fewer(face.counts, most)}) for name, face in whole.items()}
    sources = {
        name: Source(SYNTHETIC, read_synthetic(face.counts, face.size, face.seed, draw, face.drawn_at), face)
        for name, face in faces.items()
    }
    effect = "trained, validated and tested on synthetic faces, which certify nothing about people"
    deviations = [RunDeviation(clause="FER-G-02", option=SYNTHETIC, effect=effect)]
    if faces != whole:
        totals = {name: (sum(faces[name].counts), sum(whole[name].counts)) for name in whole}
        deviations.append(_subset_deviation(settings, totals))
    return Sources(sources["training"], sources["validation"], sources[BTFER], tuple(deviations))


def _fewer(counts: tuple[int, ...], most: int | None) -> tuple[int, ...]:
    """Return how many faces of each class a subset has; of the first faces, so that no seed matters."""
    if most is None or sum(counts) <= most:
        return counts
    labels = np.repeat(np.arange(len(counts)), counts)
    return tuple(map(int, counts_of(labels[subset_by_class(labels, most, seed=0)])))


def require_every_class(dataset: str, counts: np.ndarray) -> None:
    """Raise ``UserError`` where a class has no image to train on: its weight would be infinite."""
    missing = [name for name, count in zip(spec.load().classes, counts, strict=True) if not count]
    if missing:
        raise UserError(f"{dataset}: no image of {', '.join(missing)} to train on: every class needs one")


def counts_of(labels: np.ndarray) -> np.ndarray:
    """Return the number of images of each of the seven classes."""
    return np.bincount(labels, minlength=len(spec.load().classes))


def _divided(cell: Cell, place: Path, found: Published, settings: Settings) -> tuple[Listing, Listing]:
    percent = _percent(cell, found, settings.profile)
    if percent is None:
        if found.held_out is None:
            raise UserError(
                f"{place}: {cell.dataset} is trained on in its published parts here, and this download is not divided"
            )
        require_every_class(cell.dataset, counts_of(found.training.labels))
        return found.training, found.held_out
    whole = found.whole()
    require_every_class(cell.dataset, counts_of(whole.labels) * percent // 100)
    training, validation = split_by_class(whole.labels, percent, settings.seed)
    return whole.take(training), whole.take(validation)


def _percent(cell: Cell, found: Published, profile: Profile) -> int | None:
    """Return what share of each class is trained on, or None where the published parts are used."""
    dataset = spec.load().datasets[cell.dataset]
    if dataset.training_percent is not None:
        return dataset.training_percent if splits_anew(profile) else None
    if dataset.training_totals and found.held_out is None:
        training, validation = _totals(cell)
        return round(100 * training / (training + validation))
    return None


def _totals(cell: Cell) -> tuple[int, int]:
    dataset, at = spec.load().datasets[cell.dataset], str(cell.resolution)
    return dataset.training_totals[at], dataset.validation_totals[at]


def _count_deviations(cell: Cell, parts: dict[str, Listing]) -> Iterator[RunDeviation]:
    """Yield how far the images differ in number from Table 1 and from what the runs counted."""
    dataset = spec.load().datasets[cell.dataset]
    counts = {name: counts_of(listing.labels) for name, listing in parts.items()}
    whole = counts["training"] + counts["validation"]
    if dataset.training_totals:
        wanted = dict(zip(("training", "validation"), _totals(cell), strict=True))
        differ = [f"{counts[n].sum():,} {n} images instead of {t:,}" for n, t in wanted.items() if counts[n].sum() != t]
        if sum(wanted.values()) == dataset.total:  # Table 1 counts the selection of this resolution alone
            differ += _differences(whole, dataset.counts)
        yield from _deviation("FER-D-04", differ)
    elif dataset.training is not None:
        held_out = np.subtract(dataset.counts, dataset.training)
        differ = [f"training: {each}" for each in _differences(counts["training"], dataset.training)]
        differ += [f"validation: {each}" for each in _differences(counts["validation"], held_out)]
        yield from _deviation("FER-D-03", differ)
    else:
        yield from _deviation("FER-D-01", _differences(whole, dataset.counts))
    if BTFER in parts:
        yield from _deviation("FER-D-05", _differences(counts[BTFER], spec.load().datasets[BTFER].counts))
    else:
        effect = "the data root has no BTFER: nothing is known of how the model does across domains"
        yield RunDeviation(clause="FER-V-01", option=DATA, effect=effect)


def _differences(found: np.ndarray, wanted: np.ndarray | tuple[int, ...]) -> list[str]:
    rows = zip(spec.load().classes, found, wanted, strict=True)
    return [f"{name} {count:,} instead of {other:,}" for name, count, other in rows if count != other]


def _deviation(clause: str, differences: list[str]) -> Iterator[RunDeviation]:
    if differences:
        yield RunDeviation(clause=clause, option=DATA, effect="; ".join(differences))


def _cut(parts: dict[str, Listing], settings: Settings) -> tuple[dict[str, Listing], tuple[RunDeviation, ...]]:
    most = settings.subset
    if most is None or all(len(listing) <= most for listing in parts.values()):
        return parts, ()
    cut = {
        name: listing if len(listing) <= most else listing.take(subset_by_class(listing.labels, most, settings.seed))
        for name, listing in parts.items()
    }
    return cut, (_subset_deviation(settings, {name: (len(cut[name]), len(parts[name])) for name in parts}),)


def _subset_deviation(settings: Settings, totals: dict[str, tuple[int, int]]) -> RunDeviation:
    effect = ", ".join(f"{name} {some:,} of {whole:,}" for name, (some, whole) in totals.items())
    return RunDeviation(clause="FER-D-01", option=f"--subset {settings.subset}", effect=f"{effect} images")
