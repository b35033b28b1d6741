"""Write and read history.csv, the epochs and phases of a training."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.subjects.models.predictions import finite_number
from ferspec.subjects.runs.artifacts.tables import read_run_table, table_text, whole_number

# Keras sorts the metrics of an epoch; ReduceLROnPlateau adds the learning rate.
COLUMNS = ("epoch", "accuracy", "learning_rate", "loss", "val_accuracy", "val_loss", "phase")
WHOLE = frozenset({"epoch", "phase"})


def history_text(rows: Iterable[EpochRow]) -> str:
    """Format history.csv with a row per epoch; every number reads back exactly."""
    return table_text(COLUMNS, (tuple(repr(getattr(row, name)) for name in COLUMNS) for row in rows))


def read_history(path: str | Path) -> tuple[EpochRow, ...]:
    """Read the epochs of a history.csv.

    Raise ``UserError`` with the line for a value that is not a finite number, epochs that do not count from 0, phases
    that do not count from 1, and as ``read_run_table`` does.
    """
    table = read_run_table(path, COLUMNS)
    rows: list[EpochRow] = []
    for line, *texts in zip(table.lines, *table.columns.values(), strict=True):
        values: dict[str, Any] = {
            name: (whole_number if name in WHOLE else finite_number)(table.path, line, name, text)
            for name, text in zip(COLUMNS, texts, strict=True)
        }
        row = EpochRow(**values)
        if row.epoch != len(rows):
            raise UserError(f"{path} line {line}: epoch {row.epoch}, expected {len(rows)}: epochs count from 0")
        previous = rows[-1].phase if rows else 1
        if row.phase not in ((previous, previous + 1) if rows else (previous,)):
            raise UserError(f"{path} line {line}: phase {row.phase} after phase {previous}: phases count from 1")
        rows.append(row)
    return tuple(rows)
