"""What a site shows besides the published results: trainings and verified certificates."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from ferspec.grid.cells import SYNTHETIC, all_cells
from ferspec.grid.finding.findings import why_skipped
from ferspec.grid.judging.results import Result
from ferspec.grid.judging.trainings import Training
from ferspec.report.site.contact_sheet import Sheet
from ferspec.spec.records import DEFAULT_PROFILE, CellMetrics
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.certificates.signing.assurance import Assurance

UNKNOWN_CELL = "of no known cell"


@dataclass(frozen=True)
class Certified:
    """A certificate that was verified: ``word`` and ``sentence`` say what the verification found."""

    report: Report
    assurance: Assurance
    word: str
    sentence: str


@dataclass(frozen=True)
class Inputs:
    """Trainings and certificates; ``notes`` say what was skipped when they were read, ``sheets`` are of datasets."""

    trainings: tuple[Training, ...] = ()
    certificates: tuple[Certified, ...] = ()
    notes: tuple[str, ...] = ()
    sheets: tuple[Sheet, ...] = ()

    @cached_property
    def measured(self) -> dict[str, CellMetrics]:
        """The mean metrics of each cell of the grid, over the trainings that count."""
        results: dict[str, list[Result]] = {}
        for training in self.trainings:
            if why_left_out(training.result) is None:
                results.setdefault(training.result.cell.lower(), []).append(training.result)
        return {cell: _mean(held) for cell, held in results.items()}

    def of_cell(self, cell: str) -> list[Training]:
        """Return the trainings of a cell."""
        return [one for one in self.trainings if one.result.cell.lower() == cell]


def why_left_out(result: Result) -> str | None:
    """Return why a training does not count for its cell, or None if it does."""
    if result.problems:
        return "its artifacts contradict themselves"
    if result.cell.lower() not in all_cells():
        return UNKNOWN_CELL
    reason = why_skipped(result, DEFAULT_PROFILE)
    return "on synthetic faces" if reason == SYNTHETIC else reason


def _mean(results: Iterable[Result]) -> CellMetrics:
    held = [result.figures for result in results]
    means = {}
    for metric in CellMetrics.model_fields:
        values = [value for one in held if (value := getattr(one, metric)) is not None]
        means[metric] = statistics.fmean(values) if values else None
    return CellMetrics(**means)
