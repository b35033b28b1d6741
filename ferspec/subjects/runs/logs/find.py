"""Find and open training runs: run folders, tables, JSON, Keras' output, TensorBoard and MLflow logs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from ferspec.errors import UserError
from ferspec.progress import Progress, silent
from ferspec.spec.records import Profile, Weights
from ferspec.subjects.runs.artifacts.metrics import read_run_report
from ferspec.subjects.runs.artifacts.record import HISTORY, REPORT, RUN, Phase, RunRecord, is_run, read_run
from ferspec.subjects.runs.logs import event_files
from ferspec.subjects.runs.logs import mlflow as mlflow_runs
from ferspec.subjects.runs.logs.logged_run import Kept, LoggedRun
from ferspec.subjects.runs.logs.phases import first_epoch_of
from ferspec.subjects.runs.logs.training_log import PICKLES, read_training_log

RUN_FOLDER = "run folder"
LOGS = {".csv", ".tsv", ".log", ".txt", ".out", ".json", ".jsonl", *PICKLES}
DEEPEST = 6
VALIDATION: Literal["validation"] = "validation"
EPOCHS_CAP = "epochs cap"

Opener = Callable[[Path], tuple[LoggedRun, ...]]


@dataclass(frozen=True)
class SearchResult:
    """Hold the runs found, and one line for each skipped file."""

    runs: tuple[LoggedRun, ...]
    skipped: tuple[str, ...]


def find_training_runs(path: str | Path, progress: Progress = silent) -> SearchResult:
    """Open the training runs of a file, of a run folder, or below another folder.

    Raise ``UserError`` for a missing path, a file that is not a log, or a folder without runs.
    """
    path = Path(path)
    if not path.is_dir():
        return SearchResult(_open_file(path), ())
    runs: list[LoggedRun] = []
    skipped: list[str] = []
    if opener := _opener(path):
        runs += _opened(path, opener)
        candidates = list(_logs_beside(path))
    else:
        candidates = list(_candidates(path, DEEPEST))
    for done, (candidate, opener) in enumerate(candidates, start=1):
        try:
            runs += _opened(candidate, opener)
        except UserError as error:
            skipped.append(str(error))
        progress("reading logs", done, len(candidates))
    if not runs:
        reason = f": {skipped[0]}" if len(skipped) == 1 else ""
        raise UserError(
            f"{path} holds no training run: no run folder, table of epochs, JSON, TensorBoard or MLflow log{reason}"
        )
    return SearchResult(tuple(runs), tuple(skipped))


def _opened(path: Path, opener: Opener) -> tuple[LoggedRun, ...]:
    try:
        return opener(path)
    except OSError as error:
        raise UserError(f"cannot read {error.filename or path}: {error.strerror}") from None


def open_run_log(folder: Path) -> LoggedRun:
    """Open the logged epochs and the record of a run folder of this suite.

    Raise ``UserError`` for an unreadable record, history or report.
    """
    run = read_run(folder)
    if not (folder / HISTORY).is_file():
        raise UserError(f"{folder}: {HISTORY} is missing: the training is not finished, or its folder is incomplete")
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
        phases_named=True,
        notes=log.notes + notes,
        deviations=tuple(f"{entry.clause} {entry.option}: {entry.effect}" for entry in run.deviations),
    )


def _weights(run: RunRecord) -> Weights | None:
    known: tuple[Weights, ...] = get_args(Weights)
    start = next((name for name in known if name == run.start.kind), None)
    return start or next((name for name in known if f"-{name}-" in run.cell), None)


def _capped(run: RunRecord, phase: Phase) -> bool:
    """Return whether the epochs cap of the settings ended a phase."""
    return phase.ended == EPOCHS_CAP and phase.epochs == run.settings.epochs_cap


def _kept(run: RunRecord, epochs: int) -> tuple[Kept | None, tuple[str, ...]]:
    """Return the kept checkpoint, and a note if the run lacks its epoch."""
    if run.best is None:
        return None, ()
    epoch, accuracy = run.best.epoch, run.best.val_accuracy
    if epoch in range(epochs):
        return Kept(accuracy, epoch), ()
    note = f"{RUN} says that epoch {epoch} was kept, but the epochs of the run are 0 to {epochs - 1}"
    return (Kept(accuracy) if 0 <= accuracy <= 1 else None), (note,)


def _validated(folder: Path) -> int | None:
    """Return the number of validation images per epoch, as reported."""
    report = read_run_report(folder / REPORT) if (folder / REPORT).is_file() else None
    part = report.parts.get(VALIDATION) if report else None
    return None if part is None else part.as_run.n if part.as_run else part.metrics.n


def _open_file(path: Path) -> tuple[LoggedRun, ...]:
    if not path.is_file():
        raise UserError(f"{path}: " + ("not a regular file" if path.exists() else "no such file or folder"))
    if path.match(event_files.PATTERN):
        return (event_files.read_events(path.parent),)
    if mlflow_runs.is_sqlite(path):
        return mlflow_runs.read_mlflow_database(path)
    return _open_log(path)


def _open_log(path: Path) -> tuple[LoggedRun, ...]:
    log = read_training_log(path)
    notes = list(log.notes)
    return (
        LoggedRun(
            path,
            log.format,
            log.phases,
            end_lost=log.end_lost,
            first_epoch=first_epoch_of(log.phases, notes),
            phases_named=log.phases_named,
            notes=tuple(notes),
        ),
    )


def _opener(folder: Path) -> Opener | None:
    """Return the function that opens a run folder or refuses an unreadable one, or None."""
    if not os.access(folder, os.R_OK | os.X_OK):
        return _refuse
    try:
        if is_run(folder):
            return lambda path: (open_run_log(path),)
        if mlflow_runs.is_mlflow_run(folder):
            return lambda path: (mlflow_runs.read_mlflow_run(path),)
        if event_files.has_events(folder):
            return lambda path: (event_files.read_events(path),)
    except PermissionError:
        return _refuse
    return None


def _refuse(folder: Path) -> tuple[LoggedRun, ...]:
    raise UserError(f"cannot read {folder}: permission denied")


def _candidates(folder: Path, levels: int, parents: tuple[Path, ...] = ()) -> Iterator[tuple[Path, Opener]]:
    """Yield the paths that may hold runs, up to ``levels`` folders deep. Circular links are not followed."""
    parents = (*parents, folder.resolve())
    for entry in sorted(entry for entry in folder.iterdir() if not entry.name.startswith(".")):
        if entry.is_dir():
            if opener := _opener(entry):
                yield entry, opener
                if opener is not _refuse:
                    yield from _logs_beside(entry)
            elif levels > 1 and entry.resolve() not in parents:
                yield from _candidates(entry, levels - 1, parents)
        elif entry.suffix.lower() in LOGS or entry.suffix == ".db":
            yield entry, _open_file


def _logs_beside(folder: Path) -> Iterator[tuple[Path, Opener]]:
    """Yield the log files next to event files; run folders and MLflow runs have none."""
    if not is_run(folder) and not mlflow_runs.is_mlflow_run(folder):
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.suffix.lower() in LOGS and not path.match(event_files.PATTERN):
                yield path, _open_file


def with_settings(run: LoggedRun, weights: Weights | None, profile: Profile | None, kept: Kept | None) -> LoggedRun:
    """Return a copy of a run with the user's settings; None keeps the run's own."""
    return replace(run, weights=weights or run.weights, profile=profile or run.profile, kept=kept or run.kept)
