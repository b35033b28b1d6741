"""Read recorded predictions from a CSV, and align them with a dataset."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.files import csv_rows
from ferspec.spec.names import plain_name
from ferspec.subjects.examples import first_few
from ferspec.subjects.models.base import file_digest
from ferspec.subjects.models.contracts.answers import MISSING, Answers, answers_of, probabilities_of
from ferspec.subjects.models.contracts.class_set import ClassSet, seven

if TYPE_CHECKING:
    import pandas as pd

IN_MEMORY = "predictions in memory"
# the probabilities of 300,000 images
LARGEST = 64 << 20
ID_COLUMNS = ("image", "id", "path", "filename", "file_name", "img_path", "image_path", "input")
CLASS_COLUMNS = ("predicted", "prediction", "predictions", "predicted_label", "y_pred", "dominant_emotion", "class")
# the answer of a pipeline of transformers; without a score beside it, the column may be the true class
LABEL, SCORE = "label", "score"
# how a table writes that there is no answer
NO_ANSWER = frozenset({"", "nan"})
LEAST_CLASSES = 2
PREFIX = re.compile(r"^(?:p|prob|probability)_", re.IGNORECASE)


@dataclass(frozen=True)
class RecordedPredictions:
    """Hold the predictions that a model's owner recorded.

    ``columns`` is float64 (n, k), one column for each of ``classes`` and NaN in rows without an answer, or None if only
    classes were recorded. ``chosen`` (n,) is as in ``Answers``: the recorded class, or the most probable one.
    """

    name: str
    digest: str
    ids: tuple[str, ...]
    columns: np.ndarray | None
    chosen: np.ndarray
    format: str = "predictions csv"
    classes: ClassSet = field(default_factory=seven)

    @property
    def probabilities(self) -> np.ndarray | None:
        """The probabilities (n, 7 + k) float64 as in ``Answers``; None for classes alone."""
        return None if self.columns is None else probabilities_of(self.columns, self.classes)

    @property
    def answers(self) -> Answers:
        """The recorded answers."""
        probabilities = self.probabilities
        return Answers(None if probabilities is None else probabilities.astype(np.float32), self.chosen)

    @property
    def predicted(self) -> np.ndarray:
        """The class (n,) of every image, 7 for none of the seven."""
        return self.answers.predicted


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

    One column names the image: ``image``, ``id``, ``path``, ``filename``, ``img_path`` or ``input``. The predictions
    are columns of probabilities, named by any alias of the classes or by an expression outside them such as *contempt*,
    in any order, with an optional prefix ``p_``; or one column of class names, such as ``predicted``, ``class``,
    ``y_pred``, ``dominant_emotion``, or ``label`` beside ``score``. Empty cells say that there is no answer. Other
    columns are ignored. Probabilities are not validated here; a check does so.

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
    texts = {name: [str(value).strip() for value in frame[name]] for name in frame.columns}
    columns = {
        str(name): ["" if gone else text for text, gone in zip(texts[name], frame[name].isna(), strict=True)]
        for name in frame.columns
    }
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
    found = _class_columns(path, table)
    class_column = _named_column(table.columns, (*CLASS_COLUMNS, *([LABEL] if SCORE in _plain(table.columns) else ())))
    if found is None and class_column is None:
        label = (
            f" ({LABEL} may be the true class: if it is the predicted one, rename it to {CLASS_COLUMNS[0]})"
            if LABEL in _plain(table.columns)
            else ""
        )
        raise UserError(
            f"{path} has neither columns named by the classes nor one of {', '.join(CLASS_COLUMNS)}{label}: "
            f"its columns are {first_few(table.columns, count=12)}"
        )
    classes, columns = (seven(), None) if found is None else (found[0], _values(path, table, found[1]))
    chosen = None if columns is None else answers_of(columns, classes).chosen
    if class_column is not None:
        named, recorded = _named_classes(path, lines, table.columns[class_column], None if found is None else classes)
        if columns is not None and chosen is not None:
            _require_same_answers(path, lines, class_column, chosen, recorded)
            answered = recorded != MISSING
            wide, kept = probabilities_of(columns, classes)[answered], np.array(lines)[answered].tolist()
            require_agreement(path, kept, class_column, wide, recorded[answered], named.outside)
        classes, chosen = named, recorded
    if chosen is None or (chosen == MISSING).all():
        raise UserError(f"{path} has no answer in any row: fill in probabilities or class names")
    return RecordedPredictions(path.name, digest, tuple(images), columns, chosen, classes=classes)


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
    if len(missing) == len(ids):
        raise UserError(
            f"{recorded.name}: none of its rows ({first_few(recorded.ids)}) names an image of the dataset "
            f"({first_few(ids)}): name the images as the dataset does, with or without their folder"
        )
    if missing:
        problems.append(
            f"no prediction for {len(missing)} of {len(ids)} images ({first_few(missing)}); "
            "an image without an answer needs a row with empty cells"
        )
    if unknown:
        problems.append(f"{len(unknown)} of its rows match no image of the dataset ({first_few(unknown)})")
    if problems:
        raise UserError(f"{recorded.name}: {'; '.join(problems)}")
    order = np.array(rows)
    columns = None if recorded.columns is None else recorded.columns[order]
    return replace(recorded, ids=tuple(ids), columns=columns, chosen=recorded.chosen[order])


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
    id_column = _named_column(columns, ID_COLUMNS)
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


def _named_column(columns: Iterable[str], names: Iterable[str]) -> str | None:
    """Return the first column with one of the names, in the order of the names."""
    return next((column for name in names for column in columns if column.lower() == name), None)


def _plain(columns: Iterable[str]) -> set[str]:
    return {column.lower() for column in columns}


def _class_columns(path: Path, table: _Table) -> tuple[ClassSet, list[str]] | None:
    """Return the classes of the columns of probabilities, and these columns; None without any.

    An expression outside the seven counts where its cells are numbers.
    """
    known = spec.load()
    by_class: dict[int, str] = {}
    outside, others = [], []
    for column in table.columns:
        try:
            index = known.column_class(PREFIX.sub("", column))
        except UserError:
            others.append(column)
            continue
        if index is None:
            outside += [column] if all(map(_is_number, table.columns[column])) else []
        elif index in by_class:
            raise UserError(f"{path}: the columns {by_class[index]!r} and {column!r} are the same class")
        else:
            by_class[index] = column
    missing = [name for index, name in enumerate(known.classes) if index not in by_class]
    if not by_class:
        return None
    for column in others:
        if (meant := known.nearest_class(PREFIX.sub("", column))) in missing:
            raise UserError(f"{path} has no column of probabilities for {meant}: did you mean the column {column!r}?")
    if len(by_class) < LEAST_CLASSES:
        raise UserError(f"{path} has no column of probabilities for {', '.join(missing)}")
    if not outside and not missing:
        return seven(), [by_class[index] for index in range(len(known.classes))]
    columns = [column for column in table.columns if column in {*by_class.values(), *outside}]
    return ClassSet(classes=tuple(PREFIX.sub("", column) for column in columns)), columns


def _is_number(text: str) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True


def _values(path: Path, table: _Table, columns: list[str]) -> np.ndarray:
    """Return the numbers (n, k) of columns; NaN in rows without an answer, whose cells are all empty."""
    cells = np.array([table.columns[column] for column in columns], dtype=object).T
    empty = np.array([all(cell.casefold() in NO_ANSWER for cell in row) for row in cells])
    values = np.full(cells.shape, np.nan)
    for row in np.flatnonzero(~empty):
        named = zip(columns, cells[row], strict=True)
        values[row] = [finite_number(path, table.lines[row], column, cell) for column, cell in named]
    return values


def _named_classes(
    path: Path, lines: Iterable[int], names: Sequence[str], known: ClassSet | None
) -> tuple[ClassSet, np.ndarray]:
    """Return the classes of a column of class names, and its answers as in ``Answers``.

    ``known`` are the classes of the columns of probabilities, if there are any.
    """
    seven = spec.load().classes
    outside = [] if known is None else list(known.outside)
    chosen = np.full(len(names), MISSING)
    for row, (line, name) in enumerate(zip(lines, names, strict=True)):
        if name.casefold() in NO_ANSWER:
            continue
        if plain_name(name) not in spec.load().outside:
            chosen[row] = class_of(path, line, name)
            continue
        place = next((place for place, other in enumerate(outside) if plain_name(other) == plain_name(name)), None)
        if place is None and known is not None:
            raise UserError(f"{path} line {line}: the class {name!r} has no column of probabilities: add one")
        if place is None:
            place = len(outside)
            outside.append(name)
        chosen[row] = len(seven) + place
    return ClassSet(classes=(*seven, *outside)) if known is None else known, chosen


def _require_same_answers(
    path: Path, lines: Sequence[int], column: str, chosen: np.ndarray, recorded: np.ndarray
) -> None:
    """Raise ``UserError`` with the line where only one of class and probabilities is empty."""
    rows = np.flatnonzero((chosen == MISSING) != (recorded == MISSING))
    if len(rows):
        parts = (repr(column), "the probabilities")
        empty, filled = parts if recorded[rows[0]] == MISSING else parts[::-1]
        raise UserError(
            f"{path} line {lines[rows[0]]}: only {empty} is empty, not {filled}: leave both empty for a missing answer"
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
    path: Path,
    lines: Sequence[int],
    column: str,
    probabilities: np.ndarray,
    recorded: np.ndarray,
    outside: Sequence[str] = (),
) -> None:
    """Raise ``UserError`` with the line for a class that is not the most probable.

    ``outside`` names the columns after those of the seven classes.
    """
    rows = np.flatnonzero(probabilities[np.arange(len(recorded)), recorded] < probabilities.max(axis=1))
    if len(rows):
        row, classes = rows[0], (*spec.load().classes, *outside)
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
