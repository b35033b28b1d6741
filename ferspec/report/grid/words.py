"""The words that terminal and page share for the judgement of cells."""

from __future__ import annotations

from collections.abc import Iterable

from ferspec.grid.judging.judge import CellJudgement, CellStatus, GridJudgement, MetricJudgement
from ferspec.report.words import ORDER, level

SPLITS = {"val": "validation", "btfer": "BTFER"}
MEASURES = {"f1": "F1"}
MEANINGS: dict[CellStatus, str] = {
    "within": "every known metric lies in its band",
    "above": "asks for an explanation: leakage, another split",
    "below": "a metric is lower than expected of a run of this cell",
    "contradictory": "artifacts or a row that contradict themselves; inconclusive for misprints of the paper",
    "incomplete": "unfinished, or an accuracy is missing",
    "absent": "no training of the cell was given",
    "not a protocol run": "declared deviations, or another profile",
    "unpublished": "no metric of the cell is known",
}


def metric_name(figure: str) -> str:
    """Return a metric in words: ``val_f1`` gives ``validation F1``."""
    part, _, measure = figure.partition("_")
    return f"{SPLITS[part]} {MEASURES.get(measure, measure)}"


def with_band(figure: MetricJudgement) -> str:
    """Return a metric with its band: ``0.940, expected 0.706 to 0.873 (+0.067; published 0.79, released)``."""
    band = figure.band
    by = f"{figure.by:+.3f}; " if figure.by else ""
    value = "unknown" if figure.value is None else f"{figure.value:.3f}"
    return f"{value}, expected {band.low:.3f} to {band.high:.3f} ({by}published {band.expected:.2f}, {band.source})"


def chance(judgement: GridJudgement) -> str:
    """Return the number of metrics outside their bands, and the number expected by chance."""
    return (
        f"{judgement.outside:,} of {judgement.judged:,} metrics lie outside their bands of {level()}; "
        f"chance alone puts at most about {judgement.by_chance:.0f} there"
    )


def most_urgent_first(cells: Iterable[CellJudgement]) -> list[CellJudgement]:
    """Sort cells: failures, cells that ask for an explanation, the others."""
    return sorted(cells, key=lambda cell: (ORDER[cell.outcome.status], cell.status))
