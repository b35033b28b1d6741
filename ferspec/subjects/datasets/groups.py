"""A groups CSV: what is known of each image (age, gender, …), by which its figures are sliced."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from ferspec.errors import UserError

IMAGE_COLUMNS = ("image", "path", "filename", "id")
UNKNOWN = "unknown"
SHOWN = 3


def read_groups(path: str | Path, ids: Sequence[str]) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Return the columns of a groups CSV, one value per image in the order of ``ids``, and notes on rows left over.

    The image is named by a column ``image``, ``path``, ``filename`` or ``id``; every other column is a grouping. A row
    belongs to the image whose path ends with the row's or the other way round (so a file name will do where it is
    unique). An empty cell is the value ``unknown``.

    ``UserError`` where the file is no such CSV, a row fits several images, two rows fit one, or an image has no row.
    """
    path = Path(path)
    columns, rows = _read(path)
    places = defaultdict(list)
    for index, name in enumerate(ids):
        places[PurePosixPath(name).name].append((index, PurePosixPath(name).parts))
    lines: dict[int, int] = {}
    values: dict[int, list[str]] = {}
    left_over = []
    for line, name, cells in rows:
        parts = PurePosixPath(name.replace("\\", "/")).parts
        fitting = [index for index, known in places.get(parts[-1] if parts else "", ()) if _ends_alike(parts, known)]
        if len(fitting) > 1:
            raise UserError(f"{path}, line {line}: {name} fits {len(fitting)} images: write its folder too")
        if not fitting:
            left_over.append(name)
        elif fitting[0] in lines:
            raise UserError(f"{path}, line {line}: {name} is named in line {lines[fitting[0]]} already")
        else:
            lines[fitting[0]], values[fitting[0]] = line, cells
    missing = [name for index, name in enumerate(ids) if index not in values]
    if missing:
        raise UserError(f"{path}: {len(missing):,} of {len(ids):,} images have no row: {_first(missing)}")
    notes = (
        (f"rows of {path.name} that belong to no image: {len(left_over):,} ({_first(left_over)})",) if left_over else ()
    )
    table = {name: tuple(values[index][place] for index in range(len(ids))) for place, name in enumerate(columns)}
    return table, notes


def _read(path: Path) -> tuple[list[str], list[tuple[int, str, list[str]]]]:
    """Return the names of the groupings, and of each row its line, its image and its values."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            image = _image_column(path, header)
            rows = []
            for cells in filter(None, reader):
                if len(cells) != len(header):
                    raise UserError(f"{path}, line {reader.line_num}: {len(cells)} cells for {len(header)} columns")
                cells = [cell.strip() for cell in cells]
                name = cells.pop(image)
                rows.append((reader.line_num, name, [cell or UNKNOWN for cell in cells]))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a readable CSV file ({error})") from error
    header.pop(image)
    return header, rows


def _image_column(path: Path, header: list[str]) -> int:
    lowered = [name.lower() for name in header]
    found = [lowered.index(name) for name in IMAGE_COLUMNS if name in lowered]
    if not found:
        raise UserError(f"{path}: no column names the image: one of {', '.join(IMAGE_COLUMNS)} is needed")
    if len(header) < 2:
        raise UserError(f"{path}: no column beside {header[0]!r}: at least one grouping is needed")
    if len(set(header)) < len(header) or "" in header:
        raise UserError(f"{path}: columns must have different names, and none may be empty: {', '.join(header)}")
    return found[0]


def _ends_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    shared = min(len(one), len(other))
    return tuple(one[-shared:]) == tuple(other[-shared:])


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", …" if len(names) > SHOWN else "")
