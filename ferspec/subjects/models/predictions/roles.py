"""Find the columns of images, predicted classes, probabilities and true classes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference.distributions import allowed, excess
from ferspec.subjects.models.contracts.class_set import ClassSet, seven
from ferspec.subjects.models.predictions.cells import number
from ferspec.subjects.models.predictions.tables import Table

# names without spaces, underscores and hyphens, of pandas, Keras' tutorial, DeepFace, py-feat and others
IMAGE = (
    *("image", "path", "filename", "imgpath", "imagepath", "filepath", "input", "file"),
    *("imagename", "imagefile", "imageid", "img", "name", "id"),
)
# face_path, source_file, crop-img, photo
OF_FILES = re.compile(r"(?:^|[ _-])(?:path|file|file_?name|image|img|picture|photo|uri|url)$", re.IGNORECASE)
PREDICTED = (
    *("predicted", "prediction", "predictions", "predictedlabel", "predictedclass", "predictedemotion"),
    *("predlabel", "predclass", "pred", "preds", "ypred", "yhat", "dominantemotion", "class"),
)
TRUE = (
    *("ytrue", "true", "truelabel", "trueclass", "trueemotion", "actual", "actuallabel", "groundtruth", "gt"),
    *("target", "truth", "reallabel"),
)
# predicted beside a score, as a pipeline of transformers answers; otherwise they may be true
EITHER = ("label", "emotion", "expression", "category")
SCORE = ("score", "scores", "confidence", "probability", "prob")
LEAST_CLASSES = 2
# what stands around a class in the name of a column: p_happy, P(happy), emotion.happy, happy_score
AFFIX = r"p|probs?|proba|probability|scores?|emotion|pred|logits?|conf|confidence|softmax|percentage"
AROUND = re.compile(rf"^(?:.*\.)?(?:(?:{AFFIX})[ _(])*|[ _](?:{AFFIX})$|\)$", re.IGNORECASE)


def image_column(table: Table) -> str | None:
    """Return the column of images: one of a known name, else the only one named for files."""
    others = [column for column in table.columns if OF_FILES.search(column)]
    return table.named(IMAGE) or (others[0] if len(others) == 1 else None)


def predicted_column(table: Table) -> str | None:
    """Return the column of predicted classes, if there is one."""
    return table.named(PREDICTED) or (table.named(EITHER) if table.named(SCORE) else None)


def true_column(table: Table, predicted: str | None) -> str | None:
    """Return the column of true classes besides that of the predicted ones, if any."""
    return table.named((*TRUE, "class", *EITHER), besides=predicted)


def probability_columns(path: Path, table: Table) -> tuple[ClassSet, list[str]] | None:
    """Return the classes of the columns of probabilities, and these columns; None without any.

    An expression outside the seven counts where its cells are numbers. ``UserError`` for a missing or repeated class,
    and for a column of unknown name without which the rows do not sum to one.
    """
    known = spec.load()
    by_class: dict[int, str] = {}
    outside, others = [], []
    for column in table.columns:
        try:
            index = known.column_class(class_name(column))
        except UserError:
            others.append(column)
            continue
        if index is None:
            outside += [column] if _are_numbers(table.columns[column]) else []
        elif index in by_class:
            raise UserError(f"{path}: the columns {by_class[index]!r} and {column!r} are the same class")
        else:
            by_class[index] = column
    missing = [name for index, name in enumerate(known.classes) if index not in by_class]
    if not by_class:
        return None
    for column in others:
        if (meant := known.nearest_class(class_name(column))) in missing:
            raise UserError(f"{path} has no column of probabilities for {meant}: did you mean the column {column!r}?")
    if len(by_class) < LEAST_CLASSES:
        raise UserError(f"{path} has no column of probabilities for {', '.join(missing)}")
    columns = [column for column in table.columns if column in {*by_class.values(), *outside}]
    if (further := _further_class(table, columns, others)) is not None:
        raise UserError(
            f"{path}: with the column {further!r} every row sums to one, so it is a further class: rename it to "
            "'other', or leave it out and divide each row by its sum"
        )
    if not outside and not missing:
        return seven(), [by_class[index] for index in range(len(known.classes))]
    return ClassSet(classes=tuple(map(class_name, columns))), columns


def class_name(column: str) -> str:
    """Return the name of a column of probabilities without prefix and suffix."""
    return AROUND.sub("", column)


def _further_class(table: Table, columns: list[str], others: list[str]) -> str | None:
    """Return the column of unknown name that makes every row a distribution."""
    if not all(_are_numbers(table.columns[column]) for column in columns):
        return None
    rows = _numbers(table.columns[column] for column in columns)
    answered = ~np.isnan(rows).any(axis=1)
    if not answered.any() or not np.isfinite(rows[answered]).all() or excess(rows[answered]) <= allowed(rows[answered]):
        return None
    for column in others:
        if _are_numbers(table.columns[column]):
            whole = np.column_stack([rows, *_numbers([table.columns[column]]).T])[answered]
            if np.isfinite(whole).all() and excess(whole) <= allowed(whole):
                return column
    return None


def _numbers(columns: Iterable[list[str]]) -> np.ndarray:
    return np.array([list(map(number, cells)) for cells in columns]).T


def _are_numbers(cells: Iterable[str]) -> bool:
    try:
        list(map(number, cells))
    except ValueError:
        return False
    return True
