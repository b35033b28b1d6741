"""Reads and writes results tables in CSV, one row per training."""

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
from ferspec.spec.records import CellMetrics
from ferspec.subjects.models.predictions import finite_number
from ferspec.subjects.runs.artifacts.tables import table_text, whole_number

METRICS = tuple(CellMetrics.model_fields)
WHOLE = ("val_n", "btfer_n", "seed")
COLUMNS = ("cell", "source", *METRICS, *WHOLE)
LARGEST = 16 << 20
SEPARATORS = ",;\t"


def results_text(results: Iterable[Result]) -> str:
    """Return a results table; unknown metrics are blank."""
    return table_text(COLUMNS, (_row(result) for result in results))


def read_result_table(path: str | Path) -> tuple[Result, ...]:
    """Return the results in the rows of a table.

    Columns may be in any order: ``cell``, at least one of the eight metrics (0 to 1, or percentages with a sign), and
    optionally ``source``, ``val_n``, ``btfer_n`` and ``seed``. They are separated by commas, tabs or semicolons; with
    semicolons, a metric may have a decimal comma. Blank values are unknown; a row without a source is named by its
    line. ``UserError``, with the line of the file, for an unknown column or cell, an invalid value, an empty file, or a
    file that is not CSV in UTF-8.
    """
    path = Path(path)
    text = _text(path)
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
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
            if delimiter == ";":
                values |= {name: text.replace(",", ".") for name, text in values.items() if name in METRICS}
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
    if "cell" not in header or not set(header) & set(METRICS):
        raise UserError(f"{path} is not a results table: it needs the column cell and metrics ({', '.join(METRICS)})")


def _result(path: Path, line: int, values: dict[str, str]) -> Result:
    try:
        cell = find_cell(values["cell"]).id
    except UserError as error:
        raise UserError(f"{path} line {line}: {error}") from None
    figures = {name: _share(path, line, name, text) for name in METRICS if (text := values.get(name))}
    counts = {name: whole_number(path, line, name, text) for name in WHOLE if (text := values.get(name))}
    source = values.get("source") or f"{path.name} line {line}"
    return Result(
        cell=cell,
        source=source,
        figures=CellMetrics(**figures),
        val_n=counts.get("val_n"),
        btfer_n=counts.get("btfer_n"),
        seed=counts.get("seed"),
    )


def _delimiter(text: str) -> str:
    """Return the separator that occurs most often in the header."""
    header = text.partition("\n")[0]
    return max(SEPARATORS, key=header.count)


def _share(path: Path, line: int, column: str, text: str) -> float:
    number = text.removesuffix("%")
    value = finite_number(path, line, column, number.rstrip()) / (1 if number == text else 100)
    if not 0 <= value <= 1:
        percent = f": write a percentage with its sign, {text}%" if 1 < value <= 100 else ""
        raise UserError(f"{path} line {line}, column {column!r}: {text} is not between 0 and 1{percent}")
    return value


def _text(path: Path) -> str:
    content = read_bounded(path, LARGEST, "a results table")
    try:
        # spreadsheets write a byte order mark
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not text in UTF-8") from None
