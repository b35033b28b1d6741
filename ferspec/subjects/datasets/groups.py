"""Read a groups CSV with attributes of each image (age, gender, …)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from ferspec import spec
from ferspec.errors import UserError
from ferspec.files import csv_rows
from ferspec.subjects.datasets.forms import table
from ferspec.subjects.examples import first_few

IMAGE_COLUMNS = ("image", "path", "filename", "file", "file_name", "id")
UNKNOWN = "unknown"
NUMBER = re.compile(r"\d")
# ten columns of attributes for a million images, far more than any set of this protocol
LARGEST = 64 << 20
# CelebA, the face set with most attributes, has 40, and each is a table of metrics in the report
MOST_GROUPINGS = 100
NOTE = re.compile(
    r"rows of [^/\\]+ without an image: [\d,]+( \(.*\))?|[^/\\]+: the column of labels is not taken as a group: .+"
)


def read_groups(path: str | Path, ids: Sequence[str]) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Read the columns of a groups CSV in the order of ``ids``, with notes.

    A column ``image``, ``path``, ``filename``, ``file``, ``file_name`` or ``id`` names the image; every other column is
    a grouping, except one of labels: it is named like one, and holds only names or numbers of classes. A row matches an
    image if one of their paths ends with the other, so that a unique file name is enough. An empty cell is ``unknown``.
    The notes list unmatched rows, and the columns of labels.

    Raise ``UserError`` for an invalid file, a row that matches several images, two rows for one image, or an image
    without a row.
    """
    path = Path(path)
    columns, rows, labels = _read(path)
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
    said = tuple(f"{path.name}: the column of labels is not taken as a group: {name}" for name in labels)
    grouped = {name: tuple(values[index][column] for index in range(len(ids))) for column, name in enumerate(columns)}
    return grouped, (*notes, *said)


def is_note_on_groups(note: str) -> bool:
    """Return whether a note has the form of the one that ``read_groups`` adds."""
    return NOTE.fullmatch(note) is not None


def _read(path: Path) -> tuple[list[str], list[tuple[int, str, list[str]]], list[str]]:
    """Return the names of the groupings, the rows, and the names of label columns.

    A row is its line, its image and its values.
    """
    lines = csv_rows(path, LARGEST, "a table of groups")
    header = [name.strip() for name in next(lines, (1, []))[1]]
    image = _image_column(path, header)
    rows = []
    for line, cells in lines:
        if len(cells) != len(header):
            raise UserError(f"{path}, line {line}: {len(cells)} cells for {len(header)} columns")
        cells = [cell.strip() for cell in cells]
        name = cells.pop(image)
        rows.append((line, name, [cell or UNKNOWN for cell in cells]))
    header.pop(image)
    labels = [place for place, name in enumerate(header) if _holds_labels(name, (cells[place] for *_, cells in rows))]
    kept = [place for place in range(len(header)) if place not in labels]
    if not kept:
        raise UserError(f"{path}: beside the image there are only labels ({', '.join(header)}): a grouping is needed")
    chosen = [(line, name, [cells[place] for place in kept]) for line, name, cells in rows]
    return [header[place] for place in kept], chosen, [header[place] for place in labels]


def _holds_labels(name: str, values: Iterable[str]) -> bool:
    """Return whether a column is one of labels: by its name, and by every value."""
    found = set(values)
    return name.lower() in table().columns["label"] and bool(found) and all(map(_names_a_class, found))


def _names_a_class(text: str) -> bool:
    if NUMBER.fullmatch(text):
        return True
    try:
        spec.load().class_index(text)
    except UserError:
        return False
    return True


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
