"""Finds training runs at a path and opens them: run folders, CSVLogger files, TensorBoard, MLflow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from ferspec.errors import UserError
from ferspec.spec.records import Profile, Weights
from ferspec.subjects import event_files, mlflow_runs
from ferspec.subjects.artifacts import HISTORY, REPORT, Run, is_run, read_run
from ferspec.subjects.opening import Progress, silent
from ferspec.subjects.run_report import read_run_report
from ferspec.subjects.training_log import read_training_log
from ferspec.subjects.training_run import Kept, TrainingRun

RUN_FOLDER, CSV = "run folder", "CSVLogger"
LOGS = {".csv", ".tsv", ".log", ".txt"}
DEEPEST = 6
VALIDATION = "validation"

Opener = Callable[[Path], tuple[TrainingRun, ...]]


@dataclass(frozen=True)
class Found:
    """The runs that were found, and what was left alone, a line each."""

    runs: tuple[TrainingRun, ...]
    left_alone: tuple[str, ...]


def find_training_runs(path: str | Path, progress: Progress = silent) -> Found:
    """Return the training runs at a path: a file, the folder of one run, or a folder that is searched for them.

    ``UserError``, in one line, for a path that is not there or is no training run, and a folder without any.
    """
    path = Path(path)
    if not path.is_dir():
        return Found(_open_file(path), ())
    runs: list[TrainingRun] = []
    left: list[str] = []
    if opener := _opener(path):
        runs += opener(path)
        places = list(_logs_beside(path))
    else:
        places = list(_searched(path, DEEPEST))
    for done, (place, opener) in enumerate(places, start=1):
        try:
            runs += opener(place)
        except UserError as error:
            left.append(str(error))
        progress("reading logs", done, len(places))
    if not runs:
        told = f": {left[0]}" if len(left) == 1 else ""
        raise UserError(f"{path} holds no training run: no run folder, CSVLogger file, TensorBoard or MLflow log{told}")
    return Found(tuple(runs), tuple(left))


def open_run_folder(folder: Path) -> TrainingRun:
    """Return the training whose artifacts this suite left in a folder.

    ``UserError`` for a record, history or report that cannot be read.
    """
    run = read_run(folder)
    if not (folder / HISTORY).is_file():
        raise UserError(f"{folder}: no {HISTORY}: this training is not finished, or its artifacts are not whole")
    log = read_training_log(folder / HISTORY)
    kept, validated = _kept(folder, run)
    return TrainingRun(
        folder,
        RUN_FOLDER,
        log.phases,
        profile=run.settings.profile,
        weights=_weights(run),
        cell=run.cell,
        kept=kept,
        finished=run.status == "finished",
        capped=any(phase.ended == "epochs cap" for phase in run.phases),
        validated=validated,
        end_lost=log.end_lost or log.phases[-1].epochs[-1] + 1 < sum(phase.epochs for phase in run.phases),
        notes=log.notes,
    )


def _weights(run: Run) -> Weights | None:
    known = get_args(Weights)
    if run.start.kind in known:
        return run.start.kind
    return next((name for name in known if f"-{name}-" in run.cell), None)


def _kept(folder: Path, run: Run) -> tuple[Kept | None, int | None]:
    """Return the epoch that the record says was kept, and over how many images it was validated."""
    report = read_run_report(folder / REPORT) if (folder / REPORT).is_file() else None
    part = report.parts.get(VALIDATION) if report else None
    n = None if part is None else part.as_run.n if part.as_run else part.metrics.n
    return (None if run.best is None else Kept(run.best.val_accuracy, run.best.epoch)), n


def _open_file(path: Path) -> tuple[TrainingRun, ...]:
    if not path.is_file():
        raise UserError(f"{path}: " + ("no file or folder" if path.exists() else "no such file or folder"))
    if path.match(event_files.PATTERN):
        return (event_files.read_events(path.parent),)
    if mlflow_runs.is_database(path):
        return mlflow_runs.read_database(path)
    return _open_log(path)


def _open_log(path: Path) -> tuple[TrainingRun, ...]:
    log = read_training_log(path)
    return (TrainingRun(path, CSV, log.phases, end_lost=log.end_lost, notes=log.notes),)


def _opener(folder: Path) -> Opener | None:
    """Return what opens a folder that is a training run itself, or None for another one."""
    if is_run(folder):
        return lambda path: (open_run_folder(path),)
    if mlflow_runs.is_run_folder(folder):
        return lambda path: (mlflow_runs.read_run_folder(path),)
    if event_files.has_events(folder):
        return lambda path: (event_files.read_events(path),)
    return None


def _searched(folder: Path, levels: int, above: tuple[Path, ...] = ()) -> Iterator[tuple[Path, Opener]]:
    above = (*above, folder.resolve())
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror}") from None
    for entry in entries:
        if entry.is_dir():
            if opener := _opener(entry):
                yield entry, opener
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


def with_settings(run: TrainingRun, weights: Weights | None, profile: Profile | None, kept: Kept | None) -> TrainingRun:
    """Return a run with what the user says of it in place of what it says itself."""
    told = {"weights": weights, "profile": profile, "kept": kept}
    return replace(run, **{name: value for name, value in told.items() if value is not None})
