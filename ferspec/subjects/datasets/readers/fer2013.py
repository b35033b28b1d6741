"""FER2013's CSV: a label, the grey values of a face and the part of the set in each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.datasets.readers.arrays import fetch_from, mapped
from ferspec.subjects.datasets.readers.listing import Listing, Published
from ferspec.subjects.datasets.readers.rows import read_rows
from ferspec.subjects.disk import require_utf8, room_for, temporary_file

# The parts of FER-D-03 as the file names them; the two tests are validated on.
TRAINING_PART = "Training"
TEST_PARTS = ("PublicTest", "PrivateTest")
LONGEST_LABEL = 20
COLUMNS = "FER2013's columns are emotion, pixels and Usage"


class _Rows(NamedTuple):
    listing: Listing
    parts: list[str]


def read_fer2013(path: Path) -> Listing:
    """List the images of a CSV with the columns ``emotion`` (in FER2013's order), ``pixels`` and, if any, ``Usage``.

    Where rows are marked as public or private test, only those are taken, as the published figures do, and the notes
    say what was left out. Ids are row numbers from 0 over the whole file. Memory does not grow with the images.

    ``UserError`` names the line for a missing column, a label out of range, or pixels that are not 2,304 whole numbers
    0 to 255.
    """
    require_utf8(path.name)
    parts = Counter(row.get("usage", "") for _, _, row in read_rows(path, ("emotion", "pixels"), COLUMNS))
    chosen = [part for part in TEST_PARTS if part in parts] or list(parts)
    return _read(path, chosen, "rows that are not of the test parts were left out").listing


def read_fer2013_parts(path: Path) -> Published:
    """List the images of the same CSV by their ``Usage``: Training, and the public and private test parts together.

    ``UserError`` as ``read_fer2013`` says, and where no row is marked as training or none as test.
    """
    require_utf8(path.name)
    listing, parts = _read(path, (TRAINING_PART, *TEST_PARTS), "rows of no known Usage were left out")
    training = np.array([part == TRAINING_PART for part in parts])
    for missing, rows in ((TRAINING_PART, training), (" or ".join(TEST_PARTS), ~training)):
        if not rows.any():
            raise UserError(f"{path}: no row is marked {missing} in the column Usage, so that its parts are not known")
    return Published(listing.take(np.flatnonzero(training)), listing.take(np.flatnonzero(~training)))


def _read(path: Path, chosen: Collection[str], others: str) -> _Rows:
    ids, labels, parts, left_out = [], [], [], Counter()
    with room_for(str(path)), temporary_file(str(path)) as file:
        for number, line, row in read_rows(path, ("emotion", "pixels"), COLUMNS):
            part = row.get("usage", "")
            if part not in chosen:
                left_out[part or "unmarked"] += 1
                continue
            ids.append(str(number))
            labels.append(_label(path, line, row["emotion"]))
            parts.append(part)
            file.write(_pixels(path, line, row["pixels"]))
        if not ids:
            raise UserError(f"{path}: holds no images" + (f": {others}" if left_out else ""))
        images = mapped(file, (len(ids), *_size()))
    listed = ", ".join(f"{count:,} {part}" for part, count in left_out.items())
    notes = (f"{others}: {listed}",) if left_out else ()
    return _Rows(Listing("fer2013 csv", tuple(ids), np.array(labels, np.int64), fetch_from(images), notes), parts)


def _size() -> tuple[int, int]:
    return spec.load().datasets["FER2013"].size


def _label(path: Path, line: int, emotion: str) -> int:
    if len(emotion) > LONGEST_LABEL:
        raise UserError(f"{path}, line {line}: emotion {emotion[:LONGEST_LABEL]}… is not a label of FER2013")
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
