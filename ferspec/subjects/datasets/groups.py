"""Read a groups CSV with attributes of each image (age, gender, …)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ferspec.errors import UserError
from ferspec.files import csv_rows
from ferspec.subjects.examples import first_few

IMAGE_COLUMNS = ("image", "path", "filename", "file", "file_name", "id")
UNKNOWN = "unknown"
# ten columns of attributes for a million images, far more than any set of this protocol
LARGEST = 64 << 20
# CelebA, the face set with most attributes, has 40, and each is a table of metrics in the report
MOST_GROUPINGS = 100
NOTE = re.compile(r"rows of [^/\\]+ without an image: [\d,]+( \(.*\))?")


def read_groups(path: str | Path, ids: Sequence[str]) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Read the columns of a groups CSV in the order of ``ids``, with notes.

    A column ``image``, ``path``, ``filename``, ``file``, ``file_name`` or ``id`` names the image; every other column is
    a grouping. A row matches an image if one of their paths ends with the other, so that a unique file name is enough.
    An empty cell is ``unknown``. The notes list unmatched rows.

    Raise ``UserError`` for an invalid file, a row that matches several images, two rows for one image, or an image
    without a row.
    """
    path = Path(path)
    columns, rows = _read(path)
    images_by_name = defaultdict(list)
    for index, name in enumerate(ids):
        images_by_name[PurePosixPath(name).name].append((index, PurePosixPath(name).parts))
    lines: dict[int, int] = {}
    values: dict[int, list[str]] = {}
    unmatched = []
    for line, name, cells in rows:
        parts = PurePosixPath(name.replace("\\", "/")).parts
        candidates = images_by_name.get(parts[-1] if parts else "", ())
        matches = [index for index, image_parts in candidates if _ends_alike(parts, image_parts)]
        if len(matches) > 1:
            raise UserError(f"{path}, line {line}: {name} matches {len(matches)} images: write its folder too")
        if not matches:
            unmatched.append(name)
        elif matches[0] in lines:
            raise UserError(f"{path}, line {line}: {name} already has a row in line {lines[matches[0]]}")
        else:
            lines[matches[0]], values[matches[0]] = line, cells
    if missing := [name for index, name in enumerate(ids) if index not in values]:
        raise UserError(f"{path}: {len(missing):,} of {len(ids):,} images have no row: {first_few(missing)}")
    notes = (f"rows of {path.name} without an image: {len(unmatched):,} ({first_few(unmatched)})",) if unmatched else ()
    table = {name: tuple(values[index][column] for index in range(len(ids))) for column, name in enumerate(columns)}
    return table, notes


def is_note_on_groups(note: str) -> bool:
    """Return whether a note has the form of the one that ``read_groups`` adds."""
    return NOTE.fullmatch(note) is not None


def _read(path: Path) -> tuple[list[str], list[tuple[int, str, list[str]]]]:
    """Return the names of the groupings, and the line, image and values of each row."""
    table = csv_rows(path, LARGEST, "a table of groups")
    header = [name.strip() for name in next(table, (1, []))[1]]
    image = _image_column(path, header)
    rows = []
    for line, cells in table:
        if len(cells) != len(header):
            raise UserError(f"{path}, line {line}: {len(cells)} cells for {len(header)} columns")
        cells = [cell.strip() for cell in cells]
        name = cells.pop(image)
        rows.append((line, name, [cell or UNKNOWN for cell in cells]))
    header.pop(image)
    return header, rows


def _image_column(path: Path, header: list[str]) -> int:
    lowered = [name.lower() for name in header]
    positions = [lowered.index(name) for name in IMAGE_COLUMNS if name in lowered]
    if not positions:
        raise UserError(f"{path}: no column names the image: one of {', '.join(IMAGE_COLUMNS)} is needed")
    if len(header) > MOST_GROUPINGS:
        raise UserError(f"{path}: {len(header):,} columns are too many: at most {MOST_GROUPINGS} can be judged")
    if len(header) < 2:
        raise UserError(f"{path}: {header[0]!r} is the only column: at least one grouping is needed")
    if len(set(header)) < len(header) or "" in header:
        raise UserError(f"{path}: columns must have different, non-empty names, not {', '.join(header)}")
    return positions[0]


def _ends_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    shared = min(len(one), len(other))
    return tuple(one[-shared:]) == tuple(other[-shared:])
