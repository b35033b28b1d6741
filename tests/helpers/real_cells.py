"""Real cells of the smallest size, for tests of running many: three epochs on seventy faces."""

from pathlib import Path

from ferspec.grid.cells import find_cell
from ferspec.grid.training.train import Request, train_cell
from ferspec.reference.training.fit import Listener
from ferspec.subjects.runs.artifacts.record import read_run
from helpers.tiny.cells import CELL, hold, misbehave, note

EPOCHS = 3
TRAINER = "helpers.real_cells:train"
# a record also tells when and where, and a model file when it was packed
TOLD = ("history.csv", "predictions.csv", "manifest.csv", "contract.toml")


def options(trace):
    """Return a request for small trainings that note their epochs in a folder."""
    cell = find_cell(CELL)
    return Request(cell=cell, out=Path("unused"), weights_dir=Path(trace), subset=70, epochs_cap=EPOCHS, gpus=0)


def train(request, listener):
    """Train as the grid does, but note each finished epoch, and wait after it where it is held."""
    misbehave(request)

    class Noting(Listener):
        def epoch(self, rows, outlook):
            note(request, len(rows) - 1)
            listener.epoch(rows, outlook)
            hold(request, len(rows) - 1)

    train_cell(request, Noting())


def results(out):
    """Return what each run of a folder found, by the run's name."""
    runs = [path.parent for path in Path(out).glob("*/predictions.csv")]
    return {run.name: [read_run(run).best, *((run / name).read_bytes() for name in TOLD)] for run in runs}
