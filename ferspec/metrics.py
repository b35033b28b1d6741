"""The protocol's metrics of your own labels and predictions.

Both are lists or arrays of one class per image: integers from 0 to 6 in the order of the seven classes, or names, of
which any alias is known. ``evaluate`` gives every metric with its interval; the other functions give a number or an
array. Averages are weighted by support, as the protocol reports them, or ``macro``. ``UserError`` for other shapes or
labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from ferspec import spec
from ferspec.reference import evaluation
from ferspec.reference import metrics as of_matrices
from ferspec.reference.intervals import wilson
from ferspec.reference.measured import Evaluation

Average = Literal["weighted", "macro"]
__all__ = ["accuracy", "confusion_matrix", "evaluate", "f1", "precision", "recall", "wilson_interval"]


def evaluate(
    labels: ArrayLike,
    predicted: ArrayLike,
    probabilities: ArrayLike | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> Evaluation:
    """Return every metric of the protocol with its interval, as a report states them.

    ``probabilities`` are (n, 7); ``groups`` has one value per image for each column. Source: FER-M, FER-Z.
    """
    known = None if probabilities is None else np.asarray(probabilities)
    return evaluation.evaluate(_classes(labels), _classes(predicted), known, groups)


def confusion_matrix(labels: ArrayLike, predicted: ArrayLike) -> np.ndarray:
    """Return the number of images (7, 7) of each class (rows) by predicted class (columns)."""
    return of_matrices.confusion_matrix(*evaluation.checked(_classes(labels), _classes(predicted)))


def accuracy(labels: ArrayLike, predicted: ArrayLike) -> float:
    """Return the share of images that are predicted correctly, 0 to 1."""
    return float(of_matrices.accuracy(confusion_matrix(labels, predicted)))


def precision(labels: ArrayLike, predicted: ArrayLike, average: Average | None = "weighted") -> float | np.ndarray:
    """Return precision: the average over the classes, or with None that of each (7,)."""
    matrix = confusion_matrix(labels, predicted)
    return _averaged(of_matrices.precision(matrix), matrix, average)


def recall(labels: ArrayLike, predicted: ArrayLike, average: Average | None = "weighted") -> float | np.ndarray:
    """Return recall: the average over the classes, or with None that of each (7,)."""
    matrix = confusion_matrix(labels, predicted)
    return _averaged(of_matrices.recall(matrix), matrix, average)


def f1(labels: ArrayLike, predicted: ArrayLike, average: Average | None = "weighted") -> float | np.ndarray:
    """Return F1: the average over the classes, or with None that of each (7,)."""
    matrix = confusion_matrix(labels, predicted)
    return _averaged(of_matrices.f1(matrix), matrix, average)


def wilson_interval(hits: int, images: int) -> tuple[float, float]:
    """Return the interval of a share of images, at the protocol's level (FER-Z-01)."""
    return wilson(hits, images, spec.load().number("FER-Z-01", "level"))


def _classes(values: ArrayLike) -> np.ndarray:
    """Return classes as they are, or the indices of their names."""
    given = np.asarray(values)
    if given.dtype.kind not in "OU":
        return given
    names, places = np.unique(given.astype(str), return_inverse=True)
    return np.array([spec.load().class_index(name) for name in names], np.int64)[places].reshape(given.shape)


def _averaged(per_class: np.ndarray, matrix: np.ndarray, average: Average | None) -> float | np.ndarray:
    if average is None:
        return per_class
    return float(of_matrices.macro(per_class) if average == "macro" else of_matrices.weighted(per_class, matrix))
