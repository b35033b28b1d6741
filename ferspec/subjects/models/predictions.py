"""Read recorded predictions from a CSV, and align them with a dataset."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.files import csv_rows
from ferspec.subjects.examples import first_few
from ferspec.subjects.models.base import file_digest

if TYPE_CHECKING:
    import pandas as pd

IN_MEMORY = "predictions in memory"
# the probabilities of 300,000 images
LARGEST = 64 << 20
ID_COLUMNS = ("image", "id", "path", "filename")
CLASS_COLUMNS = ("predicted", "prediction", "class")
PREFIX = re.compile(r"^(?:p|prob|probability)_", re.IGNORECASE)


@dataclass(frozen=True)
class RecordedPredictions:
    """Hold the predictions that a model's owner recorded.

    ``probabilities`` is float64 (n, 7) in the order of the classes, or None if only classes were recorded.
    ``predicted`` holds classes (n,), 0 to 6: the recorded class, or the most probable one.
    """

    name: str
    digest: str
    ids: tuple[str, ...]
    probabilities: np.ndarray | None
    predicted: np.ndarray
    format: str = "predictions csv"


@dataclass(frozen=True)
class _Table:
    """Hold the cells of a file by column, and the line of each row."""

    lines: list[int]
    columns: dict[str, list[str]]


def is_predictions_file(reference: str | Path) -> bool:
    """Return whether a path names recorded predictions rather than a model."""
    return Path(reference).suffix.lower() == ".csv"


def read_predictions(path: str | Path) -> RecordedPredictions:
    """Read recorded predictions from a CSV file.

    One column names the image: ``image``, ``id``, ``path`` or ``filename``. The predictions are seven columns of
    probabilities, named by any alias of the classes, in any order, with an optional prefix ``p_``; or one column of
    class names: ``predicted``, ``prediction`` or ``class``. Other columns are ignored. Probabilities are not
    validated here; a check does so.

    Raise ``UserError`` with the line for a missing or repeated column, a repeated image, a value that is not a finite
    number, an unknown class, a class that contradicts the probabilities, or an empty file.
    """
    path = Path(path)
    return _recorded(path, _read(path), file_digest(path))


def predictions_in_frame(frame: pd.DataFrame) -> RecordedPredictions:
    """Read predictions from a frame that has the columns of a file.

    Without a column of names its rows are in the order of the images. Raise ``UserError`` as ``read_predictions`` does;
    lines are counted from 1.
    """
    columns = {str(name): [str(value).strip() for value in frame[name]] for name in frame.columns}
    if not columns.keys() & set(ID_COLUMNS):
        columns = {ID_COLUMNS[0]: [str(row) for row in range(len(frame))], **columns}
    recorded = _recorded(Path(IN_MEMORY), _Table(list(range(1, len(frame) + 1)), columns), _sha256(columns))
    return replace(recorded, format=IN_MEMORY)


def _sha256(columns: dict[str, list[str]]) -> str:
    return hashlib.sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()


def _recorded(path: Path, table: _Table, digest: str) -> RecordedPredictions:
    """Check the cells of a table, and return the predictions in it."""
    lines, images = table.lines, table.columns[_id_column(path, table.columns)]
    require_unique(path, lines, images)
    columns = _class_columns(path, table.columns)
    class_column = next((column for name in CLASS_COLUMNS for column in table.columns if column.lower() == name), None)
    probabilities = None if columns is None else _probabilities(path, table, columns)
    if class_column is not None:
        names = zip(lines, table.columns[class_column], strict=True)
        predicted = np.array([class_of(path, line, name) for line, name in names])
        if probabilities is not None:
            require_agreement(path, lines, class_column, probabilities, predicted)
    elif probabilities is not None:
        predicted = probabilities.argmax(axis=1)
    else:
        raise UserError(
            f"{path} has neither seven columns named by the classes nor a column {' or '.join(CLASS_COLUMNS)}: "
            f"its columns are {first_few(table.columns, count=12)}"
        )
    return RecordedPredictions(path.name, digest, tuple(images), probabilities, predicted)


def align(recorded: RecordedPredictions, ids: Sequence[str]) -> RecordedPredictions:
    """Return recorded predictions in the order of a dataset's image ids.

    Match an image by its path, or by its file name if that is unique in both. Raise ``UserError`` with the first
    images without a prediction and the first predictions without an image.
    """
    rows_by_path = {image: row for row, image in enumerate(recorded.ids)}
    rows_by_name, dataset_names = _unique_names(recorded.ids), _unique_names(ids)
    rows = [
        rows_by_path.get(image, rows_by_name.get(_basename(image)) if _basename(image) in dataset_names else None)
        for image in ids
    ]
    missing = [image for image, row in zip(ids, rows, strict=True) if row is None]
    used = set(rows)
    unknown = [image for row, image in enumerate(recorded.ids) if row not in used]
    problems = []
    if missing:
        problems.append(f"no prediction for {len(missing)} of {len(ids)} images ({first_few(missing)})")
    if unknown:
        problems.append(f"{len(unknown)} of its rows match no image of the dataset ({first_few(unknown)})")
    if problems:
        raise UserError(f"{recorded.name}: {'; '.join(problems)}")
    order = np.array(rows)
    probabilities = None if recorded.probabilities is None else recorded.probabilities[order]
    return replace(recorded, ids=tuple(ids), probabilities=probabilities, predicted=recorded.predicted[order])


def _read(path: Path) -> _Table:
    """Read the cells of a file as text; a row with fewer cells than the header ends in empty ones."""
    if not path.exists():
        raise UserError(f"{path}: no such predictions file")
    rows = [(line, list(map(str.strip, cells))) for line, cells in csv_rows(path, LARGEST, "a table of predictions")]
    rows = [(line, cells) for line, cells in rows if any(cells)]
    if not rows:
        raise UserError(f"{path} is empty")
    _, names = rows.pop(0)
    repeated = [name for name, times in Counter(name.lower() for name in names).items() if times > 1]
    if repeated:
        raise UserError(f"{path} has the column {repeated[0]!r} twice")
    if not rows:
        raise UserError(f"{path} has a header but no predictions")
    for line, cells in rows:
        if len(cells) > len(names):
            raise UserError(f"{path} line {line}: {len(cells)} cells for {len(names)} columns")
        cells += [""] * (len(names) - len(cells))
    columns = zip(*(cells for _, cells in rows), strict=True)
    return _Table([line for line, _ in rows], dict(zip(names, map(list, columns), strict=True)))


def _id_column(path: Path, columns: Iterable[str]) -> str:
    id_column = next((column for name in ID_COLUMNS for column in columns if column.lower() == name), None)
    if id_column is None:
        raise UserError(
            f"{path} has no column that names the images ({', '.join(ID_COLUMNS)}): "
            f"its columns, separated by commas, are {first_few(columns, count=12)}"
        )
    return id_column


def require_unique(path: Path, lines: Iterable[int], images: Iterable[str]) -> None:
    """Raise ``UserError`` with the line for an image that is unnamed or repeated."""
    first_lines: dict[str, int] = {}
    for line, image in zip(lines, images, strict=True):
        if not image:
            raise UserError(f"{path} line {line}: the image has no name")
        if image in first_lines:
            raise UserError(f"{path} line {line}: {image!r} already occurs in line {first_lines[image]}")
        first_lines[image] = line


def _class_columns(path: Path, columns: Iterable[str]) -> list[str] | None:
    """Return the columns of probabilities in the order of the classes, or None."""
    known = spec.load()
    by_class: dict[int, str] = {}
    for column in columns:
        try:
            index = known.class_index(PREFIX.sub("", column))
        except UserError:
            continue
        if index in by_class:
            raise UserError(f"{path}: the columns {by_class[index]!r} and {column!r} are the same class")
        by_class[index] = column
    missing = [name for index, name in enumerate(known.classes) if index not in by_class]
    if by_class and missing:
        raise UserError(f"{path} has no column of probabilities for {', '.join(missing)}")
    return [by_class[index] for index in range(len(known.classes))] if by_class else None


def _probabilities(path: Path, table: _Table, columns: list[str]) -> np.ndarray:
    return np.column_stack(
        [
            [finite_number(path, *cell) for cell in zip(table.lines, repeat(column), table.columns[column])]
            for column in columns
        ]
    )


def finite_number(path: Path, line: int, column: str, text: str) -> float:
    """Parse a finite number. Raise ``UserError`` with line and column for any other text."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{path} line {line}, column {column!r}: {text!r} is not a finite number")
    return value


def class_of(path: Path, line: int, name: str) -> int:
    """Return the class, 0 to 6, of a name. Raise ``UserError`` with the line for a number or unknown name."""
    if re.fullmatch(r"[+-]?\d+(\.0*)?", name):
        raise UserError(f"{path} line {line}: {name!r} is a number, which is ambiguous: write the name of the class")
    try:
        return spec.load().class_index(name)
    except UserError as error:
        raise UserError(f"{path} line {line}: {error}") from error


def require_agreement(
    path: Path, lines: Sequence[int], column: str, probabilities: np.ndarray, recorded: np.ndarray
) -> None:
    """Raise ``UserError`` with the line for a class that is not the most probable."""
    rows = np.flatnonzero(probabilities[np.arange(len(recorded)), recorded] < probabilities.max(axis=1))
    if len(rows):
        row, classes = rows[0], spec.load().classes
        raise UserError(
            f"{path} line {lines[row]}: column {column!r} says {classes[recorded[row]]}, "
            f"but {classes[probabilities[row].argmax()]} is the most probable "
            f"(if {column!r} is the true class, remove this column)"
        )


def _unique_names(ids: Iterable[str]) -> dict[str, int]:
    names = [_basename(image) for image in ids]
    times = Counter(names)
    return {name: row for row, name in enumerate(names) if times[name] == 1}


def _basename(image: str) -> str:
    return re.split(r"[\\/]", image)[-1]
