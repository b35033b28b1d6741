"""Class weights against imbalance: simple and conservative, from the training images of each class."""

from collections.abc import Sequence

import numpy as np

from ferspec import spec


def simple_weights(counts: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return for each class how many times it would fit into the largest one: the largest weighs 1.

    ``counts`` are training images per class, in any order that the result shall have; float64, unrounded, each
    weight at least 1. Source: FER-W-01, paper 3.4 and Fig. 11. Raises ``ValueError`` for a class without images,
    whose weight would be infinite, and for counts that are negative, not finite, not a flat list, or none at all.
    """
    images = np.asarray(counts, dtype=float)
    if images.ndim != 1 or images.size == 0:
        raise ValueError(f"class weights need one count per class, got an array of shape {images.shape}")
    if not np.isfinite(images).all() or (images <= 0).any():
        raise ValueError(f"class weights need at least one image of every class, got {images.tolist()}")
    return spec.load().value("FER-W-01", "majority_weight") * images.max() / images


def conservative_weights(counts: Sequence[int] | np.ndarray) -> np.ndarray:
    """Return the simple weights, none above the cap of 3.

    Shape, order and errors as for ``simple_weights``. Source: FER-W-02, paper 3.4 and Fig. 13.
    """
    return np.minimum(simple_weights(counts), spec.load().value("FER-W-02", "cap"))


# by the name that the field balancing of a cell has
WEIGHTINGS = {"simple": simple_weights, "conservative": conservative_weights}
