"""Tests training end to end by four small trainings and bands from recorded runs."""

from __future__ import annotations

import json
import math
import statistics
import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from ferspec import spec
from ferspec.checks.generator import checks_for_artifacts
from ferspec.engine import outcome_of
from ferspec.environment import Environment
from ferspec.errors import UserError
from ferspec.files import write_whole
from ferspec.grid.bands.spread import student
from ferspec.grid.cells import all_cells, find_cell
from ferspec.grid.training.train import OpenData, Request, train_cell
from ferspec.outcomes import Outcome, Status
from ferspec.records import Record
from ferspec.required import required
from ferspec.spec.records import Cell
from ferspec.subjects.runs.artifacts.folder import open_run_folder
from ferspec.subjects.runs.artifacts.history import read_history
from ferspec.subjects.runs.artifacts.metrics import read_run_report
from ferspec.subjects.runs.artifacts.record import HISTORY, REPORT, Settings, read_run
from ferspec.subjects.runs.data.load import open_training_data
from ferspec.subjects.runs.data.splits import TrainingData

CELLS, RECORDED = Path(__file__).with_name("cells.toml"), Path(__file__).with_name("runs.json")
LEAST_RUNS = 10


MetricName = Literal["loss", "val_loss", "val_accuracy", "btfer_accuracy", "btfer_f1"]


class SmokeCell(Record):
    """One of the four trainings: a cell on synthetic faces, its epochs and judged metrics."""

    id: str
    epochs: int
    figures: tuple[MetricName, ...] = get_args(MetricName)


class SmokePlan(Record):
    """The trainings, the seeds of the recorded runs, and the seed of any further run."""

    cells: tuple[SmokeCell, ...]
    recorded_seeds: tuple[int, ...]
    seed: int


class SmokeMetrics(Record):
    """The judged metrics: last training loss, lowest validation loss, and those of the report."""

    loss: float
    val_loss: float
    val_accuracy: float
    btfer_accuracy: float
    btfer_f1: float


class SmokeRun(Record):
    """One recorded training: its metrics and the environment it ran in."""

    cell: str
    seed: int
    epochs: int
    figures: SmokeMetrics
    environment: Environment


class SmokeBand(Record):
    """The band of one metric, from ``runs`` recorded trainings, and the judged ``value``."""

    figure: str
    runs: int
    mean: float
    sd: float
    low: float
    high: float
    value: float

    @property
    def within(self) -> bool:
        """Whether the value lies in the band."""
        return self.low <= self.value <= self.high


class SmokeJudgement(Record):
    """One training with its bands; ``problems`` are the failed checks on its artifacts."""

    cell: str
    bands: tuple[SmokeBand, ...]
    problems: tuple[Outcome, ...]


@cache
def smoke_plan() -> SmokePlan:
    """Return the four trainings and the seeds of their recorded runs."""
    return SmokePlan.model_validate(tomllib.loads(CELLS.read_text(encoding="utf-8")))


def recorded_runs(path: Path = RECORDED) -> tuple[SmokeRun, ...]:
    """Return the runs that bands are derived from; none if the file does not exist."""
    if not path.is_file():
        return ()
    return tuple(map(SmokeRun.model_validate, json.loads(path.read_text(encoding="utf-8"))))


def train_smoke_cell(cell: SmokeCell, seed: int, out: Path, open_data: OpenData = open_training_data) -> SmokeRun:
    """Train one of the four into a folder and return its metrics. A finished training is not repeated."""
    request = Request(cell=find_cell(cell.id), out=out, seed=seed, epochs_cap=cell.epochs)
    train_cell(request, open_data=open_data)
    return read_smoke_run(out)


def read_smoke_run(folder: Path) -> SmokeRun:
    """Return the metrics of a finished training; ``UserError`` if an artifact is missing or unreadable."""
    run, rows, parts = read_run(folder), read_history(folder / HISTORY), read_run_report(folder / REPORT).parts
    figures = SmokeMetrics(
        loss=rows[-1].loss,
        val_loss=min(row.val_loss for row in rows),
        val_accuracy=required(parts["validation"].metrics.accuracy.value),
        btfer_accuracy=required(parts["btfer"].metrics.accuracy.value),
        btfer_f1=required(parts["btfer"].metrics.f1.weighted.value),
    )
    return SmokeRun(
        cell=run.cell, seed=run.settings.seed, epochs=len(rows), figures=figures, environment=run.environment
    )


def judge_smoke_cell(folder: Path, recorded: Sequence[SmokeRun] | None = None) -> SmokeJudgement:
    """Judge the metrics of a finished training by bands, and check its artifacts.

    A band is the two-sided prediction interval for one further run, mean ± t · s · √(1 + 1/n) of n recorded runs of the
    same cell and number of epochs. Its level is corrected (Bonferroni) so that all metrics of all four trainings
    together have the level of FER-Z-01. ``UserError`` for fewer than ten recorded runs.
    """
    run = read_smoke_run(folder)
    cell = next((cell for cell in smoke_plan().cells if cell.id == run.cell), None)
    if cell is None:
        known_ids = ", ".join(cell.id for cell in smoke_plan().cells)
        raise UserError(f"{run.cell} is not a cell of the smoke benchmark: known are {known_ids}")
    known = recorded_runs() if recorded is None else recorded
    same = [other.figures for other in known if (other.cell, other.epochs) == (cell.id, cell.epochs)]
    if len(same) < LEAST_RUNS:
        raise UserError(
            f"{cell.id}: {len(same)} runs of {cell.epochs} epochs are recorded, but {LEAST_RUNS} are needed: "
            "record them with python -m ferspec.grid.smoke.trainings"
        )
    bands = tuple(
        _band(name, [getattr(figures, name) for figures in same], getattr(run.figures, name)) for name in cell.figures
    )
    judged = (outcome_of(check, open_run_folder(folder, all_cells())) for check in checks_for_artifacts())
    problems = tuple(outcome for outcome in judged if outcome.status is Status.FAIL)
    return SmokeJudgement(cell=run.cell, bands=bands, problems=problems)


def _band(figure: str, recorded: Sequence[float], value: float) -> SmokeBand:
    comparisons = sum(len(cell.figures) for cell in smoke_plan().cells)
    outside = (1 - spec.load().number("FER-Z-01", "level")) / comparisons
    n, mean, sd = len(recorded), statistics.fmean(recorded), statistics.stdev(recorded)
    reach = student(n - 1, 1 - outside) * sd * math.sqrt(1 + 1 / n)
    return SmokeBand(figure=figure, runs=n, mean=mean, sd=sd, low=mean - reach, high=mean + reach, value=value)


def cached(open_data: OpenData = open_training_data) -> OpenData:
    """Return a function that opens images once for all cells that share them."""
    opened: dict[Any, TrainingData] = {}

    def open_once(
        cell: Cell, data_root: Path | None, settings: Settings, progress: Callable[[int, int], None] | None
    ) -> TrainingData:
        key = (cell.dataset, cell.resolution, data_root, settings.subset)
        if key not in opened:
            opened[key] = open_data(cell, data_root, settings, progress)
        return opened[key]

    return open_once


def record(folder: Path, path: Path = RECORDED, report: Callable[[str], None] = print) -> None:
    """Train and record the missing runs of the plan; an interrupted call can be repeated."""
    plan = smoke_plan()
    wanted = [(cell, seed) for seed in plan.recorded_seeds for cell in plan.cells]
    known = [run for run in recorded_runs(path) if any(_is(run, cell, seed) for cell, seed in wanted)]
    open_data = cached()
    for cell, seed in wanted:
        if any(_is(run, cell, seed) for run in known):
            continue
        run = train_smoke_cell(cell, seed, folder / f"{cell.id}-{cell.epochs}-{seed}", open_data)
        known.append(run)
        _write(known, path)
        report(f"{len(known)} of {len(wanted)}: {cell.id}, seed {seed}: {run.figures}")


def _is(run: SmokeRun, cell: SmokeCell, seed: int) -> bool:
    return (run.cell, run.epochs, run.seed) == (cell.id, cell.epochs, seed)


def _write(runs: Iterable[SmokeRun], path: Path) -> None:
    lines = ",\n".join(run.model_dump_json() for run in runs)
    write_whole(path, f"[\n{lines}\n]\n")


if __name__ == "__main__":
    record(Path("smoke-runs"))
