"""Joins figures that were logged each by itself, as (step, value) in the order of logging, into the epochs of a log."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from operator import itemgetter

from ferspec.subjects.training_log import EPOCH, LOSS, VAL_LOSS, Row

Series = Sequence[tuple[int, float]]
Figures = dict[str, float]


def rows_of(series: Mapping[str, Series], notes: list[str]) -> list[Row]:
    """Return an epoch for every step; where the steps of a figure begin anew, so does the training.

    ``series`` are figures by their names in ``LoggedPhase``. A figure that begins anew less often than the losses was
    not logged in every phase: nothing says in which, so that it is left out, and noted. A figure that a step lacks is
    not available in it. No rows without losses.
    """
    told = {name: _phases(of) for name, of in series.items()}
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
    return [row for phase in phases for row in _epochs_of(phase, notes)]


def _epochs_of(steps: Sequence[tuple[int, Figures]], notes: list[str]) -> list[Row]:
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
    return [
        Row(
            (EPOCH, *names),
            step,
            {name: of.get(name, math.nan) for name in names},
            unvalidated=VAL_LOSS in names and VAL_LOSS not in of,
        )
        for step, of in steps
    ]


def _phases(series: Series) -> list[tuple[int, int, float]]:
    """Return number of phase, step and value; numbers count from 0."""
    found: list[tuple[int, int, float]] = []
    for step, value in series:
        phase, before = found[-1][:2] if found else (0, -1)
        found.append((phase + (step <= before), step, value))
    return found
