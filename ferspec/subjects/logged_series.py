"""Joins figures that were logged each by itself, as (step, value) in the order of logging, into the epochs of a log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ferspec.subjects.training_log import EPOCH, LOSS, VAL_LOSS, Row

Series = Sequence[tuple[int, float]]


def rows_of(series: Mapping[str, Series], notes: list[str]) -> list[Row]:
    """Return an epoch for every step; where the steps of a figure begin anew, so does the training.

    ``series`` are figures by their names in ``LoggedPhase``. A figure that begins anew less often than the losses was
    not logged in every phase: nothing says in which, so that it is left out, and noted. No rows without losses.
    """
    told = {name: _phases(of) for name, of in series.items()}
    begun = max((phases[-1][0] for name, phases in told.items() if name in (LOSS, VAL_LOSS) and phases), default=-1)
    figures: dict[tuple[int, int], dict[str, float]] = defaultdict(dict)
    for name, phases in told.items():
        if phases and phases[-1][0] != begun:
            notes.append(f"{name} begins {phases[-1][0] + 1} times and the losses {begun + 1}: left out")
            continue
        for phase, step, value in phases:
            figures[phase, step][name] = value
    rows = ((step, of) for (_, step), of in sorted(figures.items()) if LOSS in of or VAL_LOSS in of)
    return [Row((EPOCH, *sorted(of)), step, of) for step, of in rows]


def _phases(series: Series) -> list[tuple[int, int, float]]:
    """Return number of phase, step and value; numbers count from 0."""
    found: list[tuple[int, int, float]] = []
    for step, value in series:
        phase, before = found[-1][:2] if found else (0, -1)
        found.append((phase + (step <= before), step, value))
    return found
