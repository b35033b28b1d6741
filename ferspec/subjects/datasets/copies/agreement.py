"""Judge whether two registered pictures are one: how well the fine detail of their common part agrees."""

from __future__ import annotations

import numpy as np

# of the Gaussian that is subtracted, as a share of the side: what is coarser is alike in all faces
BLUR = 1 / 24


def agreement(first: np.ndarray, second: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how well the fine detail of patches agrees, and the share compared.

    Patches (m, p, p) are compared where ``inside`` (m, p, p). The correlation and the share are (m,).
    """
    shape = len(first), first.shape[1] * first.shape[2]
    weights = inside.reshape(shape).astype(np.float32)
    details = [fine(patches).reshape(shape) for patches in (first, second)]
    total = np.maximum(weights.sum(axis=1, keepdims=True), 1)
    details = [(each - (each * weights).sum(axis=1, keepdims=True) / total) * weights for each in details]
    norms = [np.linalg.norm(each, axis=1) for each in details]
    product = (details[0] * details[1]).sum(axis=1)
    return product / np.maximum(norms[0] * norms[1], 1e-6), weights.mean(axis=1)


def fine(patches: np.ndarray) -> np.ndarray:
    """Return patches (m, p, p) without what is coarser than a few pixels."""
    from scipy.ndimage import gaussian_filter

    deviation = patches.shape[1] * BLUR
    return patches - gaussian_filter(patches, (0, deviation, deviation), mode="nearest")
