"""Read trainings from MLflow's files without MLflow: folders of text files, or a SQLite database."""

from __future__ import annotations

import io
import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from ferspec.errors import UserError
from ferspec.files import read_bounded, read_head, require_regular_file
from ferspec.subjects.runs.logs.logged_run import LoggedRun
from ferspec.subjects.runs.logs.names import LOSSES, metric_of, read_names
from ferspec.subjects.runs.logs.phases import first_epoch_of, phases_of
from ferspec.subjects.runs.logs.series import bounded, log_rows

FORMAT = "MLflow"
METRICS, META = "metrics", "meta.yaml"
LARGEST = 64 << 20
LARGEST_DATABASE = 1 << 30
MOST_RUNS = 10_000
# limits for an untrusted database: bytes of one value, and steps of SQLite's virtual machine
LARGEST_VALUE = 1 << 20
MOST_STEPS, STEPS = 500_000_000, 1_000_000
TABLES = ("metrics", "runs")
KEYS = "SELECT DISTINCT key FROM metrics"
VALUES = "SELECT run_uuid, key, step, value, is_nan FROM metrics WHERE key IN ({}) ORDER BY timestamp, step"
MOST_KEYS = 500
MAGIC = b"SQLite format 3\0"
# MLflow's status of a finished run: a number in a folder, a word in a database
FINISHED = ("3", "FINISHED")

Logged = tuple[str, int, float]


def is_mlflow_run(folder: Path) -> bool:
    """Return whether a folder is one run of MLflow's file store."""
    return (folder / METRICS).is_dir() and (folder / META).is_file()


def is_sqlite(path: Path) -> bool:
    """Return whether a file is a SQLite database."""
    return read_head(path, len(MAGIC)) == MAGIC


def read_mlflow_run(folder: str | Path) -> LoggedRun:
    """Read the training in one run of MLflow's file store.

    Raise ``UserError`` for unreadable files, invalid lines, or a run without losses.
    """
    folder = Path(folder)
    logged = bounded(
        folder,
        (
            (name, step, value)
            for path in sorted((*(folder / METRICS).glob("*"), *(folder / METRICS).glob("*/*")))
            if not path.is_dir() and metric_of(name := path.relative_to(folder / METRICS).as_posix())
            for step, value in _metric(path)
        ),
    )
    status = next((line[7:].strip() for line in _lines(folder / META) if line.startswith("status:")), "")
    return _training(folder, logged, status)


def read_mlflow_database(path: str | Path) -> tuple[LoggedRun, ...]:
    """Read every training in an MLflow database, without writing files next to it.

    Raise ``UserError`` for a file that is invalid, too large or in use, or a database without losses.
    """
    path = Path(path)
    require_regular_file(path, LARGEST_DATABASE, "a database of runs")
    try:
        with _reading(path.resolve()) as database:
            _require_plain_tables(database)
            statuses = dict(bounded(path, database.execute("SELECT run_uuid, status FROM runs")))
            logged: dict[str, list[Logged]] = defaultdict(list)
            keys = [key for (key,) in bounded(path, database.execute(KEYS)) if metric_of(str(key))][:MOST_KEYS]
            query = VALUES.format(", ".join("?" * len(keys)))
            for run, name, step, value, missing in bounded(path, database.execute(query, keys)):
                logged[str(run)].append((name, int(step), math.nan if missing else float(value)))
    except (sqlite3.Error, TypeError, ValueError, OverflowError) as error:
        interrupted = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
        why = "it takes too long to read" if interrupted else error
        raise UserError(f"{path} is not an MLflow database: {why}") from None
    runs = {
        run: values
        for run, values in logged.items()
        if LOSSES & set(read_names(metric for metric, _, _ in values).metrics.values())
    }
    if not runs:
        raise UserError(f"{path} holds no training: its runs have no losses of epochs")
    if len(runs) > MOST_RUNS:
        raise UserError(f"{path} holds {len(runs):,} trainings: the limit is {MOST_RUNS:,}")
    return tuple(
        _training(path, values, statuses.get(run, ""), run if len(runs) > 1 else "") for run, values in runs.items()
    )


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database without writing files next to it.

    SQLite writes such files even when it reads in WAL mode. A database with a write-ahead log is copied together with
    the log. An unfinished write is refused, not rolled back.
    """
    log, journal = (path.with_name(path.name + ending) for ending in ("-wal", "-journal"))
    if journal.exists():
        raise UserError(f"cannot read {path}: a write is in progress or was interrupted ({journal.name} exists)")
    with TemporaryDirectory() as folder:
        address = f"{path.as_uri()}?immutable=1"
        if log.exists():
            copy = Path(folder) / path.name
            copy.write_bytes(read_bounded(path, LARGEST_DATABASE, "a database of runs"))
            copy.with_name(log.name).write_bytes(read_bounded(log, LARGEST_DATABASE, "a database of runs"))
            address = copy.as_uri()
        with closing(sqlite3.connect(address, uri=True)) as database:
            steps = count(step=STEPS)
            database.set_progress_handler(lambda: next(steps) >= MOST_STEPS, STEPS)
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST_VALUE)
            database.execute("PRAGMA trusted_schema = OFF")
            yield database


def _require_plain_tables(database: sqlite3.Connection) -> None:
    """Raise ``ValueError`` for objects that execute code when read: views, virtual tables, computed columns."""
    for name in TABLES:
        query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ? AND sql LIKE 'CREATE TABLE %'"
        if database.execute(query, (name,)).fetchone() != (1,):
            raise ValueError(f"it has no table {name}")
        if any(hidden for *_, hidden in database.execute(f"PRAGMA table_xinfo({name})")):
            raise ValueError(f"its table {name} has computed columns")


def _metric(path: Path) -> Iterator[tuple[int, float]]:
    """Yield step and value of each line (time, value, step); old files have no step."""
    for number, line in enumerate(_lines(path)):
        try:
            _, value, *rest = line.split()
            yield int(rest[0]) if rest else number, float(value)
        except ValueError:
            raise UserError(
                f"{path} line {number + 1} is not an MLflow metric: expected time, value and step"
            ) from None


def _lines(path: Path) -> Iterator[str]:
    for line in io.BytesIO(read_bounded(path, LARGEST, "an MLflow file")):
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def _training(path: Path, logged: Iterable[Logged], status: str, name: str = "") -> LoggedRun:
    """Return the training of one run. A new phase begins where the steps of a metric restart."""
    series: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for metric, step, value in logged:
        series[metric].append((step, value))
    names = read_names(series)
    notes = list(names.notes)
    rows = log_rows({metric: series[name] for name, metric in names.metrics.items()}, notes)
    if not rows:
        raise UserError(f"{path} holds no training: it has no losses of epochs")
    phases = phases_of(path, rows, notes)
    first, finished = first_epoch_of(phases, notes), True if status in FINISHED else None
    return LoggedRun(path, FORMAT, phases, finished=finished, first_epoch=first, notes=tuple(notes), name=name)
