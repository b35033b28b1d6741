"""Read the rows of a table of images by column name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import PurePosixPath

from ferspec.errors import UserError
from ferspec.files import csv_rows, likely_delimiter, parse_json
from ferspec.subjects.datasets.forms import table
from ferspec.subjects.datasets.readers.trees import Tree

# FER2013 has 0.3 GiB, and AffectNet 0.2 GiB for its 415,000 annotations by hand
LARGEST = 1 << 30
WHAT = "a table of images"
JSON_LINES = (".jsonl", ".ndjson")
JSON = ".json"
TABLES = (".csv", ".tsv", *JSON_LINES)
# tables under suffixes that other files have, too
LISTS = (".txt", ".lst")
LARGEST_JSON = 64 << 20
LONGEST_ENTRY = 4096
UNUSED = "\x1f"
LONGEST_HEADER = 64 << 10
LONGEST_LINE = 1 << 20


def columns_of(tree: Tree, path: PurePosixPath) -> list[str]:
    """Return the names of a table's columns in lower case; nothing for a file that is not a table."""
    suffix = path.suffix.lower()
    head = tree.head(path, LONGEST_HEADER)
    try:
        if suffix in (JSON, *JSON_LINES):
            first = next(iter(_objects(tree, path))) if suffix == JSON else parse_json(head.partition(b"\n")[0])
            return [name.strip().lower() for name in first] if isinstance(first, dict) else []
        if (known := _headerless(head)) is not None:
            return list(known[1])
        text = head.partition(b"\n")[0].decode("utf-8-sig")
    except (ValueError, StopIteration):
        return []
    return [] if suffix in LISTS else [name.strip().strip('"').lower() for name in text.split(likely_delimiter(head))]


def read_rows(
    tree: Tree, path: PurePosixPath, required: Sequence[str], hint: str
) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Yield number, line, and cells of each row, stripped, by lower-case column name.

    Cells are separated by commas, semicolons or tabs, or by the last space of a list. A row of JSON is an object. Raise
    ``UserError`` for a missing column of ``required`` (with ``hint`` on the expected columns), a row with another
    number of cells, or a file that is not text.
    """
    name = tree.place / path
    rows = _json_rows(tree, path) if path.suffix.lower() in (JSON, *JSON_LINES) else _csv_rows(tree, path)
    columns = [column.strip().lower() for column in next(rows, (1, []))[1]]
    for column in required:
        if column.lower() not in columns:
            raise UserError(f"{name}: no column {column!r}: {hint}")
    for number, (line, cells) in enumerate(rows):
        if len(cells) != len(columns):
            raise UserError(f"{name}, line {line}: {len(cells)} cells for {len(columns)} columns")
        yield number, line, dict(zip(columns, (cell.strip() for cell in cells), strict=True))


def _csv_rows(tree: Tree, path: PurePosixPath) -> Iterator[tuple[int, list[str]]]:
    head = tree.head(path, LONGEST_HEADER)
    delimiter, columns = _headerless(head) or (likely_delimiter(head), ())
    opener = partial(tree.open, path, LARGEST, WHAT)
    if columns:
        yield 0, list(columns)
    spaced = delimiter == " "
    for line, cells in csv_rows(tree.place / path, LARGEST, WHAT, UNUSED if spaced else delimiter, opener):
        yield line, cells[0].rsplit(maxsplit=1) if spaced else cells


def _headerless(head: bytes) -> tuple[str, tuple[str, ...]] | None:
    line = head.partition(b"\n")[0].decode("utf-8-sig", "replace").strip()
    return table().headerless_of(line) if len(line) <= LONGEST_ENTRY else None


def _objects(tree: Tree, path: PurePosixPath) -> list[dict[str, object]]:
    """Return the objects of a JSON list, or the labels by path of an object.

    Return nothing for another document.
    """
    document = parse_json(tree.head(path, LARGEST_JSON))  # a longer one is cut, and not JSON
    if isinstance(document, dict):
        document = [{"file": name, "label": label} for name, label in document.items()]
        if not all(isinstance(row["label"], str | int) and PurePosixPath(row["file"]).suffix for row in document):
            return []
    return document if isinstance(document, list) and all(isinstance(row, dict) for row in document) else []


def _json_rows(tree: Tree, path: PurePosixPath) -> Iterator[tuple[int, list[str]]]:
    """Yield the names of the first object, then the values of each under them; nested values are left out."""
    columns: list[str] = []
    for line, row in enumerate(_objects(tree, path), 1) if path.suffix.lower() == JSON else _lines(tree, path):
        if not columns:
            columns = list(row)
            yield line, columns
        yield line, [_text(row.get(name)) for name in columns]


def _lines(tree: Tree, path: PurePosixPath) -> Iterator[tuple[int, dict[str, object]]]:
    with tree.open(path, LARGEST, WHAT) as file:
        for line, content in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), start=1):
            if len(content) > LONGEST_LINE:
                raise UserError(f"{tree.place / path}, line {line}: too long: at most {LONGEST_LINE:,} bytes are read")
            if not content.strip():
                continue
            try:
                row = parse_json(content)
            except ValueError as error:
                raise UserError(f"{tree.place / path}, line {line}: {error}") from None
            if not isinstance(row, dict):
                raise UserError(f"{tree.place / path}, line {line}: not a JSON object")
            yield line, row


def _text(value: object) -> str:
    # JSON can hold characters that no file name has
    return "" if value is None or isinstance(value, dict | list) else str(value).encode(errors="replace").decode()
