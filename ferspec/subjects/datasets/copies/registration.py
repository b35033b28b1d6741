"""Register pictures: find the affine map under which one agrees best with another."""

from __future__ import annotations

import numpy as np

from ferspec.subjects.datasets.copies.reduction import Atlas, grid, normalised

# of the mean of the diagonal, added to it, so that flat patches do not move
RIDGE = 0.01
# the largest change of a map's entry in one step
LONGEST_STEP = 0.15


class Templates:
    """Patches (n, p, p) that others are moved onto.

    The method is Gauss-Newton's, inverse compositional: gradients are those of the patch that does not move.
    """

    def __init__(self, patches: np.ndarray) -> None:
        count, side = patches.shape[:2]
        self.side = side
        self.pixels = normalised(patches.reshape(count, -1))
        shaped = self.pixels.reshape(count, side, side)
        columns, rows = grid(side)
        down, across = np.gradient(shaped, axis=(1, 2))
        across, down = (each.reshape(count, 1, -1) * (side / 2) for each in (across, down))
        slopes = np.concatenate(
            [across * columns, across * rows, across, down * columns, down * rows, down], axis=1
        ).astype(np.float32)
        slopes -= slopes.mean(axis=2, keepdims=True)
        slopes -= np.einsum("nkd,nd->nk", slopes, self.pixels)[:, :, None] * self.pixels[:, None, :]
        hessian = np.einsum("nkd,nld->nkl", slopes, slopes)
        hessian += (RIDGE * np.trace(hessian, axis1=1, axis2=2) / 6 + 1e-6)[:, None, None] * np.eye(6, dtype=np.float32)
        self._steps = np.linalg.solve(hessian, slopes).astype(np.float32)

    def step(self, numbers: np.ndarray, moved: np.ndarray, maps: np.ndarray, inside: np.ndarray) -> np.ndarray:
        """Return the maps (m, 2, 3) after a step. ``moved`` (m, d) are the normalised patches under the maps so far."""
        templates = self.pixels[numbers]
        gain = np.maximum((moved * templates).sum(axis=1, keepdims=True), 0.3)
        change = np.einsum("mkd,md->mk", self._steps[numbers], (moved / gain - templates) * inside)
        change = np.clip(change, -LONGEST_STEP, LONGEST_STEP).reshape(-1, 2, 3)
        return composed(maps, inverted(change))


def inverted(change: np.ndarray) -> np.ndarray:
    """Return the inverse of maps (m, 2, 3); ``change`` is their difference from the identity."""
    linear = np.linalg.inv(change[:, :, :2] + np.eye(2))
    return np.concatenate([linear, -linear @ change[:, :, 2:]], axis=2)


def composed(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Return the maps (m, 2, 3) that apply ``inner`` first, then ``outer``."""
    linear = outer[:, :, :2] @ inner[:, :, :2]
    return np.concatenate([linear, outer[:, :, :2] @ inner[:, :, 2:] + outer[:, :, 2:]], axis=2)


def registered(
    atlas: Atlas, pictures: np.ndarray, templates: Templates, numbers: np.ndarray, maps: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the maps (m, 2, 3) after some steps, and the correlation (m,) under them."""
    if not len(pictures):
        return maps, np.empty(0)
    for turn in range(steps + 1):
        patches, inside = atlas.sampled(pictures, maps, templates.side)
        moved = normalised(patches.reshape(len(patches), templates.side**2))
        if turn < steps:
            maps = templates.step(numbers, moved, maps, inside.reshape(len(inside), templates.side**2))
    return maps, (moved * templates.pixels[numbers]).sum(axis=1)
