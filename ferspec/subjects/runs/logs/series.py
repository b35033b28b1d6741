"""Join separately logged metrics, series of (step, value), into epochs of a log."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice, pairwise
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

from ferspec.errors import UserError
from ferspec.subjects.runs.logs.names import EPOCH, LOSS, STEP, VAL_LOSS
from ferspec.subjects.runs.logs.phases import HIGHEST_EPOCH, MOST_EPOCHS, LogRow

Series = Sequence[tuple[int, float]]
Metrics = dict[str, float]
T = TypeVar("T")

# may include losses of batches
MOST_VALUES = 1_000_000
# validations further apart than this number of epochs are unheard of
LARGEST_GAP = 10


def bounded(path: Path, values: Iterable[T]) -> list[T]:
    """Return the values logged at a path. Raise ``UserError`` for more than ``MOST_VALUES``."""
    listed = list(islice(values, MOST_VALUES + 1))
    if len(listed) > MOST_VALUES:
        raise UserError(f"{path} logs more than {MOST_VALUES:,} values: too many for trainings")
    return listed


def log_rows(series: Mapping[str, Series], notes: list[str]) -> list[LogRow]:
    """Return an epoch for every step. A phase begins where the steps of a metric restart.

    ``series`` maps the names in ``LoggedPhase`` to metrics. A metric with fewer restarts than the losses is skipped and
    noted, since its phases are unknown. A metric missing at a step is NaN. Steps outside the valid epochs are skipped
    and noted. The result is empty without losses, and has at most one row more than ``MOST_EPOCHS``.
    """
    epochs_at = sorted(series.get(EPOCH, ()))
    phased = {
        name: _phases(_valid_steps(name, _by_epoch(values, epochs_at), notes))
        for name, values in series.items()
        if name not in (EPOCH, STEP)
    }
    last = max((points[-1][0] for name, points in phased.items() if name in (LOSS, VAL_LOSS) and points), default=-1)
    epochs: dict[tuple[int, int], Metrics] = defaultdict(dict)
    for name, points in phased.items():
        if points and points[-1][0] != last:
            notes.append(f"{name} begins {points[-1][0] + 1} times and the losses {last + 1} times: skipped")
            continue
        for phase, step, value in points:
            epochs[phase, step][name] = value
    rows = [
        (phase, step, metrics) for (phase, step), metrics in sorted(epochs.items()) if {LOSS, VAL_LOSS} & {*metrics}
    ]
    by_phase = ([row[1:] for row in phase_rows] for _, phase_rows in groupby(rows, key=itemgetter(0)))
    return list(islice((row for steps in by_phase for row in _phase_rows(steps, notes)), MOST_EPOCHS + 1))


def _by_epoch(series: Series, epochs_at: Series) -> Series:
    """Return a series by epochs, if they were logged beside the steps; the last value of an epoch counts."""
    if not epochs_at:
        return series
    steps = [step for step, _ in epochs_at]
    last = len(steps) - 1
    values = {int(epochs_at[min(bisect_left(steps, step), last)][1]): value for step, value in series}
    return list(values.items())


def _valid_steps(name: str, series: Series, notes: list[str]) -> Series:
    valid = [(step, value) for step, value in series if 0 <= step <= HIGHEST_EPOCH]
    if skipped := len(series) - len(valid):
        notes.append(f"{name}: {skipped:,} values at steps outside 0 to {HIGHEST_EPOCH:,} were skipped")
    return valid


def _phase_rows(steps: Sequence[tuple[int, Metrics]], notes: list[str]) -> Iterator[LogRow]:
    """Return the epochs of one phase.

    If the validation losses are at consecutive steps, the other steps are batches. If they are evenly spaced, the
    epochs between had no validation, or the steps are batches if they are further apart. Otherwise some are missing,
    and all are skipped.
    """
    names = sorted({name for _, metrics in steps for name in metrics})
    gaps = _gaps(step for step, metrics in steps if VAL_LOSS in metrics)
    in_batches = len(gaps) == 1 and (min(gaps) > LARGEST_GAP or gaps == _gaps(step for step, _ in steps) != {1})
    if in_batches or gaps == {1}:
        steps = [(step, metrics) for step, metrics in steps if VAL_LOSS in metrics]
    if in_batches:
        notes.append("steps are batches: epochs are counted by the validation losses")
        steps = [(epoch, metrics) for epoch, (_, metrics) in enumerate(steps)]
    elif len(gaps) > 1:
        notes.append("validation losses of some epochs are missing: all were skipped")
        names.remove(VAL_LOSS)
    return (
        LogRow(
            (EPOCH, *names),
            step,
            {name: metrics.get(name, math.nan) for name in names},
            unvalidated=VAL_LOSS in names and VAL_LOSS not in metrics,
        )
        for step, metrics in steps
    )


def _gaps(steps: Iterable[int]) -> set[int]:
    return {after - before for before, after in pairwise(steps)}


def _phases(series: Series) -> list[tuple[int, int, float]]:
    """Return the phase, from 0, of each step and value."""
    points: list[tuple[int, int, float]] = []
    for step, value in series:
        phase, previous = points[-1][:2] if points else (0, -1)
        points.append((phase + (step <= previous), step, value))
    return points
