"""Reads the results of trainings from run folders, folders of run folders, and results tables."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from ferspec.checks.generator import checks_for_artifacts, checks_for_result_row
from ferspec.checks.run.artifacts.notes import artifact_notes
from ferspec.checks.run.result_row import ResultRow
from ferspec.engine import count, outcome_of
from ferspec.errors import UserError
from ferspec.grid.cells import all_cells
from ferspec.grid.judging.copies import btfer_images, fingerprints, mark_copies
from ferspec.grid.judging.results import FAILED, Result
from ferspec.grid.judging.tables import read_result_table
from ferspec.outcomes import Counts, Outcome, Status
from ferspec.progress import Progress, silent
from ferspec.records import Record
from ferspec.spec.records import CellMetrics
from ferspec.subjects.models.base import file_digest
from ferspec.subjects.runs.artifacts.folder import RunFolder, open_run_folder
from ferspec.subjects.runs.artifacts.metrics import SplitReport
from ferspec.subjects.runs.artifacts.record import RUN, is_run
from ferspec.subjects.started import end_with_parent

DEEPEST = 2
# for fewer runs, starting processes takes longer than reading
MANY, AT_ONCE = 24, 4
SHOWN = 3
UNKNOWN = "unknown"
SPLITS = {"val": "validation", "btfer": "btfer"}


class ReadResults(Record):
    """The results that were read, their check counts, and notes on skipped files."""

    results: tuple[Result, ...]
    checks: Counts
    notes: tuple[str, ...] = ()


def read_results(paths: Iterable[str | Path]) -> tuple[Result, ...]:
    """Return the results of trainings, as ``read`` does."""
    return read(paths).results


def read(paths: Iterable[str | Path], progress: Progress = silent) -> ReadResults:
    """Return the results of run folders, folders of them, or results tables.

    Folders are searched up to two levels deep. The artifacts of each run are checked for consistency (FER-R): files
    against their sha256, report against predictions, predictions against manifest, contract, initial weights and images
    against the cell, record against history, schedule and counts. A failed check is a problem of that result, not an
    error. Networks are not opened. ``UserError`` for a path that does not exist, a folder without runs, and a file that
    is not a results table.
    """
    folders: list[Path] = []
    results: list[Result] = []
    outcomes: list[Outcome] = []
    notes: list[str] = []
    tables: dict[str, Path] = {}
    (row_check,) = checks_for_result_row()
    for path in _unique(map(_local, paths)):
        if path.is_dir():
            runs, foreign = _runs_below(path)
            folders += runs
            notes += _note(path, foreign)
            continue
        rows = read_result_table(path)
        first = tables.setdefault(file_digest(path), path)
        if first is not path:
            notes.append(f"{path}: the same table as {first}, counted once")
            continue
        for result in rows:
            images = {"val": result.val_n, "btfer": result.btfer_n}
            outcome = outcome_of(row_check, ResultRow(result.figures, all_cells().get(result.cell), images))
            outcomes.append(outcome)
            results.append(result.model_copy(update={"problems": _failed([outcome])}))
    folders = _unique(folders)
    for done, (result, judged, foreign) in enumerate(_read_each(folders), start=1):
        results.append(result)
        outcomes += judged
        notes += foreign
        progress("reading runs", done, len(folders))
    notes += _different_btfers(results)
    marked, copies = mark_copies(results)
    return ReadResults(results=marked, checks=count((*outcomes, *copies)), notes=tuple(notes))


def read_run_folder(path: Path) -> tuple[Result, list[Outcome], list[str]]:
    """Return the result of one run folder, its outcomes, and notes on it."""
    folder = open_run_folder(path, all_cells())
    judged = [outcome_of(check, folder) for check in checks_for_artifacts()]
    notes = [*_note(path, folder.foreign if folder.finished else ()), *artifact_notes(folder)]
    return _result(folder, judged), judged, notes


def _local(path: str | Path) -> Path:
    """Return a local path. ``UserError`` for a URL, and for a record instead of its folder."""
    if "://" in str(path):
        raise UserError(f"{path} is a URL: copy the run folders to this machine first, and give their folder")
    path = Path(path)
    if path.name == RUN and path.is_file():
        raise UserError(f"{path} is the record of a run: give its folder, {path.parent}")
    return path


def _unique(paths: Iterable[Path]) -> list[Path]:
    """Return the paths without those that lead to an earlier one through links."""
    unique: dict[str, Path] = {}
    for path in paths:
        unique.setdefault(os.path.realpath(path), path)
    return list(unique.values())


def _different_btfers(results: Iterable[Result]) -> list[str]:
    """Return a note if results were tested on different BTFER pictures and do not compare."""
    sources: dict[str, list[str]] = {}
    for result in results:
        if result.btfer_images is not None:
            sources.setdefault(result.btfer_images, []).append(result.source)
    if len(sources) < 2:
        return []
    first, other = list(sources.values())[:2]
    return [f"{len(sources)} different sets of pictures were used as BTFER: those of {other[0]} and {first[0]} differ"]


def _read_each(folders: Sequence[Path]) -> Iterator[tuple[Result, list[Outcome], list[str]]]:
    """Read run folders in their order, many of them in one process per processor."""
    done = 0
    if len(folders) >= MANY:
        with ProcessPoolExecutor(
            mp_context=multiprocessing.get_context("spawn"), initializer=end_with_parent
        ) as processes:
            try:
                for read_one in processes.map(read_run_folder, folders, chunksize=AT_ONCE):
                    yield read_one
                    done += 1
            except BrokenProcessPool:  # a script without a main guard cannot start processes; continue in this one
                pass
    yield from map(read_run_folder, folders[done:])


def _runs_below(path: Path) -> tuple[list[Path], list[str]]:
    """Return the run folders at a path, and the names of everything else."""
    if is_run(path):
        return [path], []
    runs, foreign = _searched(path, DEEPEST)
    if not runs:
        raise UserError(f"{path} contains no run: no folder in it, up to {DEEPEST} levels deep, has a run.json")
    return runs, foreign


def _searched(folder: Path, levels: int) -> tuple[list[Path], list[str]]:
    runs: list[Path] = []
    foreign: list[str] = []
    for entry in _listed(folder):
        if is_run(entry):
            runs.append(entry)
            continue
        deeper = _searched(entry, levels - 1) if levels > 1 and entry.is_dir() else ([], [])
        runs += deeper[0]
        # the note on a failed training lies next to its folder
        if not entry.name.endswith(FAILED):
            foreign += [f"{entry.name}/{name}" for name in deeper[1]] if deeper[0] else [entry.name]
    return runs, foreign


def _listed(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise UserError(f"cannot read {folder}: {error.strerror}") from None


def _note(folder: Path, foreign: Iterable[str]) -> list[str]:
    names = list(foreign)
    if not names:
        return []
    listed = ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
    return [f"{folder}: {len(names):,} files that do not belong to a run were skipped ({listed})"]


def _result(folder: RunFolder, judged: list[Outcome]) -> Result:
    run, problems = folder.run, _failed(judged)
    if run is None:
        return Result(cell=UNKNOWN, source=str(folder.path), figures=CellMetrics(), complete=False, problems=problems)
    # the metrics of contradictory artifacts are not used
    parts = {} if problems or folder.report is None else folder.report.parts
    figures: dict[str, float | None] = {}
    images: dict[str, int] = {}
    for prefix, name in SPLITS.items():
        if name in parts:
            images[f"{prefix}_n"], values = _figures(parts[name])
            figures |= {f"{prefix}_{figure}": value for figure, value in values.items()}
    return Result(
        cell=run.cell,
        source=str(folder.path),
        figures=CellMetrics(**figures),
        seed=run.settings.seed,
        profile=run.settings.profile,
        fingerprints=fingerprints(folder),
        btfer_images=btfer_images(folder),
        deviations=tuple(f"{entry.clause} {entry.option}: {entry.effect}" for entry in run.deviations),
        complete=folder.finished,
        problems=problems,
        val_n=images.get("val_n"),
        btfer_n=images.get("btfer_n"),
    )


def _figures(part: SplitReport) -> tuple[int, dict[str, float | None]]:
    """Return the number of images and the metrics that bands are compared to."""
    if part.as_run is not None:
        figures = part.as_run.model_dump()
        return figures.pop("n"), figures
    measured = part.metrics
    averages = {"precision": measured.precision, "recall": measured.recall, "f1": measured.f1}
    figures = {name: average.weighted.value for name, average in averages.items()}
    return measured.n, {"accuracy": measured.accuracy.value, **figures}


def _failed(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    return tuple(outcome for outcome in outcomes if outcome.status is Status.FAIL)
