"""FER-G-01 to FER-G-05: the cells of the published grid, their metrics and the replicates.

Values here are typed from the paper, as an independent witness of the specification.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ferspec import spec
from ferspec.checks.implementation.answers.explain import explained
from ferspec.checks.implementation.answers.judge import close, equal, field, first_failure, judge_each, numbers, rows
from ferspec.checks.implementation.answers.listing import complete
from ferspec.checks.implementation.answers.specification import stated
from ferspec.checks.implementation.bands import checks as bands
from ferspec.checks.implementation.grid.mistakes import (
    AGREE_BELOW,
    AGREEMENTS,
    METRICS,
    NEAR_UP_TO,
    Rule,
    published,
)
from ferspec.engine import Check, checks_by_case
from ferspec.outcomes import CheckResult
from ferspec.spec.names import plain_name
from ferspec.spec.records import IDENTITY, Cell, CellMetrics
from ferspec.subjects.implementations.subject import ImplementationSubject

Identity = tuple[Any, ...]

KINDS = ("printed", "released")
NAMES = tuple(CellMetrics.model_fields)
# Metrics have two decimals; a larger difference is not another framework's rounding.
ROUNDING_ERROR = 2e-6

# Section 4.3, Tables 2 and 3: their rows at 48x48 and at 224x224, and what each is trained on and with.
ROWS = (23, 20)
AXES: dict[str, tuple[str, list[Any]]] = {
    "resolutions": ("resolution", [48, 224]),
    "datasets": ("dataset", ["RAF-DB", "FER2013", "AffectNet"]),
    "balancings": ("balancing", ["simple", "conservative"]),
}
# Table 2, in its order: precision, recall, F1 and accuracy on the validation split, then on BTFER.
TABLE_2 = {
    "VGG16 from ImageNet in Table 2": (
        ("VGG16", "imagenet", 48, "RAF-DB", "simple"),
        (0.78, 0.77, 0.77, 0.77, 0.51, 0.52, 0.51, 0.52),
    ),
    "VGG16 from VGGFace in Table 2": (
        ("VGG16", "vggface", 48, "RAF-DB", "simple"),
        (0.69, 0.64, 0.66, 0.72, 0.39, 0.37, 0.35, 0.45),
    ),
    "VGG16 from scratch in Table 2": (
        ("VGG16", "scratch", 48, "RAF-DB", "simple"),
        (0.76, 0.73, 0.74, 0.73, 0.38, 0.38, 0.36, 0.47),
    ),
}
DISTANCES = {
    "equal metrics agree": ([0.0] * 8, "agree"),
    "one distance of 0.01 agrees": ([0.01], "agree"),
    "one of four agrees on average": ([0.0, 0.0, 0.0, 0.04], "agree"),
    "one of two agrees on average": ([0.0, 0.02], "agree"),
    "two of four agree on average": ([0.02, 0.02, 0.0, 0.0], "agree"),
    "the first threshold is near": ([AGREE_BELOW], "near"),
    "the first threshold twice is near": ([AGREE_BELOW, AGREE_BELOW], "near"),
    "one of four is near on average": ([0.0, 0.0, 0.0, 0.08], "near"),
    "one of three is near on average": ([0.0, 0.0, 0.06], "near"),
    "eight distances of 0.02 are near": ([0.02] * 8, "near"),
    "the second threshold is near": ([NEAR_UP_TO], "near"),
    "above the second threshold differs": ([NEAR_UP_TO + 0.001], "differ"),
    "one of four differs on average": ([0.0, 0.0, 0.0, 0.2], "differ"),
    "four distances of 0.04 differ": ([0.04] * 4, "differ"),
}


def has_the_cells(subject: ImplementationSubject) -> CheckResult:
    """FER-G-01: a cell is a row of Tables 2 and 3, a dataset and a balancing; each exists once, in any order."""
    found = [" ".join(cell) for cell in _cells(subject)]
    wanted = [" ".join(map(_plain, _identity(cell))) for cell in spec.load().cells]
    axes = len(AXES["datasets"][1]) * len(AXES["balancings"][1])
    listed = complete(found, wanted, axes * sum(ROWS), "cells")
    return first_failure([stated("FER-G-01", "rows", ROWS, subject.profile), listed])


def has_the_axes(subject: ImplementationSubject, axis: str) -> CheckResult:
    """FER-G-02: there are two resolutions, three datasets trained on, and two balancings."""
    name, typed = AXES[axis]
    found = {cell[IDENTITY.index(name)] for cell in _cells(subject)}
    values = equal(sorted(found), sorted(map(_plain, typed)), axis)
    return first_failure([stated("FER-G-02", axis, tuple(typed), subject.profile), values])


def publishes_the_metrics(subject: ImplementationSubject, dataset: str) -> CheckResult:
    """FER-G-03: each cell has eight metrics, printed and in the reports, null where one is not known."""
    cells = [cell for cell in spec.load().cells if cell.dataset == dataset]
    return judge_each(lambda cell: _compared(subject, cell), cells)


def prints_table_2(subject: ImplementationSubject, identity: Identity, typed: tuple[float, ...]) -> CheckResult:
    """FER-G-03: the printed metrics of a cell are those of its row of Table 2."""
    printed = field("published", subject.ask("published", **dict(zip(IDENTITY, identity, strict=True))), "printed")
    return first_failure([_metric(printed, name, value) for name, value in zip(NAMES, typed, strict=True)])


def tells_how_well_they_agree(subject: ImplementationSubject, distances: list[float], expected: str) -> CheckResult:
    """FER-G-04: print and reports agree, are near or differ by the mean distance over the metrics known of both."""
    answer = subject.ask("agreement", distances=distances)
    return explained(equal(answer, expected, str(distances)), answer, AGREEMENTS, {"distances": distances})


def pairs_the_replicates(subject: ImplementationSubject) -> CheckResult:
    """FER-G-05: the two balancings of AffectNet are one configuration trained twice, in any order."""
    pairs = [rows("replicates", pair, 2) for pair in rows("replicates", subject.ask("replicates"))]
    found = [" with ".join(sorted(str(id).lower() for id in pair)) for pair in pairs]
    ids = [cell.id for cell in spec.load().cells if cell.dataset == "AffectNet" and cell.balancing == "simple"]
    wanted = [f"{id.removesuffix('simple')}conservative with {id}" for id in ids]
    return complete(found, wanted, sum(ROWS), "pairs")


def _cells(subject: ImplementationSubject) -> list[tuple[str, ...]]:
    cells = rows("cells", subject.ask("cells"))
    return [tuple(_plain(field("cells", cell, name)) for name in IDENTITY) for cell in cells]


def _compared(subject: ImplementationSubject, cell: Cell) -> CheckResult:
    answer = subject.ask("published", **dict(zip(IDENTITY, _identity(cell), strict=True)))
    right = published(cell)

    def metric(kind: str, name: str) -> CheckResult:
        metrics = field("published", answer, kind)
        finding = _metric(metrics, name, right[kind][name], f"{cell.id}, {kind} {name}")
        mistakes = {cause: _by(rule, kind, name) for cause, rule in METRICS.items()}
        return explained(finding, metrics[name], mistakes, {"published": right}, _alike)

    return first_failure([metric(kind, name) for kind in KINDS for name in NAMES])


def _alike(value: float | None, other: float | None) -> bool:
    if value is None or other is None:
        return value is other
    return math.isclose(value, other, rel_tol=0, abs_tol=ROUNDING_ERROR)


def _by(rule: Rule, kind: str, name: str) -> Callable[..., float | None]:
    """Return one metric after a rule is applied."""
    return lambda published: rule(published)[kind][name]


def _metric(metrics: Any, name: str, expected: float | None, label: str = "") -> CheckResult:
    value = field("published", metrics, name)
    if value is not None:
        value = float(numbers("published", value, ()))
    if value is None or expected is None:
        return equal(value, expected, label or name)
    return close(value, expected, ROUNDING_ERROR, [label or name])


def _identity(cell: Cell) -> Identity:
    return tuple(getattr(cell, name) for name in IDENTITY)


def _plain(value: Any) -> str:
    # JSON from some languages writes whole numbers with a decimal point
    whole = isinstance(value, float) and value.is_integer()
    return plain_name(str(int(value) if whole else value))


CHECKS = (
    Check("FER-G-01", has_the_cells, ("cells",)),
    *checks_by_case("FER-G-02", has_the_axes, tuple(AXES), ("cells",)),
    *checks_by_case("FER-G-03", publishes_the_metrics, AXES["datasets"][1], ("published",)),
    *checks_by_case("FER-G-03", prints_table_2, TABLE_2, ("published",)),
    *checks_by_case("FER-G-04", tells_how_well_they_agree, DISTANCES, ("agreement",)),
    Check("FER-G-05", pairs_the_replicates, ("replicates",)),
    *bands.CHECKS,
)
