"""Joins figures that were logged each by itself, as (step, value) in the order of logging, into the epochs of a log."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice, pairwise
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

from ferspec.errors import UserError
from ferspec.subjects.runs.logs.csv_logger import EPOCH, HIGHEST_EPOCH, LOSS, MOST_EPOCHS, VAL_LOSS, Row

Series = Sequence[tuple[int, float]]
Figures = dict[str, float]
Figure = TypeVar("Figure")

# losses of batches may be among them
MOST_FIGURES = 1_000_000


def bounded(path: Path, figures: Iterable[Figure]) -> list[Figure]:
    """Return the figures that are logged at a path; ``UserError`` for more than ``MOST_FIGURES``."""
    found = list(islice(figures, MOST_FIGURES + 1))
    if len(found) > MOST_FIGURES:
        raise UserError(f"{path} logs more than {MOST_FIGURES:,} figures: too many for trainings")
    return found


def rows_of(series: Mapping[str, Series], notes: list[str]) -> list[Row]:
    """Return an epoch for every step; where the steps of a figure begin anew, so does the training.

    ``series`` are figures by their names in ``LoggedPhase``. A figure that begins anew less often than the losses was
    not logged in every phase: nothing says in which, so that it is left out, and noted. A figure that a step lacks is
    not available in it. Steps that number no epoch are left out, and noted. No rows without losses, and of more than
    ``MOST_EPOCHS`` one too many.
    """
    told = {name: _phases(_numbered(name, of, notes)) for name, of in series.items()}
    begun = max((phases[-1][0] for name, phases in told.items() if name in (LOSS, VAL_LOSS) and phases), default=-1)
    figures: dict[tuple[int, int], Figures] = defaultdict(dict)
    for name, phases in told.items():
        if phases and phases[-1][0] != begun:
            notes.append(f"{name} begins {phases[-1][0] + 1} times and the losses {begun + 1}: left out")
            continue
        for phase, step, value in phases:
            figures[phase, step][name] = value
    rows = [(*at, of) for at, of in sorted(figures.items()) if LOSS in of or VAL_LOSS in of]
    phases = ([(step, of) for _, step, of in phase] for _, phase in groupby(rows, key=itemgetter(0)))
    return list(islice((row for phase in phases for row in _epochs_of(phase, notes)), MOST_EPOCHS + 1))


def _numbered(name: str, series: Series, notes: list[str]) -> Series:
    numbered = [(step, value) for step, value in series if 0 <= step <= HIGHEST_EPOCH]
    if left := len(series) - len(numbered):
        notes.append(f"{name}: {left:,} at steps outside 0 to {HIGHEST_EPOCH:,}: left out")
    return numbered


def _epochs_of(steps: Sequence[tuple[int, Figures]], notes: list[str]) -> Iterator[Row]:
    """Return the epochs of one phase.

    Where validation losses count on by one, steps without are those of batches. Where they are evenly spaced, there was
    none in the epochs between. Otherwise some were lost, and what is left tells nothing.
    """
    names = sorted({name for _, of in steps for name in of})
    spaces = {after - before for before, after in pairwise(step for step, of in steps if VAL_LOSS in of)}
    if spaces == {1}:
        steps = [(step, of) for step, of in steps if VAL_LOSS in of]
    elif len(spaces) > 1:
        notes.append("validation losses of some epochs are missing: left out")
        names.remove(VAL_LOSS)
    return (
        Row(
            (EPOCH, *names),
            step,
            {name: of.get(name, math.nan) for name in names},
            unvalidated=VAL_LOSS in names and VAL_LOSS not in of,
        )
        for step, of in steps
    )


def _phases(series: Series) -> list[tuple[int, int, float]]:
    """Return number of phase, step and value; numbers count from 0."""
    found: list[tuple[int, int, float]] = []
    for step, value in series:
        phase, before = found[-1][:2] if found else (0, -1)
        found.append((phase + (step <= before), step, value))
    return found
