"""Hold the logged epochs of a training, and divide them into phases."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from ferspec.errors import UserError
from ferspec.subjects.runs.logs.names import ACCURACIES, PHASE, RATE, VAL_ACCURACY, VAL_LOSS

# far more than any training of the protocol has; replaying this many epochs takes seconds
MOST_EPOCHS = 10_000
HIGHEST_EPOCH = 10**9
# learning rates are float32, printed with many or few digits
RATE_TOLERANCE = 1e-6
WHOLE = 100.0


@dataclass(frozen=True)
class LoggedPhase:
    """Hold the epochs of one call of ``fit``, as numbered in the file, with metrics.

    A metric that was not logged is None, and a value logged as not available is NaN. ``rate`` is the learning rate of
    each epoch. ``unvalidated`` holds the indices, from 0, of epochs without validation; their ``val_loss`` is not
    available, which differs from a loss that is NaN.
    """

    epochs: tuple[int, ...]
    loss: tuple[float, ...] | None = None
    accuracy: tuple[float, ...] | None = None
    val_loss: tuple[float, ...] | None = None
    val_accuracy: tuple[float, ...] | None = None
    rate: tuple[float, ...] | None = None
    test_loss: tuple[float, ...] | None = None
    test_accuracy: tuple[float, ...] | None = None
    unvalidated: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.epochs)


@dataclass(frozen=True)
class TrainingLog:
    """Hold a log split into phases.

    ``columns`` are its first columns, ``notes`` describe assumptions and skipped lines, and ``end_lost`` is true if the
    last line is truncated or unreadable. ``phases_named`` is true if a column names the phase of each epoch.
    """

    path: Path
    columns: tuple[str, ...]
    phases: tuple[LoggedPhase, ...]
    notes: tuple[str, ...] = ()
    end_lost: bool = False
    format: str = "table"
    phases_named: bool = False


@dataclass(frozen=True)
class LogRow:
    """Hold one epoch of a log: columns, and metrics by their names in ``LoggedPhase``.

    ``unvalidated`` is true if the validation loss was logged as not available.
    """

    columns: tuple[str, ...]
    epoch: int
    figures: dict[str, float]
    unvalidated: bool = False

    def follows(self, previous: LogRow) -> bool:
        """Return whether one call of ``fit`` can have logged both; its learning rate never rises."""
        if self.epoch != previous.epoch + 1 or self.columns != previous.columns:
            return False
        if self.figures.get(PHASE) != previous.figures.get(PHASE):
            return False
        rate, previous_rate = self.figures.get(RATE, math.nan), previous.figures.get(RATE, math.nan)
        return not rate > previous_rate * (1 + RATE_TOLERANCE)


def phases_of(path: Path, rows: Sequence[LogRow], notes: list[str]) -> tuple[LoggedPhase, ...]:
    """Divide epochs, in the order of logging, into phases; missing epochs are noted.

    Percentages of accuracy become proportions. Raise ``UserError`` for more than ``MOST_EPOCHS`` epochs.
    """
    if len(rows) > MOST_EPOCHS:
        raise UserError(f"{path} logs more than {MOST_EPOCHS:,} epochs: too many for a training")
    if len(rows) > 1 and all(after.epoch < before.epoch for before, after in pairwise(rows)):
        notes.append("the last epoch comes first: read in ascending order")
        rows = rows[::-1]
    phases: list[list[LogRow]] = []
    for row in _as_proportions(rows, notes):
        if phases and row.follows(phases[-1][-1]):
            phases[-1].append(row)
            continue
        if phases and row.epoch > phases[-1][-1].epoch + 1:
            first, last = phases[-1][-1].epoch + 1, row.epoch - 1
            missing = f"epoch {first} is" if first == last else f"epochs {first} to {last} are"
            notes.append(f"{missing} missing: a new phase begins")
        phases.append([row])
    return tuple(map(_phase, phases))


def first_epoch_of(phases: Sequence[LoggedPhase], notes: list[str]) -> int:
    """Return the number of a training's first epoch, 0 or 1. A log that counts from 1 is noted."""
    if phases[0].epochs[0] != 1 or any(phase.epochs[0] == 0 for phase in phases):
        return 0
    notes.append("its first epoch is 1: read as the first of the training, as no epoch 0 is logged")
    return 1


def _as_proportions(rows: Sequence[LogRow], notes: list[str]) -> Sequence[LogRow]:
    """Divide an accuracy by 100 if all its values are percentages above 1."""
    values = {name: [row.figures[name] for row in rows if name in row.figures] for name in ACCURACIES}
    percent = {
        name
        for name, logged in values.items()
        if (finite := [value for value in logged if math.isfinite(value)]) and 1 < min(finite) <= max(finite) <= WHOLE
    }
    if not percent:
        return rows
    notes.append("accuracies are percentages: divided by 100")
    return [
        replace(
            row,
            figures={name: value / WHOLE if name in percent else value for name, value in row.figures.items()},
        )
        for row in rows
    ]


def _phase(rows: Sequence[LogRow]) -> LoggedPhase:
    """Return the phase of these rows. An empty cell is a NaN loss if another metric shows that it was validated."""
    names = dict.fromkeys(name for row in rows for name in row.figures if name != PHASE)
    figures = {name: tuple(row.figures.get(name, math.nan) for row in rows) for name in names}
    unvalidated = frozenset(
        index
        for index, row in enumerate(rows)
        if row.unvalidated or (VAL_LOSS in names and not row.figures.keys() & {VAL_LOSS, VAL_ACCURACY})
    )
    return LoggedPhase(epochs=tuple(row.epoch for row in rows), **figures, unvalidated=unvalidated)
