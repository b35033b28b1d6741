"""Grids in which a statement of FER-F is clearly false, and grids in which it is true.

What is planted is written out here, not taken from what the clause selects: where a clause selected other cells than
its title speaks of, the grid in which it is true would not support it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ferspec.checks.implementation.findings.checks import ENDS
from ferspec.checks.implementation.findings.mistakes import MEANS, mean_difference, student
from ferspec.grid.finding import findings as grid_findings
from ferspec.grid.judging.results import Result
from ferspec.outcomes import CheckResult, Status
from ferspec.spec.records import DEFAULT_PROFILE, Cell, CellMetrics
from helpers.planted_grids import planted
from mutants.kinds import Mutant, Right, judged_implementation, mistaken, refusing, right, wrong

Value = Callable[[Cell], float]

USUAL = 0.5
# two trainings of a cell do not differ this much by chance
FAR = 0.2
# this number of trainings of each cell leaves little to chance
MANY = 9
LARGE = ("VGGNet", "RepVGG", "ResNet50", "AlexNet", "ZFNet")

STATUSES = {
    "supported": Status.PASS,
    "not supported": Status.FAIL,
    "within noise": Status.INCONCLUSIVE,
    "not evaluated": Status.NOT_EVALUATED,
}


@dataclass(frozen=True)
class Statement:
    """A clause, the accuracies of a grid in which it is ``true``, and of one in which it is ``false``, for a reason.

    ``on_btfer`` are those on BTFER in the grid in which it is true, where they are not those in validation.
    """

    clause: str
    why_false: str
    true: Value
    false: Value
    on_btfer: Value | None = None

    def mutant(self) -> Mutant:
        return Mutant(self.clause, self.why_false, lambda: findings_on(trained(self.false), self.clause))


def findings_on(results: Iterable[Result], clause: str) -> tuple[CheckResult, ...]:
    """Return what a grid says of a statement, figure by figure; what is within noise decides nothing."""
    said = grid_findings.findings(results).findings
    return tuple(
        CheckResult(status=STATUSES[each.outcome], message=each.reason, observed=each.figure, expected=each.stated)
        for each in said
        if each.clause == clause
    )


def trained(value: Value, on_btfer: Value | None = None) -> list[Result]:
    """Return many trainings of every cell, all of that accuracy in validation, and on BTFER of the same or another."""
    pairs = zip(planted(value, noisy=False), planted(on_btfer or value, noisy=False), strict=True)
    return MANY * [
        one.model_copy(update={"figures": replace_btfer(one.figures, other.figures.btfer_accuracy)})
        for one, other in pairs
    ]


def replace_btfer(figures: CellMetrics, accuracy: float | None) -> CellMetrics:
    return figures.model_copy(update={"btfer_accuracy": accuracy})


def lift(by: float, **where: Any) -> Value:
    """Return the accuracy of every cell: higher by so much where all fields are as named, or one of those named."""
    wanted = {name: value if isinstance(value, tuple) else (value,) for name, value in where.items()}
    return lambda cell: USUAL + by * all(getattr(cell, name) in values for name, values in wanted.items())


def either(first: Value, second: Value) -> Value:
    return lambda cell: max(first(cell), second(cell))


def either_way(clause: str, why_false: str, **where: Any) -> Statement:
    """Return a statement that some cells exceed all others: true where they do, false where they fall behind."""
    return Statement(clause, why_false, lift(FAR, **where), lift(-FAR, **where))


def rafdb_first(numbers: tuple[int, int], **where: Any) -> Iterator[Statement]:
    """Yield that RAF-DB exceeds FER2013, and AffectNet, among some cells: false where RAF-DB gives least."""
    for number, other in zip(numbers, ("FER2013", "AffectNet"), strict=True):
        yield either_way(f"FER-F-{number}", f"{other} exceeds RAF-DB", dataset="RAF-DB", **where)


STATEMENTS = (
    Statement(
        "FER-F-02",
        "48×48 exceeds 224×224 on RAF-DB",
        lift(0.06, dataset="RAF-DB", resolution=224),
        lift(-0.06, dataset="RAF-DB", resolution=224),
        lift(0.09, dataset="RAF-DB", resolution=224),
    ),
    Statement(
        "FER-F-03",
        "48×48 exceeds 224×224 on RAF-DB",
        lift(0.09 * USUAL, dataset="RAF-DB", resolution=224),
        lift(-0.09 * USUAL, dataset="RAF-DB", resolution=224),
        lift(0.19 * USUAL, dataset="RAF-DB", resolution=224),
    ),
    either_way("FER-F-04", "48×48 exceeds 224×224 on FER2013", dataset="FER2013", resolution=224),
    either_way("FER-F-05", "48×48 exceeds 224×224 on AffectNet", dataset="AffectNet", resolution=224),
    either_way("FER-F-07", "scratch exceeds ImageNet", architecture="VGG16", resolution=48, weights="imagenet"),
    either_way("FER-F-08", "VGGFace exceeds scratch", architecture="VGG16", resolution=48, weights="scratch"),
    either_way("FER-F-09", "scratch exceeds VGGFace", architecture="VGG16", resolution=224, weights="vggface"),
    either_way("FER-F-10", "ImageNet exceeds VGGFace", architecture="VGG16", resolution=224, weights="vggface"),
    Statement(
        "FER-F-11",
        "VGGFace helps at 48×48 alone",
        lift(FAR, architecture="VGG16", weights="vggface", resolution=224),
        lift(FAR, architecture="VGG16", weights="vggface", resolution=48),
    ),
    Statement(
        "FER-F-12",
        "ImageNet helps at 48×48 alone",
        lift(FAR, architecture="VGG16", weights="imagenet", resolution=224),
        lift(FAR, architecture="VGG16", weights="imagenet", resolution=48),
    ),
    Statement(
        "FER-F-13",
        "simple weighting exceeds the conservative one",
        lift(0.03, architecture="VGG16", resolution=48, balancing="conservative"),
        lift(-0.03, architecture="VGG16", resolution=48, balancing="conservative"),
    ),
    either_way("FER-F-14", "uncapped weights exceed capped ones", dataset="RAF-DB", balancing="conservative"),
    either_way("FER-F-16", "simple weighting exceeds", resolution=48, weights="scratch", balancing="conservative"),
    Statement(
        "FER-F-17",
        "pre-trained networks alone gain",
        lift(FAR, weights="scratch", resolution=48, balancing="conservative"),
        lift(FAR, weights=("imagenet", "vggface"), resolution=48, balancing="conservative"),
    ),
    Statement(
        "FER-F-18",
        "the balancing matters at 224×224 alone",
        lift(FAR, resolution=48, balancing="conservative"),
        lift(FAR, resolution=224, balancing="conservative"),
    ),
    *rafdb_first((19, 20), resolution=48, balancing="simple"),
    *rafdb_first((21, 22), resolution=48, balancing="conservative"),
    *rafdb_first((23, 24), resolution=224, balancing="simple"),
    *rafdb_first((25, 26), resolution=224, balancing="conservative"),
    either_way("FER-F-27", "FER2013 exceeds AffectNet", resolution=224, dataset="AffectNet"),
    either_way("FER-F-29", "the best training is on another dataset", resolution=48, dataset="RAF-DB"),
    either_way("FER-F-30", "the best training is on another dataset", resolution=224, dataset="RAF-DB"),
    either_way("FER-F-31", "another network is the best", architecture="ResNet18", resolution=48, dataset="RAF-DB"),
    Statement(
        "FER-F-32",
        "ResNet50 is the best from ImageNet",
        lift(FAR, architecture="ResNet50", weights="vggface", resolution=224, dataset="RAF-DB"),
        lift(FAR, architecture="ResNet50", weights="imagenet", resolution=224, dataset="RAF-DB"),
    ),
    Statement(
        "FER-F-33",
        "the best start from ImageNet",
        lift(FAR, weights="vggface", resolution=224, dataset="RAF-DB"),
        lift(FAR, weights="imagenet", resolution=224, dataset="RAF-DB"),
    ),
    Statement(
        "FER-F-34",
        "large networks alone exceed 0.70",
        lift(2 * FAR, architecture=("LeNet5", *LARGE), resolution=48, dataset="RAF-DB"),
        lift(2 * FAR, architecture=LARGE, resolution=48, dataset="RAF-DB"),
    ),
)
BY_CLAUSE = {statement.clause: statement for statement in STATEMENTS}


def unmutated(clause: str) -> tuple[CheckResult, ...]:
    """Return what is found of a statement on the grid in which it is true, and of the suite's own way to judge one."""
    if clause not in BY_CLAUSE:
        return judged_implementation(clause, DEFAULT_PROFILE, {})
    statement = BY_CLAUSE[clause]
    return findings_on(trained(statement.true, statement.on_btfer), clause)


def beyond(clause: str, name: str, value: Value) -> Mutant:
    return Mutant(clause, name, lambda: findings_on(trained(value), clause))


def zero_without_pairs(differences: list[float], architectures: list[str], unit: str) -> dict[str, float] | None:
    return mean_difference()(differences, architectures, unit) if differences else dict.fromkeys(ENDS, 0.0)


def in_single_precision(units: np.ndarray) -> np.ndarray:
    return student(units).astype(np.float32)


# ---- right variations


def one_training_of_each() -> Sequence[CheckResult]:
    """As the grid is published: trainings of a cell are apart by chance."""
    return findings_on(planted(BY_CLAUSE["FER-F-04"].true, seed=1), "FER-F-04")


def some_cells_missing() -> Sequence[CheckResult]:
    """One in twenty was never trained, and the others come in any order."""
    results = planted(BY_CLAUSE["FER-F-31"].true, noisy=False)
    return findings_on([result for place, result in enumerate(reversed(results)) if place % 20], "FER-F-31")


def validation_alone() -> Sequence[CheckResult]:
    """A table that has no figures on BTFER."""
    results = trained(BY_CLAUSE["FER-F-09"].true)
    return findings_on(
        [result.model_copy(update={"figures": replace_btfer(result.figures, None)}) for result in results], "FER-F-09"
    )


MUTANTS: tuple[Mutant | Right, ...] = (
    *mistaken("FER-F-01", "mean_difference", MEANS),
    wrong("FER-F-01", "a mean of 0 where there are no pairs", mean_difference=zero_without_pairs),
    wrong(
        "FER-F-01",
        "the normal distribution for Student's, and losses refused",
        mean_difference=refusing(
            lambda asked: min(asked["differences"], default=0) < 0,
            MEANS["the normal distribution stands for Student's"],
        ),
    ),
    wrong(
        "FER-F-01",
        "two networks judged, and no pairs refused",
        mean_difference=refusing(lambda asked: not asked["differences"], MEANS["two units are judged"]),
    ),
    right("FER-F-01", "single precision", mean_difference=mean_difference(in_single_precision)),
    *(statement.mutant() for statement in STATEMENTS),
    beyond("FER-F-02", "224×224 gains 0.3, five times what is stated", lift(0.3, dataset="RAF-DB", resolution=224)),
    beyond("FER-F-03", "224×224 gains 60 %", lift(0.3, dataset="RAF-DB", resolution=224)),
    beyond(
        "FER-F-13",
        "a pair gains 0.3, ten times the most that is stated",
        lift(0.3, architecture="VGG16", weights="imagenet", dataset="RAF-DB", resolution=48, balancing="conservative"),
    ),
    beyond(
        "FER-F-33",
        "one of the five best starts from ImageNet",
        either(
            lift(FAR, architecture=("VGG16", "ResNet50"), weights="vggface", resolution=224, dataset="RAF-DB"),
            lift(FAR, architecture="VGG16", weights="imagenet", resolution=224, dataset="RAF-DB"),
        ),
    ),
    Right("FER-F-04", "one training of each cell", one_training_of_each),
    Right("FER-F-09", "figures in validation alone", validation_alone),
    Right("FER-F-31", "some cells missing, in another order", some_cells_missing),
)
