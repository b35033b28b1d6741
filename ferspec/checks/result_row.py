"""The check on one row of a table of results, which shows no predictions that it could be held against (FER-R-14)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ferspec import spec
from ferspec.checks.departures import Departure, finding
from ferspec.engine import Check, Finding
from ferspec.spec.records import Figures

MACRO = "the macro average stands for the weighted one, or one of the two is a misprint"
PARTS = {"val": "validation", "btfer": "BTFER"}


@dataclass(frozen=True)
class ResultRow:
    """The eight figures of a row as a subject; it can do nothing but be looked at."""

    figures: Figures
    capabilities: frozenset[str] = frozenset()

    def why_missing(self, capability: str) -> str:
        return f"a row of results has no {capability}"


def does_not_contradict_itself(row: ResultRow) -> Finding:
    """Weighted recall is accuracy."""
    return finding(_contradictions(row.figures), "weighted recall is accuracy")


ROW_CHECK = Check("FER-R-14", does_not_contradict_itself)


def _contradictions(figures: Figures) -> Iterator[Departure]:
    tolerance = spec.load().value("FER-M-03", "printed_tolerance")
    for part, name in PARTS.items():
        recall, accuracy = (getattr(figures, f"{part}_{figure}") for figure in ("recall", "accuracy"))
        # figures are rounded, and so is what lies between them
        if recall is not None and accuracy is not None and round(abs(recall - accuracy), 6) > tolerance:
            yield Departure(
                f"{name}: weighted recall {recall:.3f}",
                f"{accuracy:.3f}, the accuracy (± {tolerance:g})",
                MACRO,
                recall - accuracy,
            )
