"""Read files of Keras' CSVLogger, including restarted, appended, headerless and truncated ones."""

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
# far more than any training of the protocol has; replaying this many epochs takes seconds
MOST_EPOCHS = 10_000
MOST_LINES = 100_000
HIGHEST_EPOCH = 10**9
SHOWN = 20
SEPARATORS = ",;\t|"
DECIMAL_COMMA = re.compile(r"[;\t|]\s*-?\d+,\d")
# CSVLogger writes this for a metric that an epoch lacks; a metric that is not a number is "nan"
NOT_AVAILABLE = "NA"
EPOCH, RATE, PHASE = "epoch", "rate", "phase"
LOSS, ACCURACY, VAL_LOSS, VAL_ACCURACY = "loss", "accuracy", "val_loss", "val_accuracy"
TEST_LOSS, TEST_ACCURACY = "test_loss", "test_accuracy"
# names of a classifier's metrics in all versions of Keras and tf.keras
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
# CSVLogger sorts columns by name: lr comes after the loss, and learning_rate before it
WITHOUT_RATE = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")
WITH_LR = ("epoch", "accuracy", "loss", "lr", "val_accuracy", "val_loss")
WITH_LEARNING_RATE = ("epoch", "accuracy", "learning_rate", "loss", "val_accuracy", "val_loss")
# learning rates are float32, printed with many or few digits
RATE_TOLERANCE = 1e-6


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
    last line is truncated or unreadable.
    """

    path: Path
    columns: tuple[str, ...]
    phases: tuple[LoggedPhase, ...]
    notes: tuple[str, ...] = ()
    end_lost: bool = False


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


def read_training_log(path: str | Path) -> TrainingLog:
    """Read the phases of a training from a file of Keras' ``CSVLogger``.

    A phase begins where the epochs are not consecutive, the learning rate rises, the columns change, or the history of
    a run of this suite names another phase. Unreadable lines, and a last line without a line end, are skipped and
    noted. Raise ``UserError`` for a file that is unreadable or not such a log.
    """
    path = Path(path)
    lines, notes = _lines(path)
    cut_off = bool(notes)
    separator = max(SEPARATORS, key="\n".join(line for _, line in lines).count)
    unreadable: list[int] = []
    rows = list(islice(_rows(lines, separator, notes, unreadable), MOST_EPOCHS + 1))
    if not rows:
        raise UserError(f"{path} is not a training log: {_why_none(line for _, line in lines)}")
    if rows[0].epoch == 1:
        notes.append("its first epoch is 1: treated as missing lines; if none are, number the epochs from 0")
    end_lost = cut_off or lines[-1][0] in unreadable
    return TrainingLog(path, rows[0].columns, phases_of(path, rows, notes), tuple(notes), end_lost)


def _lines(path: Path) -> tuple[list[tuple[int, str]], list[str]]:
    """Return the non-empty lines with their numbers, and notes on them."""
    text = read_bounded(path, LARGEST, "a training log").decode("utf-8-sig", errors="replace")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise UserError(f"{path}: more than {MOST_LINES:,} lines are too many for a training log")
    if not lines or text.endswith("\n"):
        return lines, []
    return lines[:-1], [f"the last line ({lines[-1][0]}) has no line end: treated as truncated and skipped"]


def _why_none(lines: Iterable[str]) -> str:
    """Return why no line of a file describes an epoch."""
    for line in lines:
        if "\0" in line:
            return "it is not text in UTF-8; convert UTF-16 to UTF-8"
        if DECIMAL_COMMA.search(line):
            return "its numbers have decimal commas; write decimal points"
    return "no line has an epoch and its loss, as in the files of Keras' CSVLogger"


def _rows(
    lines: Sequence[tuple[int, str]], separator: str, notes: list[str], unreadable: list[int]
) -> Iterator[LogRow]:
    """Yield the epochs, and append the numbers of unreadable lines to ``unreadable``."""
    header: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    for number, line in lines:
        fields = _fields(line, separator)
        if EPOCH in fields:
            header = columns = fields
            continue
        row = _row(columns, fields)
        # a restart may change the columns without a header; at other epochs such a line is damaged
        if row is None and (new := _guessed_row(header, fields)) and (not columns or new.epoch == 0):
            row, columns = new, new.columns
            if columns != header:
                notes.append(f"line {number}: no header for its {len(columns)} values, read as {', '.join(columns)}")
        if row is None:
            unreadable.append(number)
        else:
            yield row
    if unreadable:
        more = f" and {len(unreadable) - SHOWN:,} more" if len(unreadable) > SHOWN else ""
        notes.append(f"unreadable lines were skipped: line {', '.join(map(str, unreadable[:SHOWN]))}{more}")


def _fields(line: str, separator: str) -> tuple[str, ...]:
    try:
        return tuple(field.strip() for field in next(csv.reader([line], delimiter=separator)))
    except csv.Error:
        return ()


def _guessed_row(header: tuple[str, ...], fields: tuple[str, ...]) -> LogRow | None:
    """Parse a line without a header, by the first header or CSVLogger's usual columns."""
    for columns in (header, WITHOUT_RATE, WITH_LR, WITH_LEARNING_RATE):
        row = _row(columns, fields)
        if row and (columns == header or _plausible(row.figures)):
            return row
    return None


def _plausible(figures: dict[str, float]) -> bool:
    """Return whether the accuracies are proportions and the losses exceed the learning rate."""
    proportions = all(0 <= figures[name] <= 1 for name in (ACCURACY, VAL_ACCURACY))
    return proportions and not min(figures[LOSS], figures[VAL_LOSS]) <= figures.get(RATE, 0)


def _row(columns: tuple[str, ...], fields: tuple[str, ...]) -> LogRow | None:
    """Parse the epoch and metrics of one line, or return None for other lines."""
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
    return LogRow(columns, int(epoch), figures, unvalidated)


def phases_of(path: Path, rows: Sequence[LogRow], notes: list[str]) -> tuple[LoggedPhase, ...]:
    """Divide epochs, in the order of logging, into phases; missing epochs are noted.

    Raise ``UserError`` for more than ``MOST_EPOCHS`` epochs.
    """
    if len(rows) > MOST_EPOCHS:
        raise UserError(f"{path} logs more than {MOST_EPOCHS:,} epochs: too many for a training")
    phases: list[list[LogRow]] = []
    for row in rows:
        if phases and row.follows(phases[-1][-1]):
            phases[-1].append(row)
            continue
        if phases and row.epoch > phases[-1][-1].epoch + 1:
            first, last = phases[-1][-1].epoch + 1, row.epoch - 1
            missing = f"epoch {first} is" if first == last else f"epochs {first} to {last} are"
            notes.append(f"{missing} missing: a new phase begins")
        phases.append([row])
    return tuple(_phase(phase) for phase in phases)


def _phase(rows: Sequence[LogRow]) -> LoggedPhase:
    figures = {name: tuple(row.figures[name] for row in rows) for name in rows[0].figures if name != PHASE}
    unvalidated = frozenset(index for index, row in enumerate(rows) if row.unvalidated)
    return LoggedPhase(epochs=tuple(row.epoch for row in rows), **figures, unvalidated=unvalidated)
