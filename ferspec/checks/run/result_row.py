"""The check on one row of a table of results, which shows no predictions that it could be held against (FER-R-14)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ferspec import spec
from ferspec.checks.run.departures import Departure, finding
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.spec.records import Cell, Figures

MACRO = "the macro average stands for the weighted one, or one of the two is a misprint"
MISPRINT = "one of the three is a misprint, or another average"
PARTS = {"val": "validation", "btfer": "BTFER"}


@dataclass(frozen=True)
class ResultRow:
    """The eight figures of a row as a subject, its cell, and over how many images of ``val`` and ``btfer`` they are.

    It can do nothing but be looked at.
    """

    figures: Figures
    cell: Cell | None = None
    images: Mapping[str, int | None] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()

    def why_missing(self, capability: str) -> str:
        return f"a row of results has no {capability}"


def does_not_contradict_itself(row: ResultRow) -> CheckResult:
    """Weighted recall is accuracy, F1 is not above precision and recall, and accuracy is a share of the images."""
    departures = [each for part in PARTS for rule in RULES for each in rule(row, part)]
    return finding(departures, "weighted recall is accuracy, and F1 is not above precision and recall")


ROW_CHECKS = (Check("FER-R-14", does_not_contradict_itself),)


def _recall_is_accuracy(row: ResultRow, part: str) -> Iterator[Departure]:
    tolerance = spec.load().number("FER-M-03", "printed_tolerance")
    recall, accuracy = _figure(row, part, "recall"), _figure(row, part, "accuracy")
    # figures are rounded, and so is what lies between them
    if recall is not None and accuracy is not None and round(abs(recall - accuracy), 6) > tolerance:
        yield Departure(
            f"{PARTS[part]}: weighted recall {recall:.3f}",
            f"{accuracy:.3f}, the accuracy (± {tolerance:g})",
            MACRO,
            recall - accuracy,
        )


def _f1_is_between(row: ResultRow, part: str) -> Iterator[Departure]:
    """A harmonic mean is not above the arithmetic one, class by class, and so neither are averages of them."""
    precision, recall, f1 = (_figure(row, part, name) for name in ("precision", "recall", "f1"))
    if precision is None or recall is None or f1 is None:
        return
    most, tolerance = (precision + recall) / 2, 2 * _rounding()
    if round(f1 - most, 6) > tolerance:
        yield Departure(
            f"{PARTS[part]}: weighted F1 {f1:.3f}",
            f"at most {most:.3f}, the mean of precision and recall (+ {tolerance:g})",
            MISPRINT,
            f1 - most,
        )


def _accuracy_is_a_share(row: ResultRow, part: str) -> Iterator[Departure]:
    accuracy, n = _figure(row, part, "accuracy"), row.images.get(part)
    if n is None:
        return
    most = _images(row.cell, part)
    if n < 1 or (most is not None and n > most):
        yield Departure(
            f"{PARTS[part]}: {n:,} images",
            "at least 1" if most is None else f"at most {most:,}, as many as there are",
            "figures of other images",
            None if most is None else float(n - most),
        )
    elif accuracy is not None and round(abs(round(accuracy * n) / n - accuracy), 6) > _rounding():
        yield Departure(
            f"{PARTS[part]}: an accuracy of {accuracy:.3f} over {n:,} images",
            f"{round(accuracy * n)} of {n:,}, or another whole number of them",
            "figures of other images, or a wrong number of images",
        )


RULES = (_recall_is_accuracy, _f1_is_between, _accuracy_is_a_share)


def _figure(row: ResultRow, part: str, name: str) -> float | None:
    return getattr(row.figures, f"{part}_{name}")


def _rounding() -> float:
    """Return how far a figure may lie from what was printed (FER-M-07)."""
    return 0.5 * 10 ** -spec.load().integer("FER-M-07", "decimals")


def _images(cell: Cell | None, part: str) -> int | None:
    """Return how many images there are to test a cell on, or None where that is not known."""
    datasets = spec.load().datasets
    dataset = None if cell is None else datasets.get(cell.dataset)
    if dataset is None:
        return None
    if part == "btfer":
        return datasets["BTFER"].total
    if dataset.validation_totals:
        return dataset.validation_totals[str(cell.resolution)]
    # the text validates RAF-DB on a part of which it gives no counts (FER-D-02)
    return dataset.total - sum(dataset.training_counts)
