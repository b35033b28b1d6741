"""Judge whether two registered pictures are one: how well the detail of their common part agrees."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

# The deviations of two Gaussians, as shares of a patch's side. What is finer than the first differs between copies of
# other sizes and compressions; what is coarser than the second is alike in all faces.
FINEST, COARSEST = 1 / 60, 1 / 24


def agreement(first: np.ndarray, second: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how well the detail of patches agrees, and the share compared.

    Patches (m, p²) are compared where ``inside`` (m, p²). The agreement (m,) is the correlation of the detail between
    two frequencies, the share (m,) that of the patch.
    """
    weights = inside.astype(np.float32)
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1)
    details = [_detail(patches) for patches in (first, second)]
    details = [(each - (each * weights).sum(axis=1, keepdims=True) / total) * weights for each in details]
    norms = [np.linalg.norm(each, axis=1) for each in details]
    product = (details[0] * details[1]).sum(axis=1)
    return product / np.maximum(norms[0] * norms[1], 1e-6), weights.mean(axis=1)


def _detail(patches: np.ndarray) -> np.ndarray:
    side = math.isqrt(patches.shape[1])
    squares = patches.reshape(-1, side, side)
    fine, coarse = (line @ squares @ line.T for line in _gaussians(side))
    return (fine - coarse).reshape(patches.shape)


@cache
def _gaussians(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return both Gaussian filters along a line of ``side`` pixels as matrices; the ends are repeated."""
    from scipy.ndimage import gaussian_filter1d

    unit = np.eye(side, dtype=np.float32)
    fine, coarse = (gaussian_filter1d(unit, side * share, axis=0, mode="nearest") for share in (FINEST, COARSEST))
    return fine, coarse
