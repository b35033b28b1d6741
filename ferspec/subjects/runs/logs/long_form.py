"""Read logs in long form: each line has the metrics of one split, which a column names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from ferspec.subjects.runs.logs.names import ACCURACY, LOSS, RATE, SPLITS, metric_of

Value = TypeVar("Value")
Line = tuple[int, tuple[str, ...]]

COLUMNS = frozenset({"split", "phase", "mode", "stage", "subset", "set", "partition"})
OF_SPLITS = frozenset({LOSS, ACCURACY, RATE})


def records_by_split(records: Sequence[Mapping[str, Value]]) -> list[dict[str, Value]]:
    """Name the metrics of each record for the split that it names, if any."""
    return [_named(record) for record in records]


def lines_by_split(lines: Sequence[Line]) -> list[Line]:
    """Return the lines of a table with a column for each metric of each split.

    Cells of another split than the line's are empty. A table without a column of splits is returned as it is.
    """
    header = lines[0][1] if lines else ()
    rows = [fields for _, fields in lines if len(fields) == len(header) and fields != header]
    place = next(
        (place for place, name in enumerate(header) if _names_splits(name, [row[place] for row in rows])), None
    )
    if place is None:
        return list(lines)
    own = [column for column, name in enumerate(header) if metric_of(name) in OF_SPLITS]
    kept = [column for column in range(len(header)) if column != place and column not in own]
    splits = list(dict.fromkeys(row[place] for row in rows))

    def wide(fields: tuple[str, ...]) -> tuple[str, ...]:
        if len(fields) != len(header):
            return fields
        if fields == header:
            own_cells = [f"{split}_{header[column]}" for split in splits for column in own]
        else:
            own_cells = [fields[column] if fields[place] == split else "" for split in splits for column in own]
        return (*(fields[column] for column in kept), *own_cells)

    return [(number, wide(fields)) for number, fields in lines]


def _named(record: Mapping[str, Value]) -> dict[str, Value]:
    split = next((str(value) for name, value in record.items() if _names_splits(name, [str(value)])), None)
    if split is None:
        return dict(record)
    return {
        f"{split}_{name}" if metric_of(name) in OF_SPLITS else name: value
        for name, value in record.items()
        if name.lower() not in COLUMNS
    }


def _names_splits(name: str, cells: Sequence[str]) -> bool:
    return name.lower() in COLUMNS and bool(cells) and all(cell.lower() in SPLITS for cell in cells)
