"""Results as a table: one row a training, with its cell and its eight figures, in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from ferspec.errors import UserError
from ferspec.files import read_bounded
from ferspec.grid.cells import find_cell
from ferspec.grid.judging.results import Result
from ferspec.spec.names import nearest
from ferspec.spec.records import Figures
from ferspec.subjects.models.predictions import finite_number
from ferspec.subjects.runs.artifacts.tables import table_text, whole_number

FIGURES = tuple(Figures.model_fields)
WHOLE = ("val_n", "btfer_n", "seed")
COLUMNS = ("cell", "source", *FIGURES, *WHOLE)
LARGEST = 16 << 20


def results_text(results: Iterable[Result]) -> str:
    """Return a table of results; a figure that is unknown is left blank."""
    return table_text(COLUMNS, (_row(result) for result in results))


def read_result_table(path: str | Path) -> tuple[Result, ...]:
    """Return the results of a table's rows.

    Columns come in any order: ``cell``, at least one of the eight figures (0 to 1), and if wanted ``source``,
    ``val_n``, ``btfer_n`` and ``seed``. Blank values are unknown; a row without a source is named by its line.
    ``UserError``, in one line that names the line of the file, for an unknown column, cell or value, and a file that is
    empty or no CSV in UTF-8.
    """
    path = Path(path)
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _require_columns(path, header)
        results = []
        for row in reader:
            if not any(row):
                continue
            if len(row) != len(header):
                raise UserError(f"{path} line {reader.line_num}: {len(row)} values for {len(header)} columns")
            values = dict(zip(header, map(str.strip, row), strict=True))
            results.append(_result(path, reader.line_num, values))
    except csv.Error as error:
        raise UserError(f"{path} line {reader.line_num} is not CSV: {error}") from None
    if not results:
        raise UserError(f"{path} has a header but no results")
    return tuple(results)


def _row(result: Result) -> list[object]:
    values = {**result.figures.model_dump(), **{name: getattr(result, name) for name in WHOLE}}
    return [result.cell, result.source, *("" if value is None else value for value in values.values())]


def _require_columns(path: Path, header: list[str]) -> None:
    for name in header:
        if name not in COLUMNS:
            near = nearest(name, COLUMNS)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(COLUMNS)}"
            raise UserError(f"{path}: unknown column {name[:80]!r}: {hint}")
        if header.count(name) > 1:
            raise UserError(f"{path} has the column {name!r} twice")
    if "cell" not in header or not set(header) & set(FIGURES):
        raise UserError(f"{path} is no table of results: it needs the column cell and figures ({', '.join(FIGURES)})")


def _result(path: Path, line: int, values: dict[str, str]) -> Result:
    try:
        cell = find_cell(values["cell"]).id
    except UserError as error:
        raise UserError(f"{path} line {line}: {error}") from None
    figures = {name: _share(path, line, name, text) for name in FIGURES if (text := values.get(name))}
    counts = {name: whole_number(path, line, name, text) for name in WHOLE if (text := values.get(name))}
    source = values.get("source") or f"{path.name} line {line}"
    return Result(cell=cell, source=source, figures=Figures(**figures), **counts)


def _share(path: Path, line: int, column: str, text: str) -> float:
    value = finite_number(path, line, column, text)
    if not 0 <= value <= 1:
        raise UserError(f"{path} line {line}, column {column!r}: {text} is not between 0 and 1")
    return value


def _text(path: Path) -> str:
    content = read_bounded(path, LARGEST, "a table of results")
    try:
        # spreadsheets put a mark before the text
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not text in UTF-8") from None
