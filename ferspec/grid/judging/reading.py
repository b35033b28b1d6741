"""Reads the results of trainings from what somebody hands over: run folders, folders of them, tables of results."""

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
from ferspec.grid.judging.copies import btfer_images, fingerprints, told_apart
from ferspec.grid.judging.results import FAILED, Result
from ferspec.grid.judging.tables import read_result_table
from ferspec.outcomes import Counts, Outcome, Status
from ferspec.progress import Progress, silent
from ferspec.records import Record
from ferspec.spec.records import Figures
from ferspec.subjects.models.base import file_digest
from ferspec.subjects.orphans import end_with_parent
from ferspec.subjects.runs.artifacts.folder import RunFolder, open_run_folder
from ferspec.subjects.runs.artifacts.metrics import PartReport
from ferspec.subjects.runs.artifacts.record import RUN, is_run

DEEPEST = 2
# starting processes takes longer than reading fewer runs
MANY, AT_ONCE = 24, 4
SHOWN = 3
UNKNOWN = "unknown"
PARTS = {"val": "validation", "btfer": "btfer"}


class ReadResults(Record):
    """What was read: results, how the checks of all their artifacts ended, and notes on what was left alone."""

    results: tuple[Result, ...]
    checks: Counts
    notes: tuple[str, ...] = ()


def read_results(paths: Iterable[str | Path]) -> tuple[Result, ...]:
    """Return the results of trainings: see ``read``."""
    return read(paths).results


def read(paths: Iterable[str | Path], progress: Progress = silent) -> ReadResults:
    """Return the results at some paths, each a run folder, a folder of run folders up to two levels deep, or a table.

    What a run says of itself is held against the rest of it: its files against their sha256, its report against its
    predictions, these against the manifest, its contract, start and images against the cell, its record against
    history, schedule and counts (FER-R). What departs is a problem of that result, not an error. Networks are not
    opened. ``UserError`` in one line for a path that is not there, a folder without any run, and a file that is no
    table of results.
    """
    folders: list[Path] = []
    results: list[Result] = []
    outcomes: list[Outcome] = []
    notes: list[str] = []
    tables: dict[str, Path] = {}
    for path in _each_once(map(_local, paths)):
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
            outcome = outcome_of(
                *checks_for_result_row(), ResultRow(result.figures, all_cells().get(result.cell), images)
            )
            outcomes.append(outcome)
            results.append(result.model_copy(update={"problems": _failed([outcome])}))
    folders = _each_once(folders)
    for done, (result, judged, foreign) in enumerate(_read_each(folders), start=1):
        results.append(result)
        outcomes += judged
        notes += foreign
        progress("reading runs", done, len(folders))
    notes += _of_several_btfers(results)
    told, copies = told_apart(results)
    return ReadResults(results=told, checks=count((*outcomes, *copies)), notes=tuple(notes))


def read_run_folder(path: Path) -> tuple[Result, list[Outcome], list[str]]:
    """Return the result of one run folder, how the checks of its artifacts ended, and notes on it."""
    folder = open_run_folder(path, all_cells())
    judged = [outcome_of(check, folder) for check in checks_for_artifacts()]
    notes = [*_note(path, folder.foreign if folder.finished else ()), *artifact_notes(folder)]
    return _result(folder, judged), judged, notes


def _local(path: str | Path) -> Path:
    """Return a path of this machine; ``UserError`` for a URL, and a record in place of its folder."""
    if "://" in str(path):
        raise UserError(f"{path} is a URL: copy the run folders to this machine first, and name their folder")
    path = Path(path)
    if path.name == RUN and path.is_file():
        raise UserError(f"{path} is the record of a run: give its folder, {path.parent}")
    return path


def _each_once(paths: Iterable[Path]) -> list[Path]:
    """Return each place once, under the first of its paths: links lead to what is counted already."""
    places: dict[str, Path] = {}
    for path in paths:
        places.setdefault(os.path.realpath(path), path)
    return list(places.values())


def _of_several_btfers(results: Iterable[Result]) -> list[str]:
    """Return a note where not all were tested on the same pictures of BTFER: their figures do not compare."""
    sources: dict[str, list[str]] = {}
    for result in results:
        if result.btfer_images is not None:
            sources.setdefault(result.btfer_images, []).append(result.source)
    if len(sources) < 2:
        return []
    first, other = list(sources.values())[:2]
    return [f"{len(sources)} different sets of pictures were taken for BTFER: {other[0]} has not those of {first[0]}"]


def _read_each(folders: Sequence[Path]) -> Iterator[tuple[Result, list[Outcome], list[str]]]:
    """ReadResults run folders in their order; many of them in as many processes as there are processors."""
    done = 0
    if len(folders) >= MANY:
        with ProcessPoolExecutor(
            mp_context=multiprocessing.get_context("spawn"), initializer=end_with_parent
        ) as processes:
            try:
                for read_one in processes.map(read_run_folder, folders, chunksize=AT_ONCE):
                    yield read_one
                    done += 1
            except BrokenProcessPool:  # a script without a main guard cannot have processes; the results are the same
                pass
    yield from map(read_run_folder, folders[done:])


def _runs_below(path: Path) -> tuple[list[Path], list[str]]:
    """Return the run folders in a folder, or the folder itself, and the names of what is no run."""
    if is_run(path):
        return [path], []
    runs, foreign = _searched(path, DEEPEST)
    if not runs:
        raise UserError(f"{path} holds no run: no folder in it, up to {DEEPEST} levels deep, has a run.json")
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
        # how a training failed stands beside its folder
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
    return [f"{folder}: {len(names):,} that belong to no run were left alone ({listed})"]


def _result(folder: RunFolder, judged: list[Outcome]) -> Result:
    run, problems = folder.run, _failed(judged)
    if run is None:
        return Result(cell=UNKNOWN, source=str(folder.path), figures=Figures(), complete=False, problems=problems)
    # figures of artifacts that contradict themselves are nobody's
    parts = {} if problems or folder.report is None else folder.report.parts
    figures: dict[str, float | None] = {}
    images: dict[str, int] = {}
    for prefix, name in PARTS.items():
        if name in parts:
            images[f"{prefix}_n"], told = _figures(parts[name])
            figures |= {f"{prefix}_{figure}": value for figure, value in told.items()}
    return Result(
        cell=run.cell,
        source=str(folder.path),
        figures=Figures(**figures),
        seed=run.settings.seed,
        profile=run.settings.profile,
        fingerprints=fingerprints(folder),
        btfer_images=btfer_images(folder),
        deviations=tuple(f"{entry.clause} {entry.option}: {entry.effect}" for entry in run.deviations),
        complete=folder.finished,
        problems=problems,
        **images,
    )


def _figures(part: PartReport) -> tuple[int, dict[str, float | None]]:
    """Return over how many images the figures are that a band is for, and the figures."""
    if part.as_run is not None:
        figures = part.as_run.model_dump()
        return figures.pop("n"), figures
    measured = part.metrics
    averages = {"precision": measured.precision, "recall": measured.recall, "f1": measured.f1}
    figures = {name: average.weighted.value for name, average in averages.items()}
    return measured.n, {"accuracy": measured.accuracy.value, **figures}


def _failed(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    return tuple(outcome for outcome in outcomes if outcome.status is Status.FAIL)
