"""The doubts about printed values of a cell: misprints that the specification knows, value by value."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ferspec import spec
from ferspec.spec.records import Cell, CellMetrics

Kind = Literal["differs", "impossible"]
SPLITS = ("val", "btfer")
AVERAGES = ("precision", "recall", "f1", "accuracy")
METRICS = tuple(f"{split}_{name}" for split in SPLITS for name in AVERAGES)
# half a unit of the last printed digit, and what the sum of a metric and the mean of two others may be off by
ROUNDING, OF_MEAN = 0.005, 0.01
# half a unit of the printed millions of parameters
HALF_MILLION = 0.5


class Doubt(NamedTuple):
    """Why a printed value is doubted: it ``differs`` from the released one, or is ``impossible`` beside the others."""

    kind: Kind
    reason: str


def doubts_of(cell: Cell) -> dict[str, Doubt]:
    """Return the doubts about the printed metrics of a cell, by metric."""
    found = {}
    for metric in METRICS:
        printed, released = getattr(cell.printed, metric), getattr(cell.released, metric)
        if printed is not None and released is not None and _exceeds(abs(printed - released), ROUNDING):
            found[metric] = Doubt("differs", f"the released report has {released:.2f}")
    return found | _impossible(cell.printed)


def parameter_doubt(printed: float | None, run: int) -> Doubt | None:
    """Return the doubt about a printed number of millions of parameters."""
    if printed is None or abs(run / 1e6 - printed) <= HALF_MILLION:
        return None
    return Doubt("differs", f"the network that was run has {run:,}")


def _impossible(printed: CellMetrics) -> dict[str, Doubt]:
    tolerance = spec.load().number("FER-M-03", "printed_tolerance")
    found: dict[str, Doubt] = {}
    for split in SPLITS:
        precision, recall, f1, accuracy = (getattr(printed, f"{split}_{name}") for name in AVERAGES)
        if recall is not None and accuracy is not None and _exceeds(abs(recall - accuracy), tolerance):
            said = f"weighted recall and accuracy are one number, and {recall:.2f} and {accuracy:.2f} are printed"
            found |= {f"{split}_{name}": Doubt("impossible", said) for name in ("recall", "accuracy")}
        if None not in (precision, recall, f1) and _exceeds(f1 - (precision + recall) / 2, OF_MEAN):
            said = "a mean of harmonic means is at most the mean of precision and recall"
            found[f"{split}_f1"] = Doubt("impossible", said)
    return found


def _exceeds(difference: float, tolerance: float) -> bool:
    # a binary sum of hundredths may lie on either side of a threshold
    return round(difference, 6) > tolerance
