"""Checks that one row of a results table is consistent in itself (FER-R-14)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ferspec import spec
from ferspec.checks.run.mismatches import Mismatch, result_of
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.required import required
from ferspec.spec.records import Cell, CellMetrics

MACRO = "the macro average was reported as the weighted one, or one of the two is a misprint"
MISPRINT = "one of the three is a misprint, or another average"
SPLITS = {"val": "validation", "btfer": "BTFER"}


@dataclass(frozen=True)
class ResultRow:
    """One row as a subject: its eight metrics, cell, and numbers of ``val`` and ``btfer`` images."""

    figures: CellMetrics
    cell: Cell | None = None
    images: Mapping[str, int | None] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()

    def why_missing(self, capability: str) -> str:
        return f"a row of results has no {capability}"


def does_not_contradict_itself(row: ResultRow) -> CheckResult:
    """Recall equals accuracy; F1 is at most the mean of precision and recall.

    Accuracy is a share of the images.
    """
    mismatches = [mismatch for part in SPLITS for rule in RULES for mismatch in rule(row, part)]
    return result_of(mismatches, "weighted recall is accuracy, and F1 is not above precision and recall")


ROW_CHECKS = (Check("FER-R-14", does_not_contradict_itself),)


def _recall_is_accuracy(row: ResultRow, part: str) -> Iterator[Mismatch]:
    tolerance = spec.load().number("FER-M-03", "printed_tolerance")
    recall, accuracy = _figure(row, part, "recall"), _figure(row, part, "accuracy")
    # both metrics are rounded, and so is their difference
    if recall is not None and accuracy is not None and round(abs(recall - accuracy), 6) > tolerance:
        yield Mismatch(
            f"{SPLITS[part]}: weighted recall {recall:.3f}",
            f"{accuracy:.3f}, the accuracy (± {tolerance:g})",
            MACRO,
            recall - accuracy,
        )


def _f1_is_at_most_the_mean(row: ResultRow, part: str) -> Iterator[Mismatch]:
    """Yield a mismatch if F1 is above the mean of precision and recall."""
    precision, recall, f1 = (_figure(row, part, name) for name in ("precision", "recall", "f1"))
    if precision is None or recall is None or f1 is None:
        return
    most, tolerance = (precision + recall) / 2, 2 * _rounding()
    if round(f1 - most, 6) > tolerance:
        yield Mismatch(
            f"{SPLITS[part]}: weighted F1 {f1:.3f}",
            f"at most {most:.3f}, the mean of precision and recall (+ {tolerance:g})",
            MISPRINT,
            f1 - most,
        )


def _accuracy_is_a_share(row: ResultRow, part: str) -> Iterator[Mismatch]:
    accuracy, n = _figure(row, part, "accuracy"), row.images.get(part)
    if n is None:
        return
    most = _images(row.cell, part)
    if n < 1 or (most is not None and n > most):
        yield Mismatch(
            f"{SPLITS[part]}: {n:,} images",
            "at least 1" if most is None else f"at most {most:,}, the size of the split",
            "metrics of other images",
            None if most is None else float(n - most),
        )
    elif accuracy is not None and round(abs(round(accuracy * n) / n - accuracy), 6) > _rounding():
        yield Mismatch(
            f"{SPLITS[part]}: an accuracy of {accuracy:.3f} over {n:,} images",
            f"{round(accuracy * n)} of {n:,}, or another whole number of images",
            "metrics of other images, or a wrong number of images",
        )


RULES = (_recall_is_accuracy, _f1_is_at_most_the_mean, _accuracy_is_a_share)


def _figure(row: ResultRow, part: str, name: str) -> float | None:
    value: float | None = getattr(row.figures, f"{part}_{name}")
    return value


def _rounding() -> float:
    """Return the largest rounding error of a printed metric (FER-M-07)."""
    return 0.5 * 10.0 ** -spec.load().integer("FER-M-07", "decimals")


def _images(cell: Cell | None, part: str) -> int | None:
    """Return how many images a cell can be tested on, or None if unknown."""
    datasets = spec.load().datasets
    if cell is None or cell.dataset not in datasets:
        return None
    dataset = datasets[cell.dataset]
    if part == "btfer":
        return datasets["BTFER"].total
    if dataset.validation_totals:
        return dataset.validation_totals[str(cell.resolution)]
    # the paper gives no counts for the validation split of RAF-DB (FER-D-02)
    return dataset.total - sum(required(dataset.training_counts))
