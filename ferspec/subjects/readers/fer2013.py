"""FER2013's CSV: a label, the grey values of a face and the part of the set in each row."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.disk import require_utf8, room_for
from ferspec.subjects.readers.arrays import fetch_from, mapped
from ferspec.subjects.readers.listing import Listing

# The two parts of FER-D-03 that are validated on, as the file names them.
TEST_PARTS = ("PublicTest", "PrivateTest")


def read_fer2013(path: Path) -> Listing:
    """List the images of a CSV with the columns ``emotion`` (in FER2013's order), ``pixels`` and, if any, ``Usage``.

    Where rows are marked as public or private test, only those are taken, as the published figures do, and the notes
    say what was left out. Ids are row numbers from 0 over the whole file. Memory does not grow with the images.

    ``UserError`` names the line for a missing column, a label out of range, or pixels that are not 2,304 whole numbers
    0 to 255.
    """
    require_utf8(path.name)
    parts = _parts(path)
    chosen = [part for part in TEST_PARTS if part in parts] or list(parts)
    ids, labels = [], []
    with room_for(str(path)), tempfile.TemporaryFile() as file:
        for number, line, row in _rows(path):
            if row.get("usage", "") in chosen:
                ids.append(str(number))
                labels.append(_label(path, line, row["emotion"]))
                file.write(_pixels(path, line, row["pixels"]))
        if not ids:
            raise UserError(f"{path}: holds no images")
        images = mapped(file, (len(ids), *_size()))
    left_out = ", ".join(f"{count:,} {part or 'unmarked'}" for part, count in parts.items() if part not in chosen)
    notes = (f"rows that are not of the test parts were left out: {left_out}",) if left_out else ()
    return Listing("fer2013 csv", tuple(ids), np.array(labels, np.int64), fetch_from(images), notes)


def _size() -> tuple[int, int]:
    return spec.load().datasets["FER2013"].size


def _parts(path: Path) -> Counter[str]:
    return Counter(row.get("usage", "") for _, _, row in _rows(path))


def _rows(path: Path) -> Iterator[tuple[int, int, dict[str, str]]]:
    """Yield the number of each row, its line in the file, and its cells by column in lower case."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            columns = [name.strip().lower() for name in next(reader, [])]
            for column in ("emotion", "pixels"):
                if column not in columns:
                    raise UserError(f"{path}: no column {column!r}: FER2013's columns are emotion, pixels and Usage")
            for number, cells in enumerate(row for row in reader if row):
                if len(cells) != len(columns):
                    raise UserError(f"{path}, line {reader.line_num}: {len(cells)} cells for {len(columns)} columns")
                yield number, reader.line_num, dict(zip(columns, (cell.strip() for cell in cells), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a readable CSV file ({error})") from error


def _label(path: Path, line: int, emotion: str) -> int:
    try:
        return spec.load().class_index(spec.load().label_orders["FER2013"].class_of(int(emotion)))
    except ValueError:
        raise UserError(f"{path}, line {line}: emotion {emotion!r} is not a whole number") from None
    except UserError as error:
        raise UserError(f"{path}, line {line}: {error}") from None


def _pixels(path: Path, line: int, text: str) -> bytes:
    height, width = _size()
    values = text.split()
    if len(values) != height * width:
        raise UserError(
            f"{path}, line {line}: {len(values):,} pixels instead of {height * width:,} ({height} x {width})"
        )
    try:
        return bytes(map(int, values))
    except ValueError:
        raise UserError(f"{path}, line {line}: pixels are not all whole numbers 0 to 255") from None
