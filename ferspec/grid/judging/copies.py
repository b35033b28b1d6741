"""Tells trainings from copies of them: the same one handed in twice would count twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from ferspec import spec
from ferspec.grid.bands.bands import CLAUSE
from ferspec.grid.judging.results import Result
from ferspec.outcomes import Outcome, Status
from ferspec.spec.records import Figures
from ferspec.subjects.runs.artifacts.folder import RunFolder
from ferspec.subjects.runs.artifacts.record import MODEL

# figures with more places than are ever printed: two trainings do not share them
PLACES = 4


def fingerprints(folder: RunFolder) -> tuple[str, ...]:
    """Return what no other training has: its network, and its predictions, in whatever order and form they are kept."""
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
    """Return the digest of the pictures of BTFER with their labels, whatever their names and order."""
    if not folder.predictions or "btfer" not in folder.predictions:
        return None
    part = folder.predictions["btfer"]
    pictures = sorted(zip(part.pixels_sha256, part.labels.tolist(), strict=True))
    return hashlib.sha256(repr(pictures).encode()).hexdigest()


def told_apart(results: Iterable[Result]) -> tuple[tuple[Result, ...], tuple[Outcome, ...]]:
    """Return results, those that were there before without figures and with a problem that says so, and these problems.

    Copies are the same training whatever cell they are handed in for.
    """
    seen: dict[str, Result] = {}
    told: list[Result] = []
    found: list[Outcome] = []
    for result in results:
        marks = [*result.fingerprints, *_of_its_figures(result)]
        first = next((seen[mark] for mark in marks if mark in seen), None)
        if first is not None:
            found.append(_handed_in_twice(result, first))
            result = result.model_copy(update={"figures": Figures(), "problems": (*result.problems, found[-1])})
        for mark in marks:
            seen.setdefault(mark, result if first is None else first)
        told.append(result)
    return tuple(told), tuple(found)


def _of_its_figures(result: Result) -> list[str]:
    """Return what the figures alone tell: a row of a table that is there before, or a row that is that of a run."""
    figures = result.figures.model_dump(exclude_none=True)
    if not figures:
        return []
    marks = [f"row {result.cell} {result.source} {result.seed} {figures}"]
    if all(value != round(value, PLACES) for value in figures.values()):
        marks.append(f"figures {result.cell} {figures}")
    return marks


def _handed_in_twice(result: Result, first: Result) -> Outcome:
    clause = spec.load().clause(CLAUSE)
    return Outcome(
        check=f"{clause.id}[{result.cell}]",
        clause=clause.id,
        title="the same training handed in twice",
        place=clause.place,
        status=Status.FAIL,
        observed=f"{result.source} is a copy of {first.source}",
        expected="trainings of their own",
        likely="hand in one of the two; rows of one source that happen to be equal need their seeds",
    )
