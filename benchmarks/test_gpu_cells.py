"""The whole grid, trained on GPUs and held against its bands: pytest benchmarks -m gpu --fer-data-root DIR.

A test a cell, chosen with ``-k``; artifacts go to ``--fer-artifacts`` (by default ``runs``), and what is finished there
is judged without being trained again. Without a GPU, or without the cell's dataset, a test is not evaluated.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ferspec.errors import NotEvaluable, UserError
from ferspec.grid.judging import CellJudgement, judge_cell
from ferspec.grid.reading import read_results
from ferspec.grid.running.jobs import Event, Job, Limits, jobs_of
from ferspec.grid.running.results import open_results
from ferspec.grid.running.run import run_jobs
from ferspec.grid.training import Request
from ferspec.spec import load
from ferspec.spec.records import Cell

pytestmark = pytest.mark.gpu

RUNS, SEEDS = "runs", (0,)
# in a process of its own: this one must not hold the memory of a GPU that the trainings need
COUNT = "import tensorflow; print(len(tensorflow.config.list_physical_devices('GPU')))"


@pytest.fixture(scope="session")
def gpus() -> int:
    """The number of GPUs that TensorFlow sees."""
    return int(subprocess.run([sys.executable, "-c", COUNT], capture_output=True, check=True, text=True).stdout)


@pytest.fixture(scope="session")
def train(request: pytest.FixtureRequest, gpus: int) -> Callable[[Cell], str]:
    """A function that trains a cell unless it is finished, and returns where its artifacts are.

    ``NotEvaluable`` where there is no GPU, no data root, or the data root lacks the cell's dataset.
    """
    root, out = request.config.getoption("--fer-data-root"), request.config.getoption("--fer-artifacts") or RUNS

    def trained(cell: Cell) -> str:
        if not gpus:
            raise NotEvaluable("TensorFlow sees no GPU")
        if root is None:
            raise NotEvaluable("no data root was named: add --fer-data-root DIR")
        ends: dict[str, Event] = {}

        def hear(job: Job, event: Event) -> None:
            ends[job.name] = event

        (job,) = jobs_of([cell], SEEDS, Request(cell=cell, out=Path(), data_root=Path(root)))
        run_jobs([job], open_results(out), Limits(), hear)
        if ends[job.name].state == "not evaluated":
            raise NotEvaluable(ends[job.name].message)
        if ends[job.name].state == "failed":
            raise UserError(ends[job.name].message)
        return f"{out}/{job.name}"

    return trained


@pytest.mark.parametrize("cell", load().cells, ids=lambda cell: cell.id)
def test_cell_trained_on_a_gpu_lies_within_its_band(
    cell: Cell, train: Callable[[Cell], str], tell: Callable[[CellJudgement], None]
) -> None:
    """A further training of the cell has every figure in its band."""
    __tracebackhide__ = True
    try:
        results = read_results([train(cell)])
    except NotEvaluable as reason:
        absent = judge_cell(cell, ())
        tell(absent.model_copy(update={"outcome": absent.outcome.model_copy(update={"message": str(reason)})}))
    except UserError as error:
        pytest.fail(str(error), pytrace=False)
    else:
        tell(judge_cell(cell, results))
