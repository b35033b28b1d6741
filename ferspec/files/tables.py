"""Read untrusted CSV tables row by row, within bounds."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from ferspec.errors import UserError
from ferspec.files.reading import open_regular, read_head

# a row of FER2013 has 9,000 characters, one of AffectNet's landmarks 1,000
LONGEST_LINE = 1 << 20
# the widest table that we know, AffectNet's with coordinates of landmarks in columns, has 150
MOST_COLUMNS = 1_000
# AffectNet lists a million images in all
MOST_ROWS = 2_000_000
DELIMITERS = (",", ";", "\t", "|")


def delimiter_of(path: str | Path) -> str:
    """Return the character that separates the most cells of the first line of a table."""
    return likely_delimiter(read_head(path, LONGEST_LINE))


def likely_delimiter(head: bytes) -> str:
    """Return what separates the most cells of the first line of some content."""
    first = head.lstrip(b"\xef\xbb\xbf\r\n").partition(b"\n")[0].decode(errors="replace")
    return max(DELIMITERS, key=first.count)


def csv_rows(
    path: str | Path,
    largest: int,
    what: str = "such a table",
    delimiter: str = ",",
    opener: Callable[[], IO[bytes]] | None = None,
) -> Iterator[tuple[int, list[str]]]:
    """Yield line and cells of each row of a CSV file in UTF-8; ``opener`` opens one that is inside an archive.

    The header is the first, and empty lines are skipped. A byte order mark is skipped. A row is one line: cells that
    contain a line end are refused. ``UserError``, with the line, for a file that is not regular, not text, not CSV, or
    larger than ``largest`` bytes, and for a line, a number of columns or a number of rows above the limits.
    """
    with (
        opener() if opener else open_regular(path, largest, what) as opened,
        io.TextIOWrapper(opened, encoding="utf-8-sig", newline="") as text,
    ):
        line = rows = 0
        try:
            while content := text.readline(LONGEST_LINE + 1):
                line += 1
                if cells := _cells(path, line, content, delimiter):
                    rows += 1
                    if rows > MOST_ROWS:
                        raise UserError(f"{path}: more than {MOST_ROWS:,} rows are too many for {what}")
                    yield line, cells
        except UnicodeDecodeError:
            raise UserError(f"{path} is not text in UTF-8") from None
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}") from None


def require_few_columns(path: str | Path, columns: int) -> None:
    """Raise ``UserError`` for a table with more than ``MOST_COLUMNS`` columns."""
    if columns > MOST_COLUMNS:
        raise UserError(f"{path}: {columns:,} columns are too many: at most {MOST_COLUMNS:,} are read")


def _cells(path: str | Path, line: int, content: str, delimiter: str) -> list[str]:
    if len(content) > LONGEST_LINE:
        raise UserError(f"{path} line {line}: more than {LONGEST_LINE:,} characters are too many for a row")
    if "\0" in content:
        raise UserError(f"{path} line {line}: a NUL character: the file is not text in UTF-8")
    try:
        cells = next(csv.reader([content], strict=True, delimiter=delimiter), [])
    except csv.Error as error:
        raise UserError(f"{path} line {line} is not CSV: {error}") from None
    require_few_columns(path, len(cells))
    return cells
