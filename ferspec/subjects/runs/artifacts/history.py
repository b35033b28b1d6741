"""The epochs of a training as Keras' ``CSVLogger`` writes them, and the phase of each: history.csv."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ferspec.errors import UserError
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.subjects.models.predictions import finite_number
from ferspec.subjects.runs.artifacts.tables import read_table, table_text, whole_number

# Keras sorts what an epoch logs; that it logs the rate at all is ReduceLROnPlateau's doing.
COLUMNS = ("epoch", "accuracy", "learning_rate", "loss", "val_accuracy", "val_loss", "phase")
WHOLE = frozenset({"epoch", "phase"})


def history_text(rows: Iterable[EpochRow]) -> str:
    """Return history.csv: a row an epoch; every number reads back exactly."""
    return table_text(COLUMNS, (tuple(repr(getattr(row, name)) for name in COLUMNS) for row in rows))


def read_history(path: str | Path) -> tuple[EpochRow, ...]:
    """Return the epochs that a history.csv lists.

    ``UserError``, in one line that names the line of the file, for a value that is no finite number, epochs that do
    not count from 0, phases that do not count from 1, and as ``read_table`` says.
    """
    table = read_table(path, COLUMNS)
    rows = []
    for line, *texts in zip(table.lines, *table.columns.values(), strict=True):
        values = {
            name: (whole_number if name in WHOLE else finite_number)(table.path, line, name, text)
            for name, text in zip(COLUMNS, texts, strict=True)
        }
        row = EpochRow(**values)
        if row.epoch != len(rows):
            raise UserError(f"{path} line {line}: epoch {row.epoch}, expected {len(rows)}: epochs count from 0")
        before = rows[-1].phase if rows else 1
        if row.phase not in ((before, before + 1) if rows else (before,)):
            raise UserError(f"{path} line {line}: phase {row.phase} after phase {before}: phases count from 1")
        rows.append(row)
    return tuple(rows)
