"""The rows of a CSV file, by the names of its columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from ferspec.errors import UserError


def read_rows(path: Path, wanted: Sequence[str], hint: str) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Yield the number of each row, its line in the file, and its cells by column in lower case, stripped.

    ``UserError`` for a column of ``wanted`` that is missing (``hint`` says which there should be), a row with another
    number of cells, and a file that is no text.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            columns = [name.strip().lower() for name in next(reader, [])]
            for column in wanted:
                if column.lower() not in columns:
                    raise UserError(f"{path}: no column {column!r}: {hint}")
            for number, cells in enumerate(row for row in reader if row):
                if len(cells) != len(columns):
                    raise UserError(f"{path}, line {reader.line_num}: {len(cells)} cells for {len(columns)} columns")
                yield number, reader.line_num, dict(zip(columns, (cell.strip() for cell in cells), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a readable CSV file ({error})") from error
