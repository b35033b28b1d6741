"""Trains one cell of the grid, and returns its artifacts."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import PrivateAttr, ValidationError

from ferspec.api.requests import refusal
from ferspec.api.results.drawing import lines
from ferspec.api.results.measured import Measured, with_interval
from ferspec.errors import UserError
from ferspec.files import write_whole
from ferspec.grid.cells import find_cell
from ferspec.grid.training.train import Request, train_cell
from ferspec.progress import Progress, silent
from ferspec.reference.measured import Evaluation
from ferspec.reference.training.fit import Listener
from ferspec.reference.training.settings import Augment, Precision, TrainingSettings
from ferspec.report.training_curves import curves_svg
from ferspec.spec.records import DEFAULT_PROFILE, Profile
from ferspec.subjects.runs.artifacts.history import read_history
from ferspec.subjects.runs.artifacts.metrics import RunReport, read_run_report
from ferspec.subjects.runs.artifacts.record import CURVES, HISTORY, PREDICTIONS, REPORT, RunRecord, is_run, read_run

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class TrainingRun(Measured, RunRecord):
    """The record of a finished training, with the metrics and tables of its folder.

    The metrics are those on BTFER, or on the validation images where BTFER was not given.
    """

    _folder: Path = PrivateAttr()
    _finished_before: bool = PrivateAttr()

    @classmethod
    def of(cls, run: RunRecord, folder: Path, finished_before: bool) -> TrainingRun:
        """Return the record of a training with its folder."""
        result = cls.model_construct(**dict(run))
        result._folder, result._finished_before = folder, finished_before
        return result

    @property
    def folder(self) -> Path:
        """The folder of the artifacts."""
        return self._folder

    @property
    def finished_before(self) -> bool:
        """Whether the training was finished already, so that nothing was trained."""
        return self._finished_before

    @property
    def report(self) -> RunReport:
        """The metrics of each split."""
        return read_run_report(self._folder / REPORT)

    @property
    def metrics(self) -> Evaluation:
        """The metrics on BTFER, or on the validation images without BTFER."""
        parts = self.report.parts
        return parts.get("btfer", parts["validation"]).metrics

    @property
    def history(self) -> pd.DataFrame:
        """A row per epoch, with its phase, metrics and learning rate."""
        import pandas as pd

        return pd.DataFrame([row.model_dump() for row in read_history(self._folder / HISTORY)]).set_index("epoch")

    def summary(self) -> str:
        """Return the cell, its seed and the accuracy on each split."""
        parts = self.report.parts
        # synthetic faces stand for BTFER in a cell for trials
        splits = {"test" if name == "btfer" else name: part.metrics.accuracy for name, part in parts.items()}
        accuracies = (f"{name} accuracy {with_interval(accuracy)}" for name, accuracy in splits.items())
        departs = f", not a protocol run ({len(self.deviations)} deviations)" if self.deviations else ""
        return f"training of {self.cell}, seed {self.settings.seed}: {', '.join(accuracies)}{departs}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per predicted image: its split, class, predicted class and probabilities."""
        import pandas as pd

        return pd.read_csv(self._folder / PREDICTIONS)

    def to_json(self) -> str:
        """Return the document that ``ferspec train --json`` prints."""
        return self.model_dump_json(indent=2)

    def page(self) -> str:
        """Return the record as a page, with the curves of the training."""
        from ferspec.report.result_page import render_result

        declared = (f"{entry.clause} {entry.option}: {entry.effect}" for entry in self.deviations)
        verdict = "not a protocol run" if self.deviations else "a protocol run"
        table = self.per_class.reset_index()
        return render_result("train", self.cell, verdict, (self.summary(), *declared), table, picture=self._curves())

    def plot_history(self, ax: Axes | None = None) -> Axes:
        """Draw training and validation accuracy over the epochs with Matplotlib; return the axes."""
        history = self.history
        axes = lines({name: history[name].tolist() for name in ("accuracy", "val_accuracy")}, ax)
        axes.set(ylabel="accuracy")
        return axes

    def _write(self, folder: Path) -> None:
        shutil.copytree(self._folder, folder, dirs_exist_ok=True)

    def _curves(self) -> str:
        return curves_svg(read_history(self._folder / HISTORY), f"{self.cell}, seed {self.settings.seed}")


def train(
    cell: str,
    out: str | Path | None = None,
    data_root: str | Path | None = None,
    weights_dir: str | Path | None = None,
    gpus: int | None = None,
    loggers: Iterable[str] = (),
    profile: Profile = DEFAULT_PROFILE,
    seed: int = 0,
    epochs_cap: int | None = None,
    subset: int | None = None,
    skip_unreadable: int = 0,
    augment: Augment = "threads",
    precision: Precision = "float32",
    jit: bool = False,
    progress: Progress = silent,
) -> TrainingRun:
    """Train one cell of the grid by the protocol, and write its artifacts.

    They go to ``out``, by default ``runs/CELL-seedN``. An interrupted training resumes from its last finished epoch; a
    finished one is returned as it is. ``data_root`` holds the datasets and ``weights_dir`` published initial
    weights; ``loggers`` are ``tensorboard`` and ``mlflow``. The others are the options of ``ferspec train``.
    ``epochs_cap`` and ``subset`` are deviations, which the record declares. ``UserError`` for a folder with other
    files or another training, and for missing images or weights.
    """
    try:
        settings = TrainingSettings(
            profile=profile,
            seed=seed,
            epochs_cap=epochs_cap,
            subset=subset,
            skip_unreadable=skip_unreadable,
            augment=augment,
            precision=precision,
            jit=jit,
        )
    except ValidationError as error:
        raise UserError(refusal(error)) from None
    return train_request(request_of(cell, settings, out, data_root, weights_dir, gpus, loggers), progress=progress)


def request_of(
    cell: str,
    settings: TrainingSettings,
    out: str | Path | None = None,
    data_root: str | Path | None = None,
    weights_dir: str | Path | None = None,
    gpus: int | None = None,
    loggers: Iterable[str] = (),
) -> Request:
    """Return the request for a training. ``UserError`` for an unknown cell."""
    found = find_cell(cell)
    return Request(
        cell=found,
        out=Path("runs", f"{found.id}-seed{settings.seed}") if out is None else Path(out),
        data_root=None if data_root is None else Path(data_root),
        weights_dir=None if weights_dir is None else Path(weights_dir),
        **dict(settings),
        gpus=gpus,
        loggers=tuple(loggers),
    )


def train_request(request: Request, listener: Listener | None = None, progress: Progress = silent) -> TrainingRun:
    """Train the cell of a request, and draw its curves."""
    before = read_run(request.out) if is_run(request.out) else None
    run = train_cell(request, listener, progress)
    found = TrainingRun.of(run, request.out, finished_before=run == before)
    # a process may have been killed after writing the artifacts and before drawing the picture
    if not found.finished_before or not (request.out / CURVES).exists():
        write_whole(request.out / CURVES, found._curves())
    return found
