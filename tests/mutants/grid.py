"""Grids with one mistake each, and some that are unusual but right."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from ferspec import spec
from ferspec.spec.records import IDENTITY
from mutants.kinds import refusing, right, wrong

CELLS = spec.load().cells
KINDS = ("printed", "released")
# The classification report of this cell: F1 of each class averaged without and with the support of the classes.
REPORTED = "vgg16-imagenet-48-rafdb-simple"
MACRO_F1, WEIGHTED_F1 = 0.68, 0.77

Rows = list[dict[str, Any]]


def identities() -> Rows:
    return [{name: getattr(cell, name) for name in IDENTITY} for cell in CELLS]


def cells(change: Callable[[Rows], Rows]) -> dict[str, Callable]:
    return {"cells": lambda: change(identities())}


def with_a_point(rows: Rows) -> Rows:
    """As JSON of a language writes them that has no whole numbers."""
    return [{**row, "resolution": float(row["resolution"])} for row in rows]


def with_value(axis: str, value: Any, other: Any) -> dict[str, Callable]:
    """Return grids in which a value of an axis is another."""
    return cells(lambda rows: [{**row, axis: other if row[axis] == value else row[axis]} for row in rows])


def figures_of(place: int) -> dict[str, Any]:
    cell = CELLS[place % len(CELLS)]
    return {"printed": cell.printed.model_dump(), "released": cell.released.model_dump()}


def published(change: Callable[[dict[str, Any], int], dict[str, Any]]) -> dict[str, Callable]:
    """Return grids whose figures are changed, cell by cell."""
    places = {tuple(row.values()): place for place, row in enumerate(identities())}

    def figures(architecture, weights, resolution, dataset, balancing):
        place = places[architecture, weights, resolution, dataset, balancing]
        return change(figures_of(place), place)

    return {"published": figures}


def each_figure(change: Callable[[float], float | None]) -> dict[str, Callable]:
    def changed(figures: dict[str, Any], _: int) -> dict[str, Any]:
        return {
            kind: {name: None if value is None else change(value) for name, value in figures[kind].items()}
            for kind in KINDS
        }

    return published(changed)


def printed_for_released(figures: dict[str, Any], _: int) -> dict[str, Any]:
    return {"printed": figures["printed"], "released": figures["printed"]}


def confused_parts(figures: dict[str, Any], _: int) -> dict[str, Any]:
    other = {"val": "btfer", "btfer": "val"}
    return {
        kind: {f"{other[name.split('_')[0]]}_{name.split('_')[1]}": value for name, value in figures[kind].items()}
        for kind in KINDS
    }


def macro(figures: dict[str, Any], place: int) -> dict[str, Any]:
    if CELLS[place].id == REPORTED:
        assert figures["released"]["val_f1"] == WEIGHTED_F1
        figures["released"]["val_f1"] = MACRO_F1
    return figures


def with_zeros(figures: dict[str, Any], _: int) -> dict[str, Any]:
    return {kind: {name: value or 0.0 for name, value in figures[kind].items()} for kind in KINDS}


def released_for_illegible(figures: dict[str, Any], _: int) -> dict[str, Any]:
    released = figures["released"]
    printed = {name: released[name] if value is None else value for name, value in figures["printed"].items()}
    return {"printed": printed, "released": released}


def by_mean(distances: Sequence[float]) -> float:
    return round(sum(distances) / len(distances), 6)


def agreement(
    measure: Callable[[Sequence[float]], float], agree: Callable[[float], bool], near: Callable[[float], bool]
) -> dict[str, Callable]:
    def words(distances):
        value = measure(distances)
        return "agree" if agree(value) else "near" if near(value) else "differ"

    return {"agreement": words}


def pairs(partner: Callable[[Any, Any], bool]) -> dict[str, Callable]:
    """Return replicates that are the cells for which a rule holds."""
    found = [
        [first.id, second.id] for place, first in enumerate(CELLS) for second in CELLS[:place] if partner(first, second)
    ]
    return {"replicates": lambda: found}


def row_of(cell: Any) -> tuple:
    return cell.architecture, cell.weights


def replicates(first: Any, second: Any) -> bool:
    alike = (row_of(first), first.dataset, first.resolution) == (row_of(second), second.dataset, second.resolution)
    return alike and first.dataset == "AffectNet"


MUTANTS = (
    wrong("FER-G-01", "255 cells", **cells(lambda rows: rows[:-3])),
    wrong("FER-G-01", "a cell twice, another not at all", **cells(lambda rows: [*rows[:-1], rows[0]])),
    wrong("FER-G-01", "a cell too many, twice in it", **cells(lambda rows: [*rows, rows[0]])),
    wrong(
        "FER-G-01",
        "RAF-DB is missing at 224x224",
        **cells(lambda rows: [row for row in rows if (row["dataset"], row["resolution"]) != ("RAF-DB", 224)]),
    ),
    wrong(
        "FER-G-01",
        "every network at both resolutions",
        **cells(lambda rows: [{**row, "resolution": side} for row in rows[:138] for side in (48, 224)]),
    ),
    wrong("FER-G-01", "another architecture", **with_value("architecture", "ZFNet", "SqueezeNet")),
    wrong("FER-G-01", "VGG16 from ImageNet alone", **with_value("weights", "vggface", "imagenet")),
    wrong("FER-G-02", "96 pixels", **with_value("resolution", 224, 96)),
    wrong("FER-G-02", "one resolution", **cells(lambda rows: [row for row in rows if row["resolution"] == 48])),
    wrong("FER-G-02", "CK+ for FER2013", **with_value("dataset", "FER2013", "CK+")),
    wrong("FER-G-02", "a fourth dataset", **cells(lambda rows: [*rows, {**rows[0], "dataset": "BTFER"}])),
    wrong(
        "FER-G-02", "oversampling for conservative weights", **with_value("balancing", "conservative", "oversampled")
    ),
    wrong("FER-G-02", "a third balancing", **cells(lambda rows: [*rows, {**rows[0], "balancing": "none"}])),
    wrong("FER-G-03", "print in place of the reports", **published(printed_for_released)),
    wrong("FER-G-03", "reports where print is illegible", **published(released_for_illegible)),
    wrong("FER-G-03", "F1 as macro average", **published(macro)),
    wrong("FER-G-03", "validation and BTFER confused", **published(confused_parts)),
    wrong("FER-G-03", "figures in percent", **each_figure(lambda value: 100 * value)),
    wrong("FER-G-03", "figures with one decimal", **each_figure(lambda value: round(value, 1))),
    wrong("FER-G-03", "0 for what is not known", **published(with_zeros)),
    wrong("FER-G-03", "figures a row off", **published(lambda _, place: figures_of(place + 1))),
    wrong(
        "FER-G-03",
        "figures in percent, and those of ZFNet refused",
        published=refusing(
            lambda asked: asked["architecture"] == "ZFNet", each_figure(lambda value: 100 * value)["published"]
        ),
    ),
    wrong("FER-G-04", "the largest distance decides", **agreement(max, lambda at: at < 0.0125, lambda at: at <= 0.03)),
    wrong(
        "FER-G-04",
        "the median distance decides",
        **agreement(statistics.median, lambda at: at < 0.0125, lambda at: at <= 0.03),
    ),
    wrong("FER-G-04", "distances are added up", **agreement(sum, lambda at: at < 0.0125, lambda at: at <= 0.03)),
    wrong(
        "FER-G-04", "the first threshold agrees", **agreement(by_mean, lambda at: at <= 0.0125, lambda at: at <= 0.03)
    ),
    wrong(
        "FER-G-04", "the second threshold differs", **agreement(by_mean, lambda at: at < 0.0125, lambda at: at < 0.03)
    ),
    wrong(
        "FER-G-04",
        "distances are added up, and one alone is refused",
        agreement=refusing(
            lambda asked: len(asked["distances"]) == 1,
            agreement(sum, lambda at: at < 0.0125, lambda at: at <= 0.03)["agreement"],
        ),
    ),
    wrong("FER-G-04", "near up to 0.05", **agreement(by_mean, lambda at: at < 0.0125, lambda at: at <= 0.05)),
    wrong("FER-G-04", "agreement below 0.005", **agreement(by_mean, lambda at: at < 0.005, lambda at: at <= 0.03)),
    wrong(
        "FER-G-05",
        "pairs of both resolutions",
        **pairs(
            lambda one, two: (
                (row_of(one), one.dataset, one.balancing) == (row_of(two), two.dataset, two.balancing)
                and one.dataset == "AffectNet"
            )
        ),
    ),
    wrong(
        "FER-G-05",
        "the balancings of every dataset",
        **pairs(
            lambda one, two: (row_of(one), one.dataset, one.resolution) == (row_of(two), two.dataset, two.resolution)
        ),
    ),
    wrong(
        "FER-G-05",
        "the balancings of FER2013",
        **pairs(
            lambda one, two: (
                (row_of(one), one.dataset, one.resolution) == (row_of(two), two.dataset, two.resolution)
                and one.dataset == "FER2013"
            )
        ),
    ),
    wrong("FER-G-05", "pairs at 48x48 alone", **pairs(lambda one, two: replicates(one, two) and one.resolution == 48)),
    wrong(
        "FER-G-05",
        "cells that stand below each other",
        replicates=lambda: [[one.id, two.id] for one, two in pairwise(CELLS) if one.dataset == "AffectNet"][:43],
    ),
    right("FER-G-01", "cells in another order", **cells(lambda rows: rows[::-1])),
    right(
        "FER-G-01",
        "names in small letters, and more said of each cell",
        **cells(
            lambda rows: [
                {**row, "architecture": row["architecture"].lower(), "dataset": row["dataset"].lower(), "epochs": 80}
                for row in rows
            ]
        ),
    ),
    *(right(clause, "resolutions with a point", **cells(with_a_point)) for clause in ("FER-G-01", "FER-G-02")),
    right("FER-G-02", "names without their hyphen", **with_value("dataset", "RAF-DB", "RAFDB")),
    right("FER-G-03", "figures in float32", **each_figure(lambda value: value + 3e-8)),
    right("FER-G-03", "more than is asked for", **published(lambda figures, place: {**figures, "place": place})),
    right(
        "FER-G-04",
        "without rounding of the mean",
        **agreement(statistics.fmean, lambda at: at < 0.0125, lambda at: at <= 0.03),
    ),
    right(
        "FER-G-05",
        "pairs in another order, conservative first",
        **pairs(replicates),
    ),
)
