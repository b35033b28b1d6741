"""Train the grid on GPUs and compare it with its bands: pytest benchmarks -m gpu --fer-data-root DIR.

Each cell is a test, selected with ``--fer-select``. Artifacts are written to ``--fer-artifacts`` (by default ``runs``).
A cell with a finished training there is judged without training it again. Without a GPU, or without the cell's dataset,
a test is not evaluated.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ferspec.errors import NotEvaluable, UserError
from ferspec.grid.judging.judge import CellJudgement, judge_cell
from ferspec.grid.judging.reading import read_results
from ferspec.grid.running.jobs import Event, Job, Limits, jobs_of
from ferspec.grid.running.results import open_results
from ferspec.grid.running.run import run_jobs
from ferspec.grid.training.train import Request
from ferspec.spec.records import Cell, Profile
from ferspec.subjects.runs.artifacts.record import is_run, read_run

# a cell trains for hours
pytestmark = [pytest.mark.gpu, pytest.mark.timeout(0)]

RUNS, SEEDS = "runs", (0,)
# in a separate process: this one must not occupy the GPU memory that the trainings need
COUNT = "import tensorflow; print(len(tensorflow.config.list_physical_devices('GPU')))"


@pytest.fixture(scope="session")
def gpus() -> int:
    """The number of GPUs that TensorFlow finds."""
    return int(
        subprocess.run([sys.executable, "-c", COUNT], capture_output=True, check=True, text=True, timeout=300).stdout
    )


@pytest.fixture(scope="session")
def train(request: pytest.FixtureRequest, gpus: int) -> Callable[[Cell], list[Path]]:
    """A function that trains a cell unless it is finished, and returns the folders of its artifacts.

    ``NotEvaluable`` where there is no GPU, no data root, or the data root lacks the cell's dataset.
    """
    root, out = request.config.getoption("--fer-data-root"), request.config.getoption("--fer-artifacts") or RUNS
    profile = request.config.getoption("--fer-profile")

    def trained(cell: Cell) -> list[Path]:
        if finished := finished_runs(Path(out), cell, profile):
            return finished
        if not gpus:
            raise NotEvaluable("TensorFlow finds no GPU")
        if root is None:
            raise NotEvaluable("no data root was named: add --fer-data-root DIR")
        ends: dict[str, Event] = {}

        def hear(job: Job, event: Event) -> None:
            ends[job.name] = event

        (job,) = jobs_of([cell], SEEDS, Request(cell=cell, out=Path(), data_root=Path(root), profile=profile))
        run_jobs([job], open_results(out), Limits(), hear)
        if ends[job.name].state == "not evaluated":
            raise NotEvaluable(ends[job.name].message)
        if ends[job.name].state == "failed":
            raise UserError(ends[job.name].message)
        return [Path(out, job.name)]

    return trained


def finished_runs(folder: Path, cell: Cell, profile: Profile) -> list[Path]:
    """Return the folders of finished runs of a cell under a profile, with any seed."""
    folders = sorted(path for path in folder.glob("*") if is_run(path))
    runs = {path: read_run(path) for path in folders}
    return [
        path
        for path, run in runs.items()
        if (run.cell, run.status, run.settings.profile) == (cell.id, "finished", profile)
    ]


def test_cell_trained_on_a_gpu_lies_within_its_band(
    grid_cell: Cell,
    train: Callable[[Cell], list[Path]],
    tell: Callable[[CellJudgement], None],
    pytestconfig: pytest.Config,
) -> None:
    """A further training of the cell has every metric in its band."""
    __tracebackhide__ = True
    profile = pytestconfig.getoption("--fer-profile")
    try:
        results = read_results(train(grid_cell))
    except NotEvaluable as reason:
        absent = judge_cell(grid_cell, (), profile)
        tell(absent.model_copy(update={"outcome": absent.outcome.model_copy(update={"message": str(reason)})}))
    except UserError as error:
        pytest.fail(str(error), pytrace=False)
    else:
        tell(judge_cell(grid_cell, results, profile))
