"""Reads trainings out of MLflow's own files, without MLflow: folders of text files, or a SQLite database."""

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
from ferspec.files import read_bounded
from ferspec.subjects.runs.logs.csv_logger import LOSS, NAMES, VAL_LOSS, split
from ferspec.subjects.runs.logs.logged_run import LoggedRun
from ferspec.subjects.runs.logs.series import bounded, rows_of

FORMAT = "MLflow"
METRICS, META = "metrics", "meta.yaml"
LARGEST = 64 << 20
LARGEST_DATABASE = 1 << 30
MOST_RUNS = 10_000
# of a database, of which nothing is believed: the bytes of one value, and the steps of SQLite's machine in all
LARGEST_VALUE = 1 << 20
MOST_STEPS, STEPS = 500_000_000, 1_000_000
TABLES = ("metrics", "runs")
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


def read_run_folder(folder: str | Path) -> LoggedRun:
    """Return the training that one run of MLflow's file store holds.

    ``UserError`` for files that cannot be read, lines of another form, and where there are no losses of epochs.
    """
    folder = Path(folder)
    logged = bounded(
        folder,
        (
            (path.name, step, value)
            for path in sorted((folder / METRICS).iterdir())
            if path.name in NAMES
            for step, value in _metric(path)
        ),
    )
    status = next((line[7:].strip() for line in _lines(folder / META) if line.startswith("status:")), "")
    return _training(folder, logged, status)


def read_database(path: str | Path) -> tuple[LoggedRun, ...]:
    """Return every training of a database of MLflow's; nothing is left beside it.

    ``UserError`` for a file that is none, is too large or being written to, and where no run has losses of epochs.
    """
    path = Path(path)
    if path.stat().st_size > LARGEST_DATABASE:
        raise UserError(f"{path}: {path.stat().st_size:,} bytes is too large for a database of runs")
    marks = ", ".join("?" * len(NAMES))
    query = f"SELECT run_uuid, key, step, value, is_nan FROM metrics WHERE key IN ({marks}) ORDER BY timestamp, step"
    try:
        with _reading(path.resolve()) as database:
            _require_plain_tables(database)
            statuses = dict(bounded(path, database.execute("SELECT run_uuid, status FROM runs")))
            logged: dict[str, list[Logged]] = defaultdict(list)
            for run, name, step, value, missing in bounded(path, database.execute(query, tuple(NAMES))):
                logged[str(run)].append((name, int(step), math.nan if missing else float(value)))
    except (sqlite3.Error, TypeError, ValueError, OverflowError) as error:
        interrupted = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
        why = "it takes too long to read" if interrupted else error
        raise UserError(f"{path} is no database of MLflow's: {why}") from None
    runs = [(run, of) for run, of in logged.items() if any(NAMES[name] in (LOSS, VAL_LOSS) for name, *_ in of)]
    if not runs:
        raise UserError(f"{path} holds no training: no run in it logs the losses of epochs")
    if len(runs) > MOST_RUNS:
        raise UserError(f"{path} holds {len(runs):,} trainings: more than {MOST_RUNS:,} are too many for one database")
    return tuple(_training(path, of, statuses.get(run, ""), run if len(runs) > 1 else "") for run, of in runs)


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database so that nothing is left beside it, as SQLite does even when it only reads one in WAL mode.

    One with such a log, in which its latest rows are, is copied with it. What a writer left unfinished is not mended.
    """
    log, journal = (path.with_name(path.name + ending) for ending in ("-wal", "-journal"))
    if journal.exists():
        raise UserError(f"cannot read {path}: it is being written to, or was left unfinished ({journal.name})")
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
    """Raise ``ValueError`` for what would run when it is read: views, virtual tables, columns that are computed."""
    for name in TABLES:
        query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ? AND sql LIKE 'CREATE TABLE %'"
        if database.execute(query, (name,)).fetchone() != (1,):
            raise ValueError(f"it has no table {name}")
        if any(hidden for *_, hidden in database.execute(f"PRAGMA table_xinfo({name})")):
            raise ValueError(f"its table {name} has computed columns")


def _metric(path: Path) -> Iterator[tuple[int, float]]:
    """Yield step and value of every line of a metric: time, value and step; old ones have no step."""
    for number, line in enumerate(_lines(path)):
        try:
            _, value, *rest = line.split()
            yield int(rest[0]) if rest else number, float(value)
        except ValueError:
            raise UserError(f"{path} line {number + 1} is no metric of MLflow's: time, value and step") from None


def _lines(path: Path) -> Iterator[str]:
    for line in io.BytesIO(read_bounded(path, LARGEST, "a file of MLflow's")):
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def _training(path: Path, logged: Iterable[Logged], status: str, name: str = "") -> LoggedRun:
    """Return the training of one run; a metric whose steps begin anew was logged by another phase."""
    series: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for metric, step, value in logged:
        series[metric].append((step, value))
    notes: list[str] = []
    rows = rows_of({NAMES[metric]: of for metric, of in series.items()}, notes)
    if not rows:
        raise UserError(f"{path} holds no training: it logs no losses of epochs")
    phases = split(path, rows, notes)
    return LoggedRun(path, FORMAT, phases, finished=True if status in FINISHED else None, notes=tuple(notes), name=name)
