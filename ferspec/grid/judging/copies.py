"""Finds trainings that are submitted twice, so that no training counts twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from ferspec import spec
from ferspec.grid.bands.bands import CLAUSE
from ferspec.grid.judging.results import Result
from ferspec.outcomes import Outcome, Status
from ferspec.spec.records import CellMetrics
from ferspec.subjects.runs.artifacts.folder import RunFolder
from ferspec.subjects.runs.artifacts.record import MODEL

# metrics with more decimals than are ever printed: two trainings do not share them
PLACES = 4


def fingerprints(folder: RunFolder) -> tuple[str, ...]:
    """Return digests of network and predictions that no other training shares, independent of order."""
    marks = []
    if MODEL in folder.digests:
        marks.append(f"{MODEL} {folder.digests[MODEL]}")
    if folder.predictions:
        digest = hashlib.sha256()
        for name in sorted(folder.predictions):
            part = folder.predictions[name]
            digest.update(part.probabilities[np.lexsort((part.images, part.pixels_sha256))].tobytes())
        marks.append(f"predictions {digest.hexdigest()}")
    return tuple(marks)


def btfer_images(folder: RunFolder) -> str | None:
    """Return the digest of the labelled BTFER pictures, independent of names and order."""
    if not folder.predictions or "btfer" not in folder.predictions:
        return None
    part = folder.predictions["btfer"]
    pictures = sorted(zip(part.pixels_sha256, part.labels.tolist(), strict=True))
    return hashlib.sha256(repr(pictures).encode()).hexdigest()


def mark_copies(results: Iterable[Result]) -> tuple[tuple[Result, ...], tuple[Outcome, ...]]:
    """Return all results and the problems found. A copy of an earlier result loses its metrics and gets a problem.

    Copies are recognised even if they are submitted for another cell.
    """
    seen: dict[str, Result] = {}
    marked: list[Result] = []
    problems: list[Outcome] = []
    for result in results:
        marks = [*result.fingerprints, *_figure_marks(result)]
        first = next((seen[mark] for mark in marks if mark in seen), None)
        if first is not None:
            problems.append(_submitted_twice(result, first))
            result = result.model_copy(update={"figures": CellMetrics(), "problems": (*result.problems, problems[-1])})
        for mark in marks:
            seen.setdefault(mark, result if first is None else first)
        marked.append(result)
    return tuple(marked), tuple(problems)


def _figure_marks(result: Result) -> list[str]:
    """Return marks of the metrics alone, which identify repeated rows and runs."""
    figures = result.figures.model_dump(exclude_none=True)
    if not figures:
        return []
    marks = [f"row {result.cell} {result.source} {result.seed} {figures}"]
    if all(value != round(value, PLACES) for value in figures.values()):
        marks.append(f"figures {result.cell} {figures}")
    return marks


def _submitted_twice(result: Result, first: Result) -> Outcome:
    clause = spec.load().clause(CLAUSE)
    return Outcome(
        check=f"{clause.id}[{result.cell}]",
        clause=clause.id,
        title="the same training was submitted twice",
        place=clause.place,
        status=Status.FAIL,
        observed=f"{result.source} is a copy of {first.source}",
        expected="different trainings",
        likely="submit one of the two; rows of one source that are equal by chance need their seeds",
    )
