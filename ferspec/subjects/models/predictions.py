"""Recorded predictions: a CSV with a row per image, joined to a dataset by the images' names."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.subjects.models.base import file_digest

if TYPE_CHECKING:
    import pandas as pd

ID_COLUMNS = ("image", "id", "path", "filename")
CLASS_COLUMNS = ("predicted", "prediction", "class")
PREFIX = re.compile(r"^(?:p|prob|probability)_", re.IGNORECASE)
SHOWN = 3


@dataclass(frozen=True)
class RecordedPredictions:
    """What a model said of every image, as its owner recorded it.

    ``probabilities`` is float64 (n, 7) in the order of the classes, or None where only classes were recorded;
    ``predicted`` is the class (n,), 0 to 6: the recorded one, or the most probable.
    """

    name: str
    digest: str
    ids: tuple[str, ...]
    probabilities: np.ndarray | None
    predicted: np.ndarray
    format: str = "predictions csv"


def is_predictions_file(reference: str | Path) -> bool:
    """Return whether a name is that of recorded predictions rather than of a model."""
    return Path(reference).suffix.lower() == ".csv"


def read_predictions(path: str | Path) -> RecordedPredictions:
    """Return the predictions that a CSV records.

    One column names the image (``image``, ``id``, ``path`` or ``filename``). The prediction is either seven columns of
    probabilities, named by the classes under any alias, in any order, with or without ``p_`` before them; or one
    column of class names (``predicted``, ``prediction`` or ``class``). Other columns are left alone. Probabilities are
    taken as they are: whether they are any is for a check to say.

    ``UserError``, naming the line, for a column that is missing or given twice, an image that occurs twice, a value
    that is no finite number, an unknown class, a class column that contradicts the probabilities, or an empty file.
    """
    path = Path(path)
    table = _read(path)
    images = table[_id_column(path, table.columns)]
    require_unique(path, images)
    columns = _class_columns(path, table.columns)
    named = next((column for name in CLASS_COLUMNS for column in table.columns if column.lower() == name), None)
    if columns is None and named is None:
        raise UserError(
            f"{path} has neither seven columns named by the classes nor a column {' or '.join(CLASS_COLUMNS)}: "
            f"its columns are {_some(table.columns, 12)}"
        )
    probabilities = None if columns is None else _probabilities(path, table, columns)
    recorded = None if named is None else _classes(path, table[named])
    if probabilities is not None and recorded is not None:
        require_agreement(path, tuple(table.index), named, probabilities, recorded)
    predicted = recorded if recorded is not None else probabilities.argmax(axis=1)
    return RecordedPredictions(path.name, file_digest(path), tuple(images), probabilities, predicted)


def align(recorded: RecordedPredictions, ids: Sequence[str]) -> RecordedPredictions:
    """Return recorded predictions in the order of a dataset's image ids.

    An image is found by its path as written, or else by its file name where that is unique on both sides.
    ``UserError`` naming the first images that lack a prediction, and the first predictions that no image has.
    """
    rows = {image: row for row, image in enumerate(recorded.ids)}
    by_name = _unique_names(recorded.ids)
    ours = _unique_names(ids)
    found = [rows.get(image, by_name.get(_basename(image)) if _basename(image) in ours else None) for image in ids]
    missing = [image for image, row in zip(ids, found, strict=True) if row is None]
    used = Counter(row for row in found if row is not None)
    unknown = [image for row, image in enumerate(recorded.ids) if row not in used]
    problems = []
    if missing:
        problems.append(f"no prediction for {len(missing)} of {len(ids)} images ({_some(missing)})")
    if unknown:
        problems.append(f"{len(unknown)} of its rows match no image of the dataset ({_some(unknown)})")
    if problems:
        raise UserError(f"{recorded.name}: {'; '.join(problems)}")
    order = np.array(found)
    probabilities = None if recorded.probabilities is None else recorded.probabilities[order]
    return replace(recorded, ids=tuple(ids), probabilities=probabilities, predicted=recorded.predicted[order])


def _read(path: Path) -> pd.DataFrame:
    """Return the file as text, its index the number of each line."""
    import pandas as pd

    try:
        # Without a header, so that a column named twice is seen; as text, so that nothing is guessed.
        rows = pd.read_csv(
            path, header=None, dtype=str, keep_default_na=False, skip_blank_lines=False, encoding="utf-8-sig"
        )
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such predictions file") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except pd.errors.EmptyDataError as error:
        raise UserError(f"{path} is empty") from error
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not a CSV in UTF-8: {str(error).strip()}") from error
    rows = rows.fillna("").apply(lambda column: column.str.strip())
    rows.index += 1
    rows = rows[(rows != "").any(axis="columns")]
    if rows.empty:
        raise UserError(f"{path} is empty")
    names = list(rows.iloc[0])
    twice = [name for name, times in Counter(name.lower() for name in names).items() if times > 1]
    if twice:
        raise UserError(f"{path} has the column {twice[0]!r} twice")
    if len(rows) == 1:
        raise UserError(f"{path} has a header but no predictions")
    return rows.iloc[1:].set_axis(names, axis="columns")


def _id_column(path: Path, columns: Iterable[str]) -> str:
    found = next((column for name in ID_COLUMNS for column in columns if column.lower() == name), None)
    if found is None:
        raise UserError(
            f"{path} has no column that names the images ({', '.join(ID_COLUMNS)}): "
            f"its columns, separated by commas, are {_some(columns, 12)}"
        )
    return found


def require_unique(path: Path, images: Mapping[int, str] | pd.Series) -> None:
    """Raise ``UserError`` where, of the images of every line, one has no name or is there already."""
    lines: dict[str, int] = {}
    for line, image in images.items():
        if not image:
            raise UserError(f"{path} line {line}: the image has no name")
        if image in lines:
            raise UserError(f"{path} line {line}: {image!r} is there already, in line {lines[image]}")
        lines[image] = line


def _class_columns(path: Path, columns: Iterable[str]) -> list[str] | None:
    """Return the columns of probabilities in the order of the classes, or None where no column is named by a class."""
    known = spec.load()
    found: dict[int, str] = {}
    for column in columns:
        try:
            index = known.class_index(PREFIX.sub("", column))
        except UserError:
            continue
        if index in found:
            raise UserError(f"{path}: the columns {found[index]!r} and {column!r} are the same class")
        found[index] = column
    missing = [name for index, name in enumerate(known.classes) if index not in found]
    if found and missing:
        raise UserError(f"{path} has no column of probabilities for {', '.join(missing)}")
    return [found[index] for index in range(len(known.classes))] if found else None


def _probabilities(path: Path, table: pd.DataFrame, columns: list[str]) -> np.ndarray:
    return np.column_stack(
        [[finite_number(path, line, column, text) for line, text in table[column].items()] for column in columns]
    )


def finite_number(path: Path, line: int, column: str, text: str) -> float:
    """Return the number that a text is; ``UserError``, naming line and column, for anything else."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{path} line {line}, column {column!r}: {text!r} is not a finite number")
    return value


def _classes(path: Path, column: pd.Series) -> np.ndarray:
    return np.array([class_of(path, line, name) for line, name in column.items()])


def class_of(path: Path, line: int, name: str) -> int:
    """Return the class, 0 to 6, of that name; ``UserError``, naming the line, for a number or an unknown name."""
    if re.fullmatch(r"[+-]?\d+(\.0*)?", name):
        raise UserError(
            f"{path} line {line}: {name!r} is a number, whose meaning depends on an order of classes: "
            "write the name of the class"
        )
    try:
        return spec.load().class_index(name)
    except UserError as error:
        raise UserError(f"{path} line {line}: {error}") from error


def require_agreement(
    path: Path, lines: Sequence[int], column: str, probabilities: np.ndarray, recorded: np.ndarray
) -> None:
    """Raise ``UserError``, naming line and column, where the recorded class is not one of the most probable."""
    rows = np.flatnonzero(probabilities[np.arange(len(recorded)), recorded] < probabilities.max(axis=1))
    if len(rows):
        row, classes = rows[0], spec.load().classes
        raise UserError(
            f"{path} line {lines[row]}: column {column!r} says {classes[recorded[row]]}, "
            f"but {classes[probabilities[row].argmax()]} is the most probable "
            f"(if {column!r} holds the true class, leave it out)"
        )


def _unique_names(ids: Iterable[str]) -> dict[str, int]:
    names = [_basename(image) for image in ids]
    times = Counter(names)
    return {name: row for row, name in enumerate(names) if times[name] == 1}


def _basename(image: str) -> str:
    return re.split(r"[\\/]", image)[-1]


def _some(names: Iterable[str], count: int = SHOWN) -> str:
    names = list(names)
    return ", ".join(names[:count]) + (", …" if len(names) > count else "")
