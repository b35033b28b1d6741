"""Read the rows of a CSV file by column name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ferspec.errors import UserError
from ferspec.files import csv_rows

# FER2013 has 0.3 GiB, and AffectNet 0.2 GiB for its 415,000 annotations by hand
LARGEST = 1 << 30


def read_rows(path: Path, required: Sequence[str], hint: str) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Yield number, line, and cells of each row, stripped, by lower-case column name.

    Raise ``UserError`` for a missing column of ``required`` (with ``hint`` on the expected columns), a row with another
    number of cells, or a file that is not text.
    """
    rows = csv_rows(path, LARGEST, "a table of images")
    columns = [name.strip().lower() for name in next(rows, (1, []))[1]]
    for column in required:
        if column.lower() not in columns:
            raise UserError(f"{path}: no column {column!r}: {hint}")
    for number, (line, cells) in enumerate(rows):
        if len(cells) != len(columns):
            raise UserError(f"{path}, line {line}: {len(cells)} cells for {len(columns)} columns")
        yield number, line, dict(zip(columns, (cell.strip() for cell in cells), strict=True))
