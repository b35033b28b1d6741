"""Read FER2013's CSV of labels, grey values and splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.datasets.readers.arrays import fetch_from, mapped
from ferspec.subjects.datasets.readers.listing import Listing, PublishedDataset
from ferspec.subjects.datasets.readers.rows import read_rows
from ferspec.subjects.disk import require_utf8, room_for, temporary_file
from ferspec.subjects.examples import first_few

# The splits of FER-D-03 by their names in the file; validation uses the two test splits.
TRAINING_SPLIT = "Training"
TEST_SPLITS = ("PublicTest", "PrivateTest")
LONGEST_LABEL = 20
# FER2013 has three
SHOWN = 8
COLUMNS = "FER2013's columns are emotion, pixels and Usage"


class _Rows(NamedTuple):
    listing: Listing
    parts: list[str]


def read_fer2013(path: Path) -> Listing:
    """List the images of a CSV with columns ``emotion`` (FER2013's labels), ``pixels`` and optionally ``Usage``.

    If rows are marked as public or private test, list only those, as for the published metrics, and note the skipped
    rows. Ids are row numbers from 0. Memory use does not depend on the number of images.

    Raise ``UserError`` with the line for a missing column, a label out of range, or pixels that are not 2,304 integers
    from 0 to 255.
    """
    require_utf8(path.name)
    parts = Counter(row.get("usage", "") for _, _, row in read_rows(path, ("emotion", "pixels"), COLUMNS))
    chosen = [part for part in TEST_SPLITS if part in parts] or list(parts)
    return _read(path, chosen, "rows outside the test splits were skipped").listing


def read_fer2013_parts(path: Path) -> PublishedDataset:
    """List the images of the CSV by ``Usage``: Training, and the two test splits together.

    Raise ``UserError`` as ``read_fer2013`` does, and if there is no training row or no test row.
    """
    require_utf8(path.name)
    listing, parts = _read(path, (TRAINING_SPLIT, *TEST_SPLITS), "rows of unknown Usage were skipped")
    training = np.array([part == TRAINING_SPLIT for part in parts])
    for missing, rows in ((TRAINING_SPLIT, training), (" or ".join(TEST_SPLITS), ~training)):
        if not rows.any():
            raise UserError(f"{path}: the column Usage marks no row as {missing}: give the CSV with all splits")
    return PublishedDataset(listing.take(np.flatnonzero(training)), listing.take(np.flatnonzero(~training)))


def _read(path: Path, chosen: Collection[str], skip_note: str) -> _Rows:
    ids, labels, parts = [], [], []
    skipped: Counter[str] = Counter()
    with room_for(str(path)), temporary_file(str(path)) as file:
        for number, line, row in read_rows(path, ("emotion", "pixels"), COLUMNS):
            part = row.get("usage", "")
            if part not in chosen:
                skipped[part or "unmarked"] += 1
                continue
            ids.append(str(number))
            labels.append(_label(path, line, row["emotion"]))
            parts.append(part)
            file.write(_pixels(path, line, row["pixels"]))
        if not ids:
            raise UserError(f"{path}: holds no images" + (f": {skip_note}" if skipped else ""))
        images = mapped(file, (len(ids), *_size()))
    listed = first_few((f"{count:,} {part}" for part, count in skipped.items()), count=SHOWN)
    notes = (f"{skip_note}: {listed}",) if skipped else ()
    return _Rows(Listing("fer2013 csv", tuple(ids), np.array(labels, np.int64), fetch_from(images), notes), parts)


def _size() -> tuple[int, int]:
    return spec.load().datasets["FER2013"].size


def _label(path: Path, line: int, emotion: str) -> int:
    if len(emotion) > LONGEST_LABEL:
        raise UserError(f"{path}, line {line}: emotion {emotion[:LONGEST_LABEL]}… is not a label of FER2013")
    try:
        return spec.load().class_index(spec.load().label_orders["FER2013"].class_of(int(emotion)))
    except ValueError:
        raise UserError(f"{path}, line {line}: emotion {emotion!r} is not an integer") from None
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
        raise UserError(f"{path}, line {line}: pixels must be integers from 0 to 255") from None
