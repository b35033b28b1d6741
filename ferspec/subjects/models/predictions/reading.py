"""Read recorded predictions from a table: a file, or a frame in memory."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.spec.names import plain_name
from ferspec.subjects.examples import first_few
from ferspec.subjects.models.base import file_digest
from ferspec.subjects.models.contracts.answers import MISSING, answers_of, probabilities_of
from ferspec.subjects.models.contracts.class_set import ClassSet, seven
from ferspec.subjects.models.predictions.cells import (
    INTEGER,
    class_of,
    finite_number,
    is_answer,
    require_agreement,
    require_unique,
)
from ferspec.subjects.models.predictions.recorded import RecordedPredictions, TrueLabels
from ferspec.subjects.models.predictions.roles import (
    EITHER,
    IMAGE,
    PREDICTED,
    SCORE,
    image_column,
    predicted_column,
    probability_columns,
    true_column,
)
from ferspec.subjects.models.predictions.tables import Table, read_table

if TYPE_CHECKING:
    import pandas as pd

IN_MEMORY = "predictions in memory"


def read_predictions(path: str | Path) -> RecordedPredictions:
    """Read recorded predictions from a CSV, TSV, JSON or parquet file.

    One column names the image, such as ``image``, ``Filename``, ``img_path`` or ``input``. The predictions are columns
    of probabilities, named by any alias of the classes or by an expression outside them such as *contempt*, in any
    order, with an optional prefix such as ``p_``; or one column of classes, such as ``predicted``, ``y_pred``,
    ``dominant_emotion``, or ``label`` beside ``score``. Several labels with scores for an image are columns of
    probabilities, or, where some are missing, the label of the highest score. Empty cells say that there is no answer.
    A column of true classes is compared with the dataset later. Other columns are ignored. Probabilities are not
    validated here; a check does so.

    Raise ``UserError`` with the line for a missing or repeated column, a repeated image, a value that is not a finite
    number, an unknown class, a class that contradicts the probabilities, or an empty file.
    """
    path = Path(path)
    return _recorded(path, read_table(path), file_digest(path))


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
    table = Table(list(range(1, len(frame) + 1)), columns)
    if image_column(table) is None:
        table = replace(table, columns={IMAGE[0]: [str(row) for row in range(len(frame))], **columns})
    recorded = _recorded(Path(IN_MEMORY), table, _sha256(table.columns))
    return replace(recorded, format=IN_MEMORY)


def _sha256(columns: dict[str, list[str]]) -> str:
    return hashlib.sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()


def _recorded(path: Path, table: Table, digest: str) -> RecordedPredictions:
    """Check the cells of a table, and return the predictions in it."""
    table = _one_row_per_image(path, table)
    found, predicted = probability_columns(path, table), predicted_column(table)
    if found is None and predicted is None:
        raise UserError(f"{path} {_without_predictions(table)}")
    true = true_column(table, predicted)
    if true is not None and any(cell.startswith("{") for cell in table.columns[true]):
        raise UserError(
            f"{path}: the cells of {true!r} are dictionaries: give each key a column (pandas.json_normalize), or save "
            "the records as JSON"
        )
    image = _image_column(path, table, true)
    classes, columns, chosen = seven(), None, None
    if found is not None:
        classes, columns = found[0], _values(path, table, found[1])
        chosen = answers_of(columns, classes).chosen
        if true is not None and predicted is None and _are_names_of(chosen, classes, table.columns[true]):
            true = None
        if predicted is not None and _are_places_of(columns, found[1], table, predicted):
            predicted = None
    both = [table.columns[name] for name in (predicted, true) if name is not None]
    numbered = columns is None and len(both) == 2 and all(map(_are_numbered, both))
    if predicted is not None and numbered:
        cells = table.columns[predicted]
        chosen = np.array([int(float(cell)) if is_answer(cell) else MISSING for cell in cells])
    elif predicted is not None:
        named, recorded = _named_classes(path, table.lines, table.columns[predicted], found and classes)
        if columns is not None:
            _require_same(path, table.lines, predicted, columns, classes, recorded)
        classes, chosen = named, recorded
    if chosen is None or (chosen == MISSING).all():
        raise UserError(f"{path} has no answer in any row: fill in probabilities or class names")
    return RecordedPredictions(
        name=path.name,
        digest=digest,
        ids=tuple(map(str, table.lines)) if image is None else tuple(table.columns[image]),
        columns=columns,
        chosen=chosen,
        classes=classes,
        true=None if true is None else TrueLabels(true, tuple(table.columns[true])),
        numbered=numbered,
        named=image is not None,
    )


def _image_column(path: Path, table: Table, true: str | None) -> str | None:
    """Return the column that names the images; None where true labels by name can prove the order of the rows."""
    image = image_column(table)
    if image is not None:
        require_unique(path, table.lines, table.columns[image])
    elif true is None or _are_numbered(table.columns[true]):
        raise UserError(
            f"{path} has no column that names the images ({', '.join(IMAGE[:3])}, …), nor one of true classes by name "
            f"that would prove their order: its columns are {first_few(table.columns, count=12)}"
        )
    return image


def _are_names_of(chosen: np.ndarray, classes: ClassSet, cells: Iterable[str]) -> bool:
    """Return whether cells name the chosen class in every row that has an answer."""
    names = [*map(plain_name, (*spec.load().classes, *classes.outside))]
    for answer, cell in zip(chosen.tolist(), cells, strict=True):
        try:
            index = spec.load().column_class(cell)
        except UserError:
            return False
        if answer != MISSING and names[answer] != plain_name(cell if index is None else spec.load().classes[index]):
            return False
    return True


def _are_places_of(columns: np.ndarray, names: Sequence[str], table: Table, predicted: str) -> bool:
    """Return whether numbers are the places of the largest probability, from 0 or 1."""
    cells, order = table.columns[predicted], sorted(names, key=list(table.columns).index)
    answered = ~np.isnan(columns).all(axis=1)
    if not _are_numbered(cells) or any(is_answer(cell) != given for cell, given in zip(cells, answered, strict=True)):
        return False
    numbers = np.array([int(float(cell)) for cell in cells if is_answer(cell)])
    places = columns[answered][:, [names.index(name) for name in order]].argmax(axis=1)
    return any(np.array_equal(numbers, places + first) for first in (0, 1))


def _without_predictions(table: Table) -> str:
    either = table.named(EITHER)
    hint = (
        ""
        if either is None
        else f" ({either} may be the true class: if it is the predicted one, rename it to {PREDICTED[0]})"
    )
    return (
        f"has neither a column for each class nor one of predicted classes ({', '.join(PREDICTED[:3])}, …){hint}: "
        f"its columns are {first_few(table.columns, count=12)}; name each column of probabilities by its class"
    )


def _one_row_per_image(path: Path, table: Table) -> Table:
    """Join several rows of an image, one for each label with its score.

    The labels become columns where every image has the same ones; otherwise only the label of the highest score is
    kept, since the rest is unknown.
    """
    image, label, score = image_column(table), table.named(EITHER), table.named(SCORE)
    if image is None or label is None or score is None or len(set(table.columns[image])) == len(table.lines):
        return table
    scores: dict[str, dict[str, str]] = defaultdict(dict)
    best: dict[str, int] = {}
    for row, (line, name, said, value) in enumerate(
        zip(table.lines, *(table.columns[column] for column in (image, label, score)), strict=True)
    ):
        if said in scores[name]:
            raise UserError(f"{path} line {line}: {name!r} already has a score for {said!r}")
        scores[name][said] = value
        number = finite_number(path, line, score, value)
        if name not in best or number > finite_number(path, line, score, table.columns[score][best[name]]):
            best[name] = row
    kept = table.rows(best.values())
    labels = next(iter(scores.values())).keys()
    if any(found.keys() != labels for found in scores.values()):
        return kept
    others = {column: cells for column, cells in kept.columns.items() if column not in (label, score)}
    return replace(kept, columns=others | {said: [scores[name][said] for name in others[image]] for said in labels})


def _values(path: Path, table: Table, columns: list[str]) -> np.ndarray:
    """Return the numbers (n, k) of columns; NaN in rows without an answer, whose cells are all empty."""
    cells = np.array([table.columns[column] for column in columns], dtype=object).T
    answered = np.array([any(map(is_answer, row)) for row in cells])
    values = np.full(cells.shape, np.nan)
    for row in np.flatnonzero(answered):
        named = zip(columns, cells[row], strict=True)
        values[row] = [finite_number(path, table.lines[row], column, cell.rstrip(" %")) for column, cell in named]
    return values


def _are_numbered(cells: Iterable[str]) -> bool:
    """Return whether the classes of a column are numbers, where it has any."""
    answers = [cell for cell in cells if is_answer(cell)]
    return bool(answers) and all(map(INTEGER.fullmatch, answers))


def _named_classes(
    path: Path, lines: Iterable[int], names: Sequence[str], known: ClassSet | None
) -> tuple[ClassSet, np.ndarray]:
    """Return the classes of a column of class names, and its answers as in ``Answers``.

    ``known`` are the classes of the columns of probabilities, if there are any.
    """
    count = len(spec.load().classes)
    outside = [] if known is None else list(known.outside)
    places: dict[str, int] = {}
    for line, name in zip(lines, names, strict=True):
        if name in places:
            continue
        if not is_answer(name):
            places[name] = MISSING
            continue
        if plain_name(name) not in spec.load().outside:
            places[name] = class_of(path, line, name)
            continue
        place = next((place for place, other in enumerate(outside) if plain_name(other) == plain_name(name)), None)
        if place is None and known is not None:
            raise UserError(f"{path} line {line}: the class {name!r} has no column of probabilities: add one")
        if place is None:
            place = len(outside)
            outside.append(name)
        places[name] = count + place
    chosen = np.array([places[name] for name in names], np.int64)
    return ClassSet(classes=(*spec.load().classes, *outside)) if known is None else known, chosen


def _require_same(
    path: Path, lines: Sequence[int], column: str, columns: np.ndarray, classes: ClassSet, recorded: np.ndarray
) -> None:
    """Raise ``UserError`` with the line where class and probabilities disagree, or one is empty."""
    empty = np.isnan(columns).all(axis=1)
    rows = np.flatnonzero(empty != (recorded == MISSING))
    if len(rows):
        parts = (repr(column), "the probabilities")
        without, filled = parts[::-1] if empty[rows[0]] else parts
        raise UserError(
            f"{path} line {lines[rows[0]]}: only {without} is empty, not {filled}: for no answer leave both empty"
        )
    answered = ~empty
    kept = np.array(lines)[answered].tolist()
    require_agreement(
        path, kept, column, probabilities_of(columns, classes)[answered], recorded[answered], classes.outside
    )
