"""Grids with one mistake each, and unusual right ones."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from ferspec import spec
from ferspec.checks.implementation.answers.explain import Capability
from ferspec.checks.implementation.grid.mistakes import (
    AGREE_BELOW,
    AGREEMENTS,
    METRICS,
    NEAR_UP_TO,
    Published,
    Rule,
    agreement,
    each_known,
    published,
)
from ferspec.spec.records import IDENTITY
from mutants.kinds import mistaken, refusing, right, wrong

CELLS = spec.load().cells
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


def metrics(rule: Rule) -> Capability:
    """Return grids whose metrics are changed, cell by cell."""
    known = {tuple(identity.values()): cell for identity, cell in zip(identities(), CELLS, strict=True)}
    return lambda **identity: rule(published(known[tuple(identity[name] for name in IDENTITY)]))


def a_row_off(**identity: Any) -> Published:
    place = identities().index({name: identity[name] for name in IDENTITY})
    return published(CELLS[(place + 1) % len(CELLS)])


def print_for_reports(metrics: Published) -> Published:
    return {"printed": metrics["printed"], "released": metrics["printed"]}


def reports_for_illegible(metrics: Published) -> Published:
    released = metrics["released"]
    printed = {name: released[name] if value is None else value for name, value in metrics["printed"].items()}
    return {"printed": printed, "released": released}


def macro(metrics: Published) -> Published:
    """Return macro F1 for the one cell of which it is known."""
    if metrics == published(spec.load().cell(REPORTED)):
        assert metrics["released"]["val_f1"] == WEIGHTED_F1
        metrics["released"]["val_f1"] = MACRO_F1
    return metrics


def pairs(partner: Callable[[Any, Any], bool]) -> dict[str, Callable]:
    """Return replicates that are the cells for which a rule holds."""
    found = [
        [first.id, second.id] for place, first in enumerate(CELLS) for second in CELLS[:place] if partner(first, second)
    ]
    return {"replicates": lambda: found}


def both_balancings(first: Any, second: Any) -> bool:
    fields = ("architecture", "weights", "dataset", "resolution")
    return all(getattr(first, field) == getattr(second, field) for field in fields)


def both_resolutions(first: Any, second: Any) -> bool:
    fields = ("architecture", "weights", "dataset", "balancing")
    return first.dataset == "AffectNet" and all(getattr(first, field) == getattr(second, field) for field in fields)


def replicates(first: Any, second: Any) -> bool:
    return both_balancings(first, second) and first.dataset == "AffectNet"


PERCENT = METRICS["metrics are in percent, not shares of 1"]
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
    *mistaken("FER-G-03", "published", {cause: metrics(rule) for cause, rule in METRICS.items()}),
    wrong("FER-G-03", "print in place of the reports", published=metrics(print_for_reports)),
    wrong("FER-G-03", "reports where print is illegible", published=metrics(reports_for_illegible)),
    wrong("FER-G-03", "F1 as macro average", published=metrics(macro)),
    wrong("FER-G-03", "metrics a row off", published=a_row_off),
    wrong(
        "FER-G-03",
        "metrics in percent, and those of ZFNet refused",
        published=refusing(lambda asked: asked["architecture"] == "ZFNet", metrics(PERCENT)),
    ),
    *mistaken("FER-G-04", "agreement", AGREEMENTS),
    wrong("FER-G-04", "the first threshold agrees", agreement=agreement(below=AGREE_BELOW + 1e-9)),
    wrong("FER-G-04", "the second threshold differs", agreement=agreement(up_to=NEAR_UP_TO - 1e-9)),
    wrong(
        "FER-G-04",
        "equal metrics are near",
        agreement=lambda distances: agreement()(distances) if any(distances) else "near",
    ),
    wrong(
        "FER-G-04",
        "distances are added up, and one alone is refused",
        agreement=refusing(lambda asked: len(asked["distances"]) == 1, AGREEMENTS["distances are added up"]),
    ),
    wrong("FER-G-04", "near up to 0.05", agreement=agreement(up_to=0.05)),
    wrong("FER-G-04", "agreement below 0.005", agreement=agreement(below=0.005)),
    wrong("FER-G-05", "pairs of both resolutions", **pairs(both_resolutions)),
    wrong("FER-G-05", "the balancings of every dataset", **pairs(both_balancings)),
    wrong(
        "FER-G-05",
        "the balancings of FER2013",
        **pairs(lambda one, two: both_balancings(one, two) and one.dataset == "FER2013"),
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
    right("FER-G-03", "metrics in float32", published=metrics(each_known(lambda value: value + 3e-8))),
    right("FER-G-03", "more than is asked for", published=metrics(lambda metrics: {**metrics, "epochs": 80})),
    right("FER-G-04", "without rounding of the mean", agreement=agreement(statistics.fmean)),
    right("FER-G-05", "pairs in another order, conservative first", **pairs(replicates)),
)
