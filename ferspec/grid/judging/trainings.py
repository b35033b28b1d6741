"""Trainings with what their pages show: metrics of each split, per class, and the history of the epochs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ferspec.grid.judging.results import Result
from ferspec.reference.measured import Evaluation
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.subjects.runs.artifacts.history import read_history
from ferspec.subjects.runs.artifacts.metrics import read_run_report
from ferspec.subjects.runs.artifacts.record import HISTORY, REPORT, is_run


@dataclass(frozen=True)
class Training:
    """One training; a row of a table has neither ``parts``, the metrics of each split, nor ``history``."""

    result: Result
    parts: tuple[tuple[str, Evaluation], ...] = ()
    history: tuple[EpochRow, ...] = ()

    @property
    def name(self) -> str:
        """The name of its folder, or of its table with the line."""
        return Path(self.result.source).name


def with_details(results: Iterable[Result]) -> tuple[Training, ...]:
    """Return trainings with what their folders hold besides the result.

    Artifacts that are unfinished or contradict themselves show no details.
    """
    return tuple(map(_with_details, results))


def _with_details(result: Result) -> Training:
    folder = Path(result.source)
    if result.problems or not result.complete or not is_run(folder):
        return Training(result)
    report = read_run_report(folder / REPORT)
    return Training(
        result=result,
        parts=tuple((name, part.metrics) for name, part in report.parts.items()),
        history=tuple(read_history(folder / HISTORY)),
    )
