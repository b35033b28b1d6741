"""Computes the protocol's metrics of a confusion matrix, or of a stack of matrices."""

import numpy as np

from ferspec import spec


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return the confusion matrix (7, 7): rows are labels, columns predictions.

    ``labels`` and ``predicted`` are (n,) integers from 0 to 6, in the order of the seven classes. Where some
    predictions are 7, for an answer that is missing or outside the seven, there is an eighth column.
    """
    count = len(spec.load().classes)
    width = count + bool((predicted == count).any())
    return np.bincount(labels * width + predicted, minlength=count * width).reshape(count, width)


def support(matrix: np.ndarray) -> np.ndarray:
    """Return the number of images of each class: (..., 7, 7) gives (..., 7)."""
    return matrix.sum(axis=-1)


def predictions(matrix: np.ndarray) -> np.ndarray:
    """Return the number of images predicted as each class: (..., 7, 7) gives (..., 7)."""
    return matrix.sum(axis=-2)[..., : matrix.shape[-2]]


def hits(matrix: np.ndarray) -> np.ndarray:
    """Return the number of correctly predicted images of each class: (..., 7, 7) gives (..., 7)."""
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def accuracy(matrix: np.ndarray) -> np.ndarray:
    """Return the share of correctly predicted images, 0 to 1: (..., 7, 7) gives (...)."""
    return hits(matrix).sum(axis=-1) / matrix.sum(axis=(-2, -1))


def either(matrix: np.ndarray) -> np.ndarray:
    """Return the number of images of, or predicted as, each class: (..., 7, 7) gives (..., 7)."""
    return support(matrix) + predictions(matrix) - hits(matrix)


def precision(matrix: np.ndarray) -> np.ndarray:
    """Return, for each class, the share of its predictions that are right. NaN if there are none."""
    return _share(hits(matrix), predictions(matrix))


def recall(matrix: np.ndarray) -> np.ndarray:
    """Return, for each class, the share of its images that are predicted correctly. NaN if it has none."""
    return _share(hits(matrix), support(matrix))


def f1(matrix: np.ndarray) -> np.ndarray:
    """Return, for each class, F1: 2·hits / (images + predictions).

    This is the harmonic mean of precision and recall. It is 0 for a class whose images are all missed, even if it is
    never predicted, and NaN only for a class without images that is never predicted.
    """
    return _share(2 * hits(matrix), support(matrix) + predictions(matrix))


def counted(per_class: np.ndarray) -> np.ndarray:
    """Return the metric of each class, with 0 for undefined ones (FER-M-05)."""
    return np.nan_to_num(per_class, nan=spec.load().number("FER-M-05", "counted_as"))


def macro(per_class: np.ndarray) -> np.ndarray:
    """Return the mean over the classes, undefined ones counted as 0 (FER-M-05): (..., 7) gives (...)."""
    return counted(per_class).mean(axis=-1)


def weighted(per_class: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the support-weighted mean over the classes, undefined ones counted as 0 (FER-M-05).

    This is the average that the protocol reports (FER-M-02); weighted recall equals accuracy.
    """
    images = support(matrix)
    return (counted(per_class) * images).sum(axis=-1) / images.sum(axis=-1)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
