"""Read the rows of a CSV file by column name."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from ferspec.errors import UserError


def read_rows(path: Path, required: Sequence[str], hint: str) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Yield number, line, and cells of each row, stripped, by lower-case column name.

    Raise ``UserError`` for a missing column of ``required`` (with ``hint`` on the expected columns), a row with another
    number of cells, or a file that is not text.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            columns = [name.strip().lower() for name in next(reader, [])]
            for column in required:
                if column.lower() not in columns:
                    raise UserError(f"{path}: no column {column!r}: {hint}")
            for number, cells in enumerate(row for row in reader if row):
                if len(cells) != len(columns):
                    raise UserError(f"{path}, line {reader.line_num}: {len(cells)} cells for {len(columns)} columns")
                yield number, reader.line_num, dict(zip(columns, (cell.strip() for cell in cells), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a readable CSV file ({error})") from error
