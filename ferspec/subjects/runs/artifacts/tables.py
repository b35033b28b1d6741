"""The tables among a run's artifacts: CSV files written one way, and read back only if they are whole."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ferspec.errors import UserError

LARGEST = 256 << 20


@dataclass(frozen=True)
class RunTable:
    """A table as text: each column by its name, and the line of every row in the file."""

    path: Path
    lines: tuple[int, ...]
    columns: dict[str, tuple[str, ...]]


def table_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a header and rows as CSV (RFC 4180, as Keras' ``CSVLogger`` writes it)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def read_table(path: str | Path, columns: Sequence[str]) -> RunTable:
    """Return a table that has just these columns, in this order, and at least one row.

    ``UserError``, in one line, where the file is missing, too large, not CSV in UTF-8, has other columns, has a row
    of another width, or does not end with its last line's end, as a file that was cut off does not.
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
        raise UserError(f"{path} line {lines[-1]}: the last line has no end: the file was cut off")
    return RunTable(path, tuple(lines), dict(zip(columns, zip(*rows, strict=True), strict=True)))


def whole_number(path: Path, line: int, column: str, text: str) -> int:
    """Return the whole number from 0 that a text is; ``UserError``, naming line and column, for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UserError(f"{path} line {line}, column {column!r}: {text!r} is not a whole number")
    return int(text)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path}: {path.stat().st_size:,} bytes is too large for a table of a run")
        return path.read_bytes().decode()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path} is not text in UTF-8") from None
