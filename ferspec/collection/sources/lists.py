"""Read lists of pictures: a CSV table, or a text file with an address in each line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from ferspec.collection.licences import licence_of
from ferspec.collection.manifest import UNKNOWN
from ferspec.collection.plan import Terms, terms_of
from ferspec.collection.sources.found import Found, Reader
from ferspec.errors import UserError
from ferspec.files import csv_rows, delimiter_of, read_text
from ferspec.subjects.datasets.readers.trees import Folder

LARGEST = 256 << 20
TABLES = frozenset({".csv", ".tsv"})
TERMS = ("label", "ethnicity", "gender", "age", "language")
KNOWN = frozenset({"url", "file", "query", "licence", "consent", *TERMS})
CONSENT = ("yes", "no", UNKNOWN)
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
            f"{path}: a list of pictures has the column url or file, and label or query: {', '.join(header)}"
        )
    for line, cells in lines:
        row = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if name in KNOWN}
        try:
            yield _found(path, row)
        except UserError as error:
            raise UserError(f"{path} line {line}: {error}") from None


def _found(path: Path, row: Mapping[str, str]) -> Found:
    said = terms_of(row.get("label") or row.get("query", ""))
    if row.get("label") and row.get("query"):
        said = _joined(_known_terms(row["query"]), said)
    terms = _joined(said, Terms(**{name: row[name] for name in TERMS if name != "label" and row.get(name)}))
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


def _known_terms(query: str) -> Terms:
    try:
        return terms_of(query)
    except UserError:  # the label says the class
        return Terms()


def _joined(first: Terms, second: Terms) -> Terms:
    """Return the terms of both; the second counts where they differ."""
    return first.model_copy(update={name: value for name, value in second if value})
