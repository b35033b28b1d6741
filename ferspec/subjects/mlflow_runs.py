"""Reads trainings out of MLflow's own files, without MLflow: folders of text files, or a SQLite database."""

from __future__ import annotations

import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

from ferspec.errors import UserError
from ferspec.subjects.logged_series import rows_of
from ferspec.subjects.training_log import LOSS, NAMES, VAL_LOSS, split
from ferspec.subjects.training_run import TrainingRun

FORMAT = "MLflow"
METRICS, META = "metrics", "meta.yaml"
LARGEST = 64 << 20
LARGEST_DATABASE = 1 << 30
MAGIC = b"SQLite format 3\0"
# how MLflow writes down that a run ended as it should: in a folder as a number, in a database as a word
FINISHED = ("3", "FINISHED")

Logged = tuple[str, int, float]


def is_run_folder(folder: Path) -> bool:
    """Return whether a folder is one run of MLflow's file store."""
    return (folder / METRICS).is_dir() and (folder / META).is_file()


def is_database(path: Path) -> bool:
    """Return whether a file is a SQLite database."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None


def read_run_folder(folder: str | Path) -> TrainingRun:
    """Return the training that one run of MLflow's file store holds.

    ``UserError`` for files that cannot be read, lines of another form, and where there are no losses of epochs.
    """
    folder = Path(folder)
    logged = [
        (path.name, step, value)
        for path in sorted((folder / METRICS).iterdir())
        if path.name in NAMES
        for step, value in _metric(path)
    ]
    status = next((line[7:].strip() for line in _lines(folder / META) if line.startswith("status:")), "")
    return _training(folder, logged, status)


def read_database(path: str | Path) -> tuple[TrainingRun, ...]:
    """Return every training of a database of MLflow's; it is opened for reading alone.

    ``UserError`` for a file that is none, and where no run has losses of epochs.
    """
    path = Path(path)
    if path.stat().st_size > LARGEST_DATABASE:
        raise UserError(f"{path}: {path.stat().st_size:,} bytes is too large for a database of runs")
    marks = ", ".join("?" * len(NAMES))
    query = f"SELECT run_uuid, key, step, value, is_nan FROM metrics WHERE key IN ({marks}) ORDER BY timestamp, step"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            statuses = dict(database.execute("SELECT run_uuid, status FROM runs"))
            logged: dict[str, list[Logged]] = defaultdict(list)
            for run, name, step, value, missing in database.execute(query, tuple(NAMES)):
                logged[run].append((name, int(step), math.nan if missing else float(value)))
    except (sqlite3.Error, TypeError, ValueError) as error:
        raise UserError(f"{path} is no database of MLflow's: {error}") from None
    runs = [(run, of) for run, of in logged.items() if any(NAMES[name] in (LOSS, VAL_LOSS) for name, *_ in of)]
    if not runs:
        raise UserError(f"{path} holds no training: no run in it logs the losses of epochs")
    return tuple(_training(path, of, statuses.get(run, ""), run if len(runs) > 1 else "") for run, of in runs)


def _metric(path: Path) -> Iterator[tuple[int, float]]:
    """Yield step and value of every line of a metric: time, value and step; old ones have no step."""
    for number, line in enumerate(_lines(path)):
        try:
            _, value, *rest = line.split()
            yield int(rest[0]) if rest else number, float(value)
        except ValueError:
            raise UserError(f"{path} line {number + 1} is no metric of MLflow's: time, value and step") from None


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path}: {path.stat().st_size:,} bytes is too large for a file of MLflow's")
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None


def _training(path: Path, logged: Iterable[Logged], status: str, name: str = "") -> TrainingRun:
    """Return the training of one run; a metric whose steps begin anew was logged by another phase."""
    series: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for metric, step, value in logged:
        series[metric].append((step, value))
    notes: list[str] = []
    rows = rows_of({NAMES[metric]: of for metric, of in series.items()}, notes)
    if not rows:
        raise UserError(f"{path} holds no training: it logs no losses of epochs")
    phases = split(rows, notes)
    return TrainingRun(
        path, FORMAT, phases, finished=True if status in FINISHED else None, notes=tuple(notes), name=name
    )
