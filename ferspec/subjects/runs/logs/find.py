"""Finds training runs at a path and opens them: run folders, CSVLogger files, TensorBoard, MLflow."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from ferspec.errors import UserError
from ferspec.progress import Progress, silent
from ferspec.spec.records import Profile, Weights
from ferspec.subjects.runs.artifacts.metrics import read_run_report
from ferspec.subjects.runs.artifacts.record import HISTORY, REPORT, RUN, Phase, RunRecord, is_run, read_run
from ferspec.subjects.runs.logs import event_files
from ferspec.subjects.runs.logs import mlflow as mlflow_runs
from ferspec.subjects.runs.logs.csv_logger import read_training_log
from ferspec.subjects.runs.logs.logged_run import Kept, LoggedRun

RUN_FOLDER, CSV = "run folder", "CSVLogger"
LOGS = {".csv", ".tsv", ".log", ".txt"}
DEEPEST = 6
VALIDATION = "validation"
EPOCHS_CAP = "epochs cap"

Opener = Callable[[Path], tuple[LoggedRun, ...]]


@dataclass(frozen=True)
class Found:
    """The runs that were found, and a line for each file that was skipped, with the reason."""

    runs: tuple[LoggedRun, ...]
    skipped: tuple[str, ...]


def find_training_runs(path: str | Path, progress: Progress = silent) -> Found:
    """Return the training runs at a path: a file, the folder of one run, or a folder that is searched for them.

    ``UserError``, in one line, for a path that is not there or is no training run, and a folder without any.
    """
    path = Path(path)
    if not path.is_dir():
        return Found(_open_file(path), ())
    runs: list[LoggedRun] = []
    left: list[str] = []
    if opener := _opener(path):
        runs += _opened(path, opener)
        places = list(_logs_beside(path))
    else:
        places = list(_searched(path, DEEPEST))
    for done, (place, opener) in enumerate(places, start=1):
        try:
            runs += _opened(place, opener)
        except UserError as error:
            left.append(str(error))
        progress("reading logs", done, len(places))
    if not runs:
        told = f": {left[0]}" if len(left) == 1 else ""
        raise UserError(f"{path} holds no training run: no run folder, CSVLogger file, TensorBoard or MLflow log{told}")
    return Found(tuple(runs), tuple(left))


def _opened(place: Path, opener: Opener) -> tuple[LoggedRun, ...]:
    try:
        return opener(place)
    except OSError as error:
        raise UserError(f"cannot read {error.filename or place}: {error.strerror}") from None


def open_run_folder(folder: Path) -> LoggedRun:
    """Return the training whose artifacts this suite left in a folder.

    ``UserError`` for a record, history or report that cannot be read.
    """
    run = read_run(folder)
    if not (folder / HISTORY).is_file():
        raise UserError(f"{folder}: no {HISTORY}: this training is not finished, or its artifacts are not whole")
    log = read_training_log(folder / HISTORY)
    recorded, logged = sum(phase.epochs for phase in run.phases), log.phases[-1].epochs[-1] + 1
    kept, notes = _kept(run, max(recorded, logged))
    return LoggedRun(
        folder,
        RUN_FOLDER,
        log.phases,
        profile=run.settings.profile,
        weights=_weights(run),
        cell=run.cell,
        kept=kept,
        finished=run.status == "finished",
        capped=any(_capped(run, phase) for phase in run.phases),
        validated=_validated(folder),
        end_lost=log.end_lost or logged < recorded,
        notes=log.notes + notes,
        deviations=tuple(f"{of.clause} {of.option}: {of.effect}" for of in run.deviations),
    )


def _weights(run: RunRecord) -> Weights | None:
    known = get_args(Weights)
    if run.start.kind in known:
        return run.start.kind
    return next((name for name in known if f"-{name}-" in run.cell), None)


def _capped(run: RunRecord, phase: Phase) -> bool:
    """Return whether a cap ended a phase: one that was set, and that the phase reached."""
    return phase.ended == EPOCHS_CAP and phase.epochs == run.settings.epochs_cap


def _kept(run: RunRecord, epochs: int) -> tuple[Kept | None, tuple[str, ...]]:
    """Return what the record says was kept, and what is to be noted of it: the run may have had no such epoch."""
    if run.best is None:
        return None, ()
    epoch, accuracy = run.best.epoch, run.best.val_accuracy
    if epoch in range(epochs):
        return Kept(accuracy, epoch), ()
    told = f"{RUN} says that epoch {epoch} was kept, which the run never had: its epochs are 0 to {epochs - 1}"
    return (Kept(accuracy) if 0 <= accuracy <= 1 else None), (told,)


def _validated(folder: Path) -> int | None:
    """Return over how many images an epoch was validated, as the report says."""
    report = read_run_report(folder / REPORT) if (folder / REPORT).is_file() else None
    part = report.parts.get(VALIDATION) if report else None
    return None if part is None else part.as_run.n if part.as_run else part.metrics.n


def _open_file(path: Path) -> tuple[LoggedRun, ...]:
    if not path.is_file():
        raise UserError(f"{path}: " + ("not a regular file" if path.exists() else "no such file or folder"))
    if path.match(event_files.PATTERN):
        return (event_files.read_events(path.parent),)
    if mlflow_runs.is_database(path):
        return mlflow_runs.read_database(path)
    return _open_log(path)


def _open_log(path: Path) -> tuple[LoggedRun, ...]:
    log = read_training_log(path)
    return (LoggedRun(path, CSV, log.phases, end_lost=log.end_lost, notes=log.notes),)


def _opener(folder: Path) -> Opener | None:
    """Return what opens a folder that is a training run itself, or may not be read; None for another one."""
    if not os.access(folder, os.R_OK | os.X_OK):
        return _refuse
    try:
        if is_run(folder):
            return lambda path: (open_run_folder(path),)
        if mlflow_runs.is_run_folder(folder):
            return lambda path: (mlflow_runs.read_run_folder(path),)
        if event_files.has_events(folder):
            return lambda path: (event_files.read_events(path),)
    except PermissionError:
        return _refuse
    return None


def _refuse(folder: Path) -> tuple[LoggedRun, ...]:
    raise UserError(f"cannot read {folder}: permission denied")


def _searched(folder: Path, levels: int, above: tuple[Path, ...] = ()) -> Iterator[tuple[Path, Opener]]:
    above = (*above, folder.resolve())
    for entry in sorted(entry for entry in folder.iterdir() if not entry.name.startswith(".")):
        if entry.is_dir():
            if opener := _opener(entry):
                yield entry, opener
                if opener is not _refuse:
                    yield from _logs_beside(entry)
            elif levels > 1 and entry.resolve() not in above:
                yield from _searched(entry, levels - 1, above)
        elif entry.suffix.lower() in LOGS or entry.suffix == ".db":
            yield entry, _open_file


def _logs_beside(folder: Path) -> Iterator[tuple[Path, Opener]]:
    """Yield the log files that lie beside event files; a run of another kind holds no further ones."""
    if not is_run(folder) and not mlflow_runs.is_run_folder(folder):
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.suffix.lower() in LOGS and not path.match(event_files.PATTERN):
                yield path, _open_file


def with_settings(run: LoggedRun, weights: Weights | None, profile: Profile | None, kept: Kept | None) -> LoggedRun:
    """Return a run with what the user says of it in place of what it says itself."""
    told = {"weights": weights, "profile": profile, "kept": kept}
    return replace(run, **{name: value for name, value in told.items() if value is not None})
