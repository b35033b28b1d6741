"""Trains one cell of the grid into a folder of artifacts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ferspec import spec
from ferspec.environment import environment
from ferspec.errors import UserError
from ferspec.grid.cells import find_cell
from ferspec.grid.training.evaluate import cap_that_ended, predict_split
from ferspec.grid.training.loggers import Logger, open_loggers, require_loggers
from ferspec.grid.training.writing import begun_run, remove_leftovers, write_artifacts, write_record
from ferspec.progress import Progress, silent
from ferspec.reference.models.catalogue import uses_vggface
from ferspec.reference.models.vggface import require_vggface
from ferspec.reference.schedule import batch_size, phases_of, steps_per_epoch
from ferspec.reference.training.devices import require_even, strategy_over
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.reference.training.fit import Listener, Outlook, Task, Trained, rows_of, train, training_scope
from ferspec.reference.training.settings import TrainingSettings
from ferspec.reference.weighting import WEIGHTINGS
from ferspec.spec.records import Cell
from ferspec.subjects.models.quiet import keras, quiet
from ferspec.subjects.runs.artifacts.predictions import RunPredictions
from ferspec.subjects.runs.artifacts.record import (
    SPLITS,
    STATE,
    Best,
    Phase,
    RunDeviation,
    RunRecord,
    Settings,
    SplitName,
    Start,
)
from ferspec.subjects.runs.data.decided import decided_splits
from ferspec.subjects.runs.data.load import open_training_data
from ferspec.subjects.runs.data.splits import ImageSplit, TrainingData
from ferspec.zoo import contract_of

if TYPE_CHECKING:
    from ferspec.reference.models import Built

LOCK = ".lock"
WEIGHTS = "starting weights"
OpenData = Callable[[Cell, Path | None, Settings, Callable[[int, int], None] | None], TrainingData]


class Request(TrainingSettings):
    """The settings of a training, its cell, and the folders of input and output.

    ``gpus`` is the number of GPUs to use, by default all.
    """

    cell: Cell
    out: Path
    data_root: Path | None = None
    weights_dir: Path | None = None
    gpus: int | None = None
    loggers: tuple[str, ...] = ()


def train_cell(
    request: Request,
    listener: Listener | None = None,
    progress: Progress = silent,
    open_data: OpenData = open_training_data,
) -> RunRecord:
    """Train a cell, write its artifacts and return their record. A finished training is returned as it is.

    ``open_data`` opens the images, for callers that train several cells on the same ones. The listener's ``begin`` is
    called after all checks of folder, images and weights have passed.

    ``UserError`` for a folder with other files or another training, for missing images or weights, and for everything
    that ``reference.training.fit.train`` refuses; finished epochs are kept, and the same request resumes the training.
    """
    require_loggers(request.loggers)
    if uses_vggface(request.cell.architecture, request.cell.weights):
        require_vggface()
    keras()
    with quiet():
        strategy = strategy_over(request.gpus)
    settings = _settings(request, strategy.num_replicas_in_sync)
    with _locked(request.out):
        known = begun_run(request.out, request.cell.id, settings)
        if known is not None and known.status == "finished":
            _remove_state(request.out)
            remove_leftovers(request.out)
            return known
        data = open_data(request.cell, request.data_root, settings, partial(progress, "reading images"))
        steps_per_epoch(len(data.training), settings.global_batch)
        weights = class_weights(request.cell, data.training)
        with training_scope(settings, strategy):
            built = _build(request)
            run = _record(request, settings, data, built, weights)
            _require_same_beginning(known, run)
            write_record(request.out, run)
            task = _task(request, settings, data, built, weights)
            with _logged(request, run, listener or Listener()) as heard:
                heard.begin(tuple(decided_splits(run.data, run.deviations)))
                trained = train(built.model, task, request.out / STATE, heard)
        return _finish(request.out, run, data, built, trained, progress)


def class_weights(cell: Cell, training: ImageSplit) -> np.ndarray:
    """Return the class weights (7,) of the cell's balancing, from the training images only (FER-W-03)."""
    counts = np.bincount(training.labels, minlength=len(spec.load().classes))
    return WEIGHTINGS[cell.balancing](counts)


def _settings(request: Request, replicas: int) -> Settings:
    batch = batch_size(request.profile)
    require_even(batch, replicas)
    asked = {name: getattr(request, name) for name in TrainingSettings.model_fields}
    return Settings(**asked, global_batch=batch, replicas=replicas)


def _build(request: Request) -> Built:
    from ferspec.reference.models import build

    cell = request.cell
    return build(
        cell.architecture, cell.resolution, cell.weights, profile=request.profile, weights_dir=request.weights_dir
    )


def _task(request: Request, settings: Settings, data: TrainingData, built: Built, weights: np.ndarray) -> Task:
    return Task(
        training=data.training,
        validation=data.validation,
        class_weights=weights,
        preprocessing=built.preprocessing,
        plans=phases_of(request.cell.weights, settings.profile),
        batch=settings.global_batch,
        settings=settings,
    )


def _record(request: Request, settings: Settings, data: TrainingData, built: Built, weights: np.ndarray) -> RunRecord:
    book = spec.load()
    return RunRecord(
        cell=request.cell.id,
        status="running",
        settings=settings,
        deviations=(*data.deviations, *_other_weights(request.cell, built)),
        start=Start(kind=built.start.kind, file=built.start.file, sha256=built.start.sha256),
        class_weights=dict(zip(book.classes, map(float, weights), strict=True)),
        data={name: part.record() for name, part in data.splits.items()},
        environment=environment({}),
        spec_version=book.version,
        spec_digest=book.digest,
    )


def _other_weights(cell: Cell, built: Built) -> Iterator[RunDeviation]:
    """Yield a deviation if the weights file has the published name but another content."""
    if built.start.published is False:
        effect = f"{built.start.file} is not the published file of the {cell.weights} weights: its md5 differs"
        yield RunDeviation(clause="FER-P-01", option=WEIGHTS, effect=effect)


def _finish(
    out: Path, run: RunRecord, data: TrainingData, built: Built, trained: Trained, progress: Progress
) -> RunRecord:
    """Predict, write every artifact, the record last, and remove the state for resuming."""
    contract, batch = contract_of(built), run.settings.global_batch
    predictions: dict[SplitName, RunPredictions] = {
        name: predict_split(trained.predict, part, contract, batch, f"predicting {name}", progress)
        for name, part in data.splits.items()
        if name != "training"
    }
    finished = run.model_copy(
        update={
            "status": "finished",
            "deviations": (*run.deviations, *cap_that_ended(run.settings, trained.ended)),
            "phases": _phases(run, trained),
            "best": Best(epoch=trained.best.epoch, phase=trained.best.phase, val_accuracy=trained.best.val_accuracy),
            "environment": environment({"train": trained.seconds}),
        }
    )
    written = write_artifacts(out, finished, trained.network, contract, predictions, data, trained.rows)
    _remove_state(out)
    return written


def _remove_state(out: Path) -> None:
    """Remove the state for resuming; an earlier process may have been killed before doing so."""
    if (out / STATE).exists():
        shutil.rmtree(out / STATE)


@contextmanager
def _logged(request: Request, run: RunRecord, listener: Listener) -> Iterator[Listener]:
    """Yield a listener that also sends every epoch to the requested loggers."""
    loggers = open_loggers(request.loggers, request.out, run)
    try:
        yield _Logging(listener, loggers)
    finally:
        for logger in loggers:
            logger.close()


class _Logging(Listener):
    def __init__(self, listener: Listener, loggers: Sequence[Logger]) -> None:
        self._loggers, self._listener = loggers, listener

    def begin(self, lines: Sequence[str]) -> None:
        self._listener.begin(lines)

    def resume(self, rows: Sequence[EpochRow]) -> None:
        self._listener.resume(rows)

    def step(self, epoch: int, done: int, steps: int) -> None:
        self._listener.step(epoch, done, steps)

    def epoch(self, rows: Sequence[EpochRow], outlook: Outlook) -> None:
        for logger in self._loggers:
            # after an interruption the logger may lack several rows; it skips those it has
            for row in rows:
                logger.log(row)
        self._listener.epoch(rows, outlook)


def _phases(run: RunRecord, trained: Trained) -> tuple[Phase, ...]:
    plans = phases_of(find_cell(run.cell).weights, run.settings.profile)
    return tuple(
        Phase(
            phase=number,
            frozen=plan.frozen,
            initial_rate=plan.initial_rate,
            epochs=len(rows_of(trained.rows, number)),
            ended=ended,
        )
        for number, (plan, ended) in enumerate(zip(plans, trained.ended, strict=True), start=1)
    )


def _require_same_beginning(known: RunRecord | None, now: RunRecord) -> None:
    """Raise ``UserError`` if a training would resume with other images, initial weights or specification."""
    if known is None:
        return
    for name in SPLITS:
        before, after = (run.data.get(name) for run in (known, now))
        if (before and before.manifest_digest) != (after and after.manifest_digest):
            raise UserError(
                f"the {name} images are not those this training started with: give the same --data-root, or another "
                "--out"
            )
    if known.start != now.start:
        raise UserError(
            "the initial weights are not those this training started with: give the same --weights-dir, or another "
            "--out"
        )
    if known.spec_digest != now.spec_digest:
        raise UserError(
            f"this training started with another specification ({known.spec_version}): start again in another --out"
        )


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock a folder against other processes. Remove it afterwards if it was created here and is still empty."""
    from filelock import FileLock, Timeout

    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(f"{folder}: another process is training into this folder") from None
    except FileExistsError:
        raise UserError(f"{folder} is a file, not a folder: choose another --out") from None
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror or error}") from None
    try:
        yield
    finally:
        lock.release()
        if made and [path.name for path in folder.iterdir()] == [LOCK]:
            _remove_made(made)


def _remove_made(folders: Sequence[Path]) -> None:
    """Remove folders that hold only a lock, from the innermost to one in use."""
    with suppress(OSError):
        (folders[0] / LOCK).unlink()
        for folder in folders:
            folder.rmdir()
