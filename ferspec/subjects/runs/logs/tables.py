"""Read training logs that are tables of text, including restarted, appended, headerless and truncated ones."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zlib import crc32

from ferspec.errors import UserError
from ferspec.files import MOST_COLUMNS
from ferspec.subjects.runs.logs.cells import Cells, epochs_of, is_epoch
from ferspec.subjects.runs.logs.long_form import lines_by_split
from ferspec.subjects.runs.logs.names import (
    ACCURACIES,
    ACCURACY,
    EPOCH,
    LOSS,
    LOSSES,
    PHASE,
    RATE,
    STEP,
    VAL_ACCURACY,
    VAL_LOSS,
    Names,
    read_names,
)
from ferspec.subjects.runs.logs.phases import TrainingLog, phases_of

MOST_LINES = 100_000
SHOWN = 20
# a comma is the last: it may be that of decimals
SEPARATORS = ";\t|,"
DECIMAL_COMMA = re.compile(r"-?\d+,\d+(e[+-]?\d+)?", re.IGNORECASE)
# CSVLogger writes this for a metric that an epoch lacks; a metric that is not a number is "nan"
NOT_AVAILABLE = "NA"
# CSVLogger sorts columns by name: lr comes after the loss, and learning_rate before it
WITHOUT_RATE = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")
WITH_LR = ("epoch", "accuracy", "loss", "lr", "val_accuracy", "val_loss")
WITH_LEARNING_RATE = ("epoch", "accuracy", "learning_rate", "loss", "val_accuracy", "val_loss")
LAYOUTS = (WITHOUT_RATE, WITH_LR, WITH_LEARNING_RATE)
CSV_LOGGER, TABLE = "CSVLogger", "table"
EXPECTED = "a loss of training or validation, such as loss, train_loss, val/loss or eval_loss"


@dataclass(frozen=True)
class Header:
    """Hold the names of the columns, in order; ``number`` counts the headers of the file."""

    columns: tuple[str, ...]
    number: int

    @cached_property
    def names(self) -> Names:
        return read_names(self.columns)

    @cached_property
    def metrics(self) -> frozenset[str]:
        return frozenset(self.names.metrics.values())

    def cells(self, fields: tuple[str, ...]) -> Cells | None:
        """Parse the epoch and metrics of one line, or return None for other lines."""
        if len(self.columns) != len(fields):
            return None
        figures, unvalidated = {}, False
        for column, text in zip(self.columns, fields, strict=True):
            metric = self.names.metrics.get(column)
            if metric is None or not text:
                continue
            unvalidated |= metric == VAL_LOSS and text == NOT_AVAILABLE
            value = number_of(text, metric)
            if value is None:
                return None
            figures[metric] = value
        stepwise = STEP in self.metrics
        if EPOCH in figures and not is_epoch(figures[EPOCH], stepwise):
            return None
        if EPOCH in self.metrics - figures.keys() and not stepwise:
            return None
        sparse = bool(self.metrics - figures.keys())
        return Cells(self.columns, figures, self.number, sparse, unvalidated) if figures else None


def read_table(path: Path, text: str) -> TrainingLog:
    """Read the phases of a training from a table by the names of its columns.

    A phase begins where the epochs are not consecutive, the learning rate rises, the columns change, or a column names
    another phase. Unreadable lines, and a last line without a line end, are skipped and noted. Raise ``UserError`` for
    a text that is not such a table.
    """
    lines, notes = _lines(path, text)
    cut_off = bool(notes)
    separator = max(SEPARATORS, key=lambda separator: sum(separator in line for _, line in lines))
    table = _Table(separator, notes)
    rows = epochs_of(table.read(lines))
    if not rows:
        raise UserError(f"{path} is not a training log: {_why_none(lines, separator)}")
    if len(table.runs) > 1:
        raise UserError(f"{path} holds {len(table.runs)} runs ({', '.join(sorted(table.runs)[:3])}): export one run")
    end_lost = cut_off or lines[-1][0] in table.unreadable
    known = CSV_LOGGER if {EPOCH, LOSS} <= set(rows[0].columns) else TABLE
    named = any(PHASE in row.figures for row in rows)
    phases = phases_of(path, rows, notes)
    return TrainingLog(path, rows[0].columns, phases, tuple(dict.fromkeys(notes)), end_lost, known, named)


def _lines(path: Path, text: str) -> tuple[list[tuple[int, str]], list[str]]:
    """Return the non-empty lines with their numbers, and notes on them."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if len(lines) > MOST_LINES:
        raise UserError(f"{path}: more than {MOST_LINES:,} lines are too many for a training log")
    if not lines or text.endswith("\n"):
        return lines, []
    return lines[:-1], [f"the last line ({lines[-1][0]}) has no line end: treated as truncated and skipped"]


def _why_none(lines: Sequence[tuple[int, str]], separator: str) -> str:
    """Return why no line of a file describes an epoch: the columns that it has, and what is missing."""
    for _, line in lines:
        if "\0" in line:
            return "it is not text in UTF-8; convert UTF-16 to UTF-8"
    columns = _fields(lines[0][1], separator) if lines else ()
    if len(columns) < 2 or all(number_of(column) is not None for column in columns):
        return "no line has an epoch and its loss, as in the files of Keras' CSVLogger"
    return why_no_loss(columns)


def why_no_loss(columns: Sequence[str]) -> str:
    """Return what is missing in a log with these columns."""
    metrics = read_names(columns[:MOST_COLUMNS]).metrics
    shown = ", ".join(column[:30] or "(unnamed)" for column in columns[:SHOWN])
    more = f" and {len(columns) - SHOWN:,} more" if len(columns) > SHOWN else ""
    if LOSSES & set(metrics.values()):
        return f"no line below its header ({shown}{more}) has a loss"
    known = f"; recognised: {', '.join(metrics)}" if metrics else ""
    return f"{f'its columns are {shown}{more}' if shown else 'it has no columns'}{known}; missing: {EXPECTED}"


class _Table:
    """Read lines with the header above them; collect notes, unreadable lines and the runs that columns name."""

    def __init__(self, separator: str, notes: list[str]) -> None:
        self.separator, self.notes = separator, notes
        self.unreadable: list[int] = []
        self.runs: set[str] = set()

    def read(self, lines: Sequence[tuple[int, str]]) -> Iterator[Cells]:
        first: Header | None = None
        header: Header | None = None
        epochs: list[float] = []
        table = lines_by_split([(number, _fields(line, self.separator)) for number, line in lines])
        # columns of unknown names are not those of CSVLogger
        is_other = bool(table) and _is_text(table[0][1]) and not is_header(table[0][1])
        layouts = [columns for columns in LAYOUTS if not is_other or len(columns) != len(table[0][1])]
        following_lines = [*(later for _, later in table[1:]), ()]
        for (number, fields), following in zip(table, following_lines, strict=False):
            if is_header(fields):
                header = Header(fields, 0 if header is None else header.number + 1)
                first = first or header
                self.notes += header.names.notes
                self.runs |= header.names.runs
                continue
            cells = header.cells(fields) if header else None
            # a restart may change the columns without a header; elsewhere such a line is damaged
            if cells is None and (guess := _guessed(first, fields, layouts)):
                guessed, new = guess
                restarts = epochs[:1] == [new.figures.get(EPOCH)]
                continues = epochs[-1:] == [new.figures.get(EPOCH, 0) - 1] and len(following) == len(fields)
                if not epochs or restarts or continues:
                    header, cells = guessed, new
                    if guessed != first:
                        named = ", ".join(guessed.columns)
                        self.notes.append(f"line {number}: no header for its {len(fields)} values, read as {named}")
            if cells is None:
                self.unreadable.append(number)
                continue
            epochs.append(cells.figures.get(EPOCH, -1))
            yield cells
        if self.unreadable:
            left = len(self.unreadable) - SHOWN
            more = f" and {left:,} more" if left > 0 else ""
            listed = ", ".join(map(str, self.unreadable[:SHOWN]))
            self.notes.append(f"unreadable lines were skipped: line {listed}{more}")


def is_header(fields: tuple[str, ...]) -> bool:
    """Return whether a line names columns, one of which is a loss."""
    return len(fields) <= MOST_COLUMNS and _is_text(fields) and bool(LOSSES & set(read_names(fields).metrics.values()))


def _is_text(fields: tuple[str, ...]) -> bool:
    """Return whether a line may name columns: it has several cells, and none is a number."""
    return len(fields) > 1 and not any(field and number_of(field) is not None for field in fields)


def _fields(line: str, separator: str) -> tuple[str, ...]:
    try:
        fields = [field.strip() for field in next(csv.reader([line], delimiter=separator))]
    except csv.Error:
        return ()
    if separator == ",":
        return tuple(fields)
    return tuple(field.replace(",", ".") if DECIMAL_COMMA.fullmatch(field) else field for field in fields)


def number_of(text: str, metric: str = "") -> float | None:
    """Return the number of a cell, a distinct one for each phase; None for other text."""
    if text == NOT_AVAILABLE:
        return math.nan
    if metric == PHASE:
        return float(crc32(text.encode()))
    try:
        return float(text.removesuffix("%") if metric in ACCURACIES else text)
    except ValueError:
        return None


def _guessed(
    first: Header | None, fields: tuple[str, ...], layouts: Iterable[tuple[str, ...]]
) -> tuple[Header, Cells] | None:
    """Parse a line without a header, by the first header or CSVLogger's usual columns."""
    if first is not None and (cells := first.cells(fields)):
        return first, cells
    for columns in layouts:
        header = Header(columns, 0)
        if (cells := header.cells(fields)) and _plausible(cells.figures):
            return header, cells
    return None


def _plausible(figures: dict[str, float]) -> bool:
    """Return whether the accuracies are proportions and the losses exceed the learning rate."""
    if {EPOCH, LOSS, VAL_LOSS, ACCURACY, VAL_ACCURACY} - figures.keys():
        return False
    proportions = all(0 <= figures[name] <= 1 for name in (ACCURACY, VAL_ACCURACY))
    return proportions and not min(figures[LOSS], figures[VAL_LOSS]) <= figures.get(RATE, 0)
