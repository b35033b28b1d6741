"""Reads the files that Keras' CSVLogger writes, as they are found: restarted, appended, without header, cut off."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ferspec.errors import UserError
from ferspec.files import read_bounded

LARGEST = 8 << 20
# far above what any training of the protocol has, or any log of several; replaying so many takes seconds
MOST_EPOCHS = 10_000
MOST_LINES = 100_000
HIGHEST_EPOCH = 10**9
SHOWN = 20
SEPARATORS = ",;\t|"
DECIMAL_COMMA = re.compile(r"[;\t|]\s*-?\d+,\d")
# what CSVLogger writes for a figure that an epoch does not have; one that is no number is "nan"
NOT_AVAILABLE = "NA"
EPOCH, RATE, PHASE = "epoch", "rate", "phase"
LOSS, ACCURACY, VAL_LOSS, VAL_ACCURACY = "loss", "accuracy", "val_loss", "val_accuracy"
TEST_LOSS, TEST_ACCURACY = "test_loss", "test_accuracy"
# what Keras and tf.keras, old and new, call the figures of a classifier
NAMES = {
    "epoch": EPOCH,
    "phase": PHASE,
    "lr": RATE,
    "learning_rate": RATE,
    "loss": LOSS,
    "acc": ACCURACY,
    "accuracy": ACCURACY,
    "categorical_accuracy": ACCURACY,
    "sparse_categorical_accuracy": ACCURACY,
    "val_loss": VAL_LOSS,
    "val_acc": VAL_ACCURACY,
    "val_accuracy": VAL_ACCURACY,
    "val_categorical_accuracy": VAL_ACCURACY,
    "val_sparse_categorical_accuracy": VAL_ACCURACY,
    "test_loss": TEST_LOSS,
    "test_acc": TEST_ACCURACY,
    "test_accuracy": TEST_ACCURACY,
}
# CSVLogger sorts by name, so that a rate called lr stands behind the loss and one called learning_rate before it
WITHOUT_RATE = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")
WITH_LR = ("epoch", "accuracy", "loss", "lr", "val_accuracy", "val_loss")
WITH_LEARNING_RATE = ("epoch", "accuracy", "learning_rate", "loss", "val_accuracy", "val_loss")
# rates are float32, printed in full or short
RATE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class LoggedPhase:
    """One call of ``fit``: its epochs as numbered in the file, and for each of them the figures that were logged.

    A figure that was not logged is None. ``rate`` is the learning rate that an epoch was trained with; a value that
    was logged as not available is NaN. ``unvalidated`` are the places, from 0, of epochs without validation: there
    ``val_loss`` is not available, which is not the same as a loss that is no number.
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
    """A log split into phases; ``columns`` are those it begins with, ``notes`` say what was guessed or left out.

    ``end_lost`` says whether the last line was cut off or cannot be read.
    """

    path: Path
    columns: tuple[str, ...]
    phases: tuple[LoggedPhase, ...]
    notes: tuple[str, ...] = ()
    end_lost: bool = False


@dataclass(frozen=True)
class Row:
    """One epoch of a log: the columns it was logged under, and its figures by their names in ``LoggedPhase``.

    ``unvalidated`` where a validation loss was logged as not available.
    """

    columns: tuple[str, ...]
    epoch: int
    figures: dict[str, float]
    unvalidated: bool = False

    def follows(self, before: Row) -> bool:
        """Return whether the same call of ``fit`` can have logged both: its rate only ever falls."""
        if self.epoch != before.epoch + 1 or self.columns != before.columns:
            return False
        if self.figures.get(PHASE) != before.figures.get(PHASE):
            return False
        rate, rate_before = self.figures.get(RATE, math.nan), before.figures.get(RATE, math.nan)
        return not rate > rate_before * (1 + RATE_TOLERANCE)


def read_training_log(path: str | Path) -> TrainingLog:
    """Return the phases of a training, as Keras' ``CSVLogger`` logged them.

    A phase begins where the epochs do not go on by one, where the learning rate rises, where other columns are logged,
    or where the history of a run of this suite names another phase. Lines that cannot be read are left out and noted,
    as is a last line without a line end. ``UserError`` for a file that cannot be read or is no such log.
    """
    path = Path(path)
    lines, notes = _lines(path)
    cut_off = bool(notes)
    separator = max(SEPARATORS, key="\n".join(line for _, line in lines).count)
    unreadable: list[int] = []
    rows = list(islice(_rows(lines, separator, notes, unreadable), MOST_EPOCHS + 1))
    if not rows:
        raise UserError(f"{path} is no training log: {_why_none(line for _, line in lines)}")
    if rows[0].epoch == 1:
        notes.append("its first epoch is 1: taken as lost lines; if none is, number the epochs from 0, as Keras does")
    end_lost = cut_off or lines[-1][0] in unreadable
    return TrainingLog(path, rows[0].columns, split(path, rows, notes), tuple(notes), end_lost)


def _lines(path: Path) -> tuple[list[tuple[int, str]], list[str]]:
    """Return the lines with their numbers, none of them empty, and what is to be noted of them."""
    text = read_bounded(path, LARGEST, "a training log").decode("utf-8-sig", errors="replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise UserError(f"{path}: more than {MOST_LINES:,} lines are too many for a training log")
    if not lines or text.endswith("\n"):
        return lines, []
    return lines[:-1], [f"line {lines[-1][0]}, the last, has no line end: taken as cut off, and left out"]


def _why_none(lines: Iterable[str]) -> str:
    """Return why no line of a file is an epoch."""
    for line in lines:
        if "\0" in line:
            return "it is not text in UTF-8; if it is text in UTF-16, save it in UTF-8"
        if DECIMAL_COMMA.search(line):
            return "its numbers have decimal commas; write them with points"
    return "no line has an epoch and its loss, as Keras' CSVLogger writes them"


def _rows(lines: Sequence[tuple[int, str]], separator: str, notes: list[str], unreadable: list[int]) -> Iterator[Row]:
    """Yield the epochs; numbers of lines that are none are added to ``unreadable``."""
    header: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    for number, line in lines:
        fields = _fields(line, separator)
        if EPOCH in fields:
            header = columns = fields
            continue
        row = _row(columns, fields)
        # a restart may log other columns without saying so; elsewhere such a line is a broken one
        if row is None and (new := _undescribed(header, fields)) and (not columns or new.epoch == 0):
            row, columns = new, new.columns
            if columns != header:
                notes.append(f"line {number}: no header for its {len(columns)} values, read as {', '.join(columns)}")
        if row is None:
            unreadable.append(number)
        else:
            yield row
    if unreadable:
        more = f" and {len(unreadable) - SHOWN:,} more" if len(unreadable) > SHOWN else ""
        notes.append(f"left out, for they cannot be read: line {', '.join(map(str, unreadable[:SHOWN]))}{more}")


def _fields(line: str, separator: str) -> tuple[str, ...]:
    try:
        return tuple(field.strip() for field in next(csv.reader([line], delimiter=separator)))
    except csv.Error:
        return ()


def _undescribed(header: tuple[str, ...], fields: tuple[str, ...]) -> Row | None:
    """Return a line that the columns before it do not describe: by the header, or as CSVLogger orders its columns."""
    for columns in (header, WITHOUT_RATE, WITH_LR, WITH_LEARNING_RATE):
        row = _row(columns, fields)
        # a loss is larger than a learning rate
        if row and (columns == header or _plausible(row.figures)):
            return row
    return None


def _plausible(figures: dict[str, float]) -> bool:
    shares = all(0 <= figures[name] <= 1 for name in (ACCURACY, VAL_ACCURACY))
    return shares and not min(figures[LOSS], figures[VAL_LOSS]) <= figures.get(RATE, 0)


def _row(columns: tuple[str, ...], fields: tuple[str, ...]) -> Row | None:
    """Return the epoch and figures of one line, or None where it has not the form of one."""
    if len(columns) != len(fields) or not fields:
        return None
    figures, unvalidated = {}, False
    for column, field in zip(columns, fields, strict=True):
        if column in NAMES:
            unvalidated |= NAMES[column] == VAL_LOSS and field == NOT_AVAILABLE
            try:
                figures[NAMES[column]] = math.nan if field == NOT_AVAILABLE else float(field)
            except ValueError:
                return None
    epoch = figures.pop(EPOCH)
    if not epoch.is_integer() or not 0 <= epoch <= HIGHEST_EPOCH or not {LOSS, VAL_LOSS} & figures.keys():
        return None
    return Row(columns, int(epoch), figures, unvalidated)


def split(path: Path, rows: Sequence[Row], notes: list[str]) -> tuple[LoggedPhase, ...]:
    """Return the phases that epochs, in the order of their logging, belong to; missing epochs are noted.

    ``UserError``, naming the path, for more than ``MOST_EPOCHS``.
    """
    if len(rows) > MOST_EPOCHS:
        raise UserError(f"{path} logs more than {MOST_EPOCHS:,} epochs: too many for a training")
    phases: list[list[Row]] = []
    for row in rows:
        if phases and row.follows(phases[-1][-1]):
            phases[-1].append(row)
            continue
        if phases and row.epoch > phases[-1][-1].epoch + 1:
            first, last = phases[-1][-1].epoch + 1, row.epoch - 1
            missing = f"epoch {first} is" if first == last else f"epochs {first} to {last} are"
            notes.append(f"{missing} missing: a phase begins after that")
        phases.append([row])
    return tuple(_phase(phase) for phase in phases)


def _phase(rows: Sequence[Row]) -> LoggedPhase:
    figures = {name: tuple(row.figures[name] for row in rows) for name in rows[0].figures if name != PHASE}
    unvalidated = frozenset(place for place, row in enumerate(rows) if row.unvalidated)
    return LoggedPhase(epochs=tuple(row.epoch for row in rows), **figures, unvalidated=unvalidated)
