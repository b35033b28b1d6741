"""Read the cells of a table of predictions: CSV with any delimiter, JSON lines, parquet."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from ferspec.errors import UserError
from ferspec.files import (
    csv_rows,
    delimiter_of,
    is_regular_file,
    parse_json,
    read_bounded,
    read_head,
    read_text,
    require_few_columns,
)
from ferspec.files.parquet import parquet_records
from ferspec.spec.names import plain_name

# the probabilities of 300,000 images
LARGEST = 64 << 20
WHAT = "a table of predictions"
# 30 columns for each of these images; short rows are filled with empty cells
MOST_CELLS = 10_000_000
# a table may have been written where the decimal separator is a comma
DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")


# the beginning of a JSON file; the keys of a network have no suffix
LISTED_OR_BY_FILE = re.compile(rb'(\xef\xbb\xbf)?\s*(\[|\{\s*"[^"]{1,400}\.\w{2,10}"\s*:)')
IMAGE, PREDICTION = "image", "prediction"


@dataclass(frozen=True)
class Table:
    """Hold the cells of a file by column, and the line of each row."""

    lines: list[int]
    columns: dict[str, list[str]]

    def named(self, names: Iterable[str], besides: str | None = None) -> str | None:
        """Return the column with the first of the plain names that a column has."""
        plain = {plain_name(column): column for column in self.columns if column != besides}
        return next((plain[name] for name in names if name in plain), None)

    def rows(self, chosen: Iterable[int]) -> Table:
        """Return the table of some rows."""
        chosen = list(chosen)
        columns = {name: [cells[row] for row in chosen] for name, cells in self.columns.items()}
        return Table([self.lines[row] for row in chosen], columns)


def is_predictions_file(reference: str | Path) -> bool:
    """Return whether a path names recorded predictions rather than a model.

    A JSON file does if it holds a list, or an object whose first key is the name of a file.
    """
    path = Path(reference)
    if path.suffix.lower() == ".json":
        return is_regular_file(path) and LISTED_OR_BY_FILE.match(read_head(path, 512)) is not None
    return path.suffix.lower() in READERS


def read_table(path: Path) -> Table:
    """Read the cells of a file as text. ``UserError`` for a file without rows or with a column twice."""
    if not path.exists():
        raise UserError(f"{path}: no such predictions file")
    table = READERS.get(path.suffix.lower(), _delimited)(path)
    if not table.columns:
        raise UserError(f"{path} is empty")
    if not table.lines:
        raise UserError(f"{path} has a header but no predictions")
    return table


def _delimited(path: Path) -> Table:
    """Read a CSV, with commas, semicolons or tabs; a row with fewer cells than the header ends in empty ones."""
    delimiter = delimiter_of(path)
    rows = [(line, list(map(str.strip, cells))) for line, cells in csv_rows(path, LARGEST, WHAT, delimiter)]
    rows = [(line, cells) for line, cells in rows if any(cells)]
    if not rows:
        return Table([], {})
    _, names = rows.pop(0)
    repeated = [name for name, times in Counter(name.lower() for name in names).items() if times > 1]
    if repeated:
        raise UserError(f"{path} has the column {repeated[0]!r} twice")
    _require_few_cells(path, len(rows), len(names))
    for line, cells in rows:
        if len(cells) > len(names):
            raise UserError(f"{path} line {line}: {len(cells)} cells for {len(names)} columns")
        cells += [""] * (len(names) - len(cells))
        if delimiter != ",":
            cells[:] = [cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell for cell in cells]
    columns = zip(*(cells for _, cells in rows), strict=True) if rows else ([] for _ in names)
    return Table([line for line, _ in rows], dict(zip(names, map(list, columns), strict=True)))


def _json(path: Path) -> Table:
    """Read predictions in JSON, with rows counted from 1.

    The document is a list of objects, of lists of them as from DeepFace, or an object by file.
    """
    try:
        document = parse_json(read_bounded(path, LARGEST, WHAT))
    except ValueError as error:
        raise UserError(f"{path} is not JSON: {error}") from None
    if isinstance(document, dict):
        document = [{IMAGE: name, **_predicted(value)} for name, value in document.items()]
    if not isinstance(document, list):
        raise UserError(f"{path} is not a list of objects, as pandas writes it with to_json(orient='records')")
    listed = (item if isinstance(item, list) else [item] for item in document)
    return _of_records(path, enumerate(chain.from_iterable(listed), start=1))


def _predicted(value: Any) -> dict[str, Any]:
    """Return what an object by file says of a file: values by name, or the prediction alone."""
    return value if isinstance(value, dict) else {PREDICTION: value}


def _json_lines(path: Path) -> Table:
    return _of_records(path, _parsed_lines(path))


def _parsed_lines(path: Path) -> Iterator[tuple[int, Any]]:
    for line, text in enumerate(read_text(path, LARGEST, WHAT).split("\n"), start=1):
        if text.strip():
            try:
                yield line, parse_json(text.encode())
            except ValueError as error:
                raise UserError(f"{path} line {line} is not JSON: {error}") from None


def _parquet(path: Path) -> Table:
    return _of_records(path, enumerate(parquet_records(path, LARGEST, WHAT), start=1))


def _of_records(path: Path, records: Iterable[tuple[int, Any]]) -> Table:
    """Return the cells of records; a name that a record lacks is an empty cell."""
    rows: list[tuple[int, dict[str, str]]] = []
    for line, record in records:
        if not isinstance(record, dict):
            raise UserError(f"{path} line {line}: not an object with the image and its predictions")
        rows += [(line, row) for row in _rows(record)]
    names = dict.fromkeys(name for _, row in rows for name in row)
    _require_few_cells(path, len(rows), len(names))
    return Table([line for line, _ in rows], {name: [row.get(name, "") for _, row in rows] for name in names})


def _require_few_cells(path: Path, rows: int, columns: int) -> None:
    require_few_columns(path, columns)
    if rows * columns > MOST_CELLS:
        raise UserError(f"{path}: {rows:,} rows of {columns:,} columns are too many for {WHAT}")


def _rows(record: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Yield the rows of a record: one for each item of a list of objects, such as the labels that a pipeline scores."""
    flat = dict(_flat(record))
    listed = next((name for name, value in flat.items() if value and _is_list_of_objects(value)), None)
    for item in [{}] if listed is None else flat.pop(listed):
        yield {name: _text(value) for name, value in [*flat.items(), *_flat(item)]}


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _flat(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield names and values of nested objects, names joined by dots."""
    for name, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": _delimited,
    ".tsv": _delimited,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}
