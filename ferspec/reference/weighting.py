"""Computes class weights against imbalance, simple and conservative, from the training images of each class."""

from collections.abc import Sequence

import numpy as np

from ferspec import spec


def simple_weights(counts: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return, for each class, the size of the largest class divided by its own size.

    ``counts`` (k,) are training images per class. The result (k,) is float64 in the same order, unrounded, at least 1.
    ``ValueError`` for a class without images, and for counts that are negative, not finite, not one-dimensional, or
    empty. Source: FER-W-01, paper 3.4 and Fig. 11.
    """
    images = np.asarray(counts, dtype=float)
    if images.ndim != 1 or images.size == 0:
        raise ValueError(f"class weights need one count per class, got an array of shape {images.shape}")
    if not np.isfinite(images).all() or (images <= 0).any():
        raise ValueError(f"class weights need at least one image of every class, got {images.tolist()}")
    return spec.load().number("FER-W-01", "majority_weight") * images.max() / images


def conservative_weights(counts: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the simple weights, capped at 3.

    Shape, order and errors are those of ``simple_weights``. Source: FER-W-02, paper 3.4 and Fig. 13.
    """
    return np.minimum(simple_weights(counts), spec.load().number("FER-W-02", "cap"))


def class_weights(counts: Sequence[int] | np.ndarray, conservative: bool = True) -> np.ndarray:
    """Return the class weights of the protocol from the training images of each class.

    ``counts`` (k,) are in the order of the result (k,). Conservative weights are capped at 3, simple ones are not. For
    Keras: ``class_weight=dict(enumerate(class_weights(counts)))``. Errors are those of ``simple_weights``.
    """
    return conservative_weights(counts) if conservative else simple_weights(counts)


# by the value of a cell's field ``balancing``
WEIGHTINGS = {"simple": simple_weights, "conservative": conservative_weights}
