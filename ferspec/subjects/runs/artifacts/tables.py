"""Write and read the CSV tables among a run's artifacts; incomplete files are refused."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferspec.errors import UserError
from ferspec.files import read_bounded

LARGEST = 256 << 20


@dataclass(frozen=True)
class RunTable:
    """Hold a table as text: its columns by name, and the line of every row."""

    path: Path
    lines: tuple[int, ...]
    columns: dict[str, tuple[str, ...]]


def table_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Format a header and rows as CSV (RFC 4180, as in Keras' ``CSVLogger``)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def read_run_table(path: str | Path, columns: Sequence[str]) -> RunTable:
    """Read a table with exactly these columns, in this order, and at least one row.

    Raise ``UserError`` for a file that is missing, too large, or not CSV in UTF-8, for other columns, a row of another
    width, or a last line without a line end, which shows that the file is truncated.
    """
    path = Path(path)
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines, rows = [], []
    try:
        header = next(reader, [])
        if header != list(columns):
            raise UserError(f"{path} must have the columns {','.join(columns)}, not {','.join(header)[:200] or 'none'}")
        for row in reader:
            if len(row) != len(columns):
                raise UserError(f"{path} line {reader.line_num}: {len(row)} values for {len(columns)} columns")
            lines.append(reader.line_num)
            rows.append(row)
    except csv.Error as error:
        raise UserError(f"{path} line {reader.line_num} is not CSV: {error}") from None
    if not rows:
        raise UserError(f"{path} has a header but no rows")
    if not text.endswith("\n"):
        raise UserError(f"{path} line {lines[-1]}: the last line has no line end: the file is truncated")
    return RunTable(path, tuple(lines), dict(zip(columns, zip(*rows, strict=True), strict=True)))


def whole_number(path: Path, line: int, column: str, text: str) -> int:
    """Parse an integer from 0. Raise ``UserError`` with line and column for any other text."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UserError(f"{path} line {line}, column {column!r}: {text!r} is not a whole number")
    return int(text)


def _text(path: Path) -> str:
    try:
        return read_bounded(path, LARGEST, "a table of a run").decode()
    except UnicodeDecodeError:
        raise UserError(f"{path} is not text in UTF-8") from None
