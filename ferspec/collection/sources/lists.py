"""Read lists of pictures: a CSV table, or a text file with an address in each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Literal

from ferspec.collection.licences import licence_of
from ferspec.collection.manifest import UNKNOWN
from ferspec.collection.plan import Terms, known_term, terms_of, terms_without_class
from ferspec.collection.sources.found import Found, Reader
from ferspec.errors import UserError
from ferspec.files import csv_rows, delimiter_of, read_text
from ferspec.subjects.datasets.readers.trees import Folder

LARGEST = 256 << 20
TABLES = frozenset({".csv", ".tsv"})
GROUPS: tuple[Literal["ethnicity", "gender", "age", "language"], ...] = ("ethnicity", "gender", "age", "language")
KNOWN = frozenset({"url", "file", "query", "licence", "consent", "label", *GROUPS})
REFUSED = "no"
CONSENT = ("yes", REFUSED, UNKNOWN)
# the American spelling, in tables of others
SPELLINGS = {"license": "licence", "class": "label", "expression": "label"}


def read_list(path: Path) -> Iterator[Found]:
    """Yield the pictures of a list.

    A CSV table has the column ``url`` or ``file`` (below the folder of the table) and ``label`` or ``query``; others
    of ``KNOWN`` are optional, and the rest is ignored. In a text file each line is an address, and the name of the
    file is the class or the query. ``UserError`` for another file, with the line.
    """
    return _table(path) if path.suffix.lower() in TABLES else _lines(path)


def _lines(path: Path) -> Iterator[Found]:
    terms = terms_of(path.stem)
    for line in read_text(path, LARGEST, "a list of addresses").splitlines():
        if line.strip() and not line.startswith("#"):
            yield Found(line.strip(), terms, query=path.stem)


def _table(path: Path) -> Iterator[Found]:
    lines = csv_rows(path, LARGEST, "a list of pictures", delimiter_of(path))
    _, header = next(lines, (0, []))
    columns = [SPELLINGS.get(name.strip().lower(), name.strip().lower()) for name in header]
    if not {"url", "file"} & {*columns} or not {"label", "query"} & {*columns}:
        raise UserError(
            f"{path}: needs the column url or file, and label or query; its columns are {', '.join(header)}"
        )
    for line, cells in lines:
        row = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name in KNOWN}
        try:
            yield _found(path, row)
        except UserError as error:
            raise UserError(f"{path} line {line}: {error}") from None


def _found(path: Path, row: Mapping[str, str]) -> Found:
    terms = terms_of(row.get("label") or row.get("query", ""))
    if row.get("label") and row.get("query"):
        terms = _joined(terms_without_class(row["query"]), terms)
    terms = terms.model_copy(update={group: known_term(group, row[group]) for group in GROUPS if row.get(group)})
    consent = row.get("consent", "").lower() or UNKNOWN
    if consent not in CONSENT:
        raise UserError(f"the consent {row['consent']!r} is not one of {', '.join(CONSENT)}")
    query = row.get("query") or row.get("label", "")
    address, read = row.get("url", ""), None
    if not address:
        address, read = _file(path, row.get("file", ""))
    return Found(address, terms, query, licence_of(row.get("licence", "")), consent, read)


def _file(path: Path, named: str) -> tuple[str, Reader]:
    """Return the address and the reader of a file below the folder of a table."""
    if not named:
        raise UserError("neither url nor file is given")
    file = PurePosixPath(named.replace("\\", "/"))
    if file.is_absolute() or ".." in file.parts:
        raise UserError(f"the file {named} is not below the folder of the list")
    folder = Folder(path.parent)
    folder.require_inside([file])
    return f"{path.parent.name}/{file}", partial(folder.read, file, what="a picture")


def _joined(first: Terms, second: Terms) -> Terms:
    """Return the terms of both; the second counts where they differ."""
    return first.model_copy(update={name: value for name, value in second if value})
