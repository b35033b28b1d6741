"""The protocol's figures of a confusion matrix; a stack of matrices gives a stack of figures."""

import numpy as np

from ferspec import spec


def confusion_matrix(labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return how many images of each class were taken for each class: rows are labels, columns predictions.

    ``labels`` and ``predicted`` are (n,) integers from 0 to 6; the result is (7, 7), in the order of the seven classes.
    """
    count = len(spec.load().classes)
    return np.bincount(labels * count + predicted, minlength=count * count).reshape(count, count)


def support(matrix: np.ndarray) -> np.ndarray:
    """Return how many images each class has: (..., 7, 7) gives (..., 7)."""
    return matrix.sum(axis=-1)


def predictions(matrix: np.ndarray) -> np.ndarray:
    """Return how many images were taken for each class: (..., 7, 7) gives (..., 7)."""
    return matrix.sum(axis=-2)


def hits(matrix: np.ndarray) -> np.ndarray:
    """Return how many images of each class were recognised: (..., 7, 7) gives (..., 7)."""
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def accuracy(matrix: np.ndarray) -> np.ndarray:
    """Return the share of images recognised, 0 to 1: (..., 7, 7) gives (...)."""
    return hits(matrix).sum(axis=-1) / matrix.sum(axis=(-2, -1))


def either(matrix: np.ndarray) -> np.ndarray:
    """Return how many images belong to each class or were taken for it: (..., 7, 7) gives (..., 7)."""
    return support(matrix) + predictions(matrix) - hits(matrix)


def precision(matrix: np.ndarray) -> np.ndarray:
    """Return for each class the share of the images taken for it that belong to it; NaN where none was."""
    return _share(hits(matrix), predictions(matrix))


def recall(matrix: np.ndarray) -> np.ndarray:
    """Return for each class the share of its images that were recognised; NaN where it has none."""
    return _share(hits(matrix), support(matrix))


def f1(matrix: np.ndarray) -> np.ndarray:
    """Return for each class the harmonic mean of precision and recall, as 2·hits / (images + predictions).

    In that form it is 0 for a class whose images are all missed, even when it is never predicted, and NaN only for a
    class without images that is never predicted.
    """
    return _share(2 * hits(matrix), support(matrix) + predictions(matrix))


def counted(per_class: np.ndarray) -> np.ndarray:
    """Return the figure of each class as averages count it: an undefined one as 0 (FER-M-05)."""
    return np.nan_to_num(per_class, nan=spec.load().number("FER-M-05", "counted_as"))


def macro(per_class: np.ndarray) -> np.ndarray:
    """Return the plain mean over the seven classes, an undefined one counted as 0 (FER-M-05): (..., 7) gives (...)."""
    return counted(per_class).mean(axis=-1)


def weighted(per_class: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return the mean over the classes by their number of images, an undefined one counted as 0 (FER-M-05).

    This is the average the protocol reports (FER-M-02); the weighted recall is the accuracy.
    """
    images = support(matrix)
    return (counted(per_class) * images).sum(axis=-1) / images.sum(axis=-1)


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)
