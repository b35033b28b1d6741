"""Register pictures: find the affine map under which one agrees best with another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ferspec.subjects.datasets.copies.reduction import Atlas, centred_grid

# of the mean of the diagonal, added to it, so that flat patches do not move
RIDGE = 0.01
# the largest change of an entry of a map in one step
LONGEST_STEP = 0.15
# the least correlation that a step is computed with
LEAST_GAIN = 0.3
# pixels that are computed at once: what fits into a processor's cache
PIXELS = 1 << 16


def registered(
    atlas: Atlas, templates: np.ndarray, pictures: np.ndarray, maps: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the maps after some steps, and the correlations under them.

    They are (n, k, 2, 3) and (n, k). ``pictures`` (n, k) of the atlas are moved onto each of the ``templates``
    (n, p, p), from ``maps`` (n, k, 2, 3) on. The method is Gauss-Newton's, inverse compositional: the gradients are
    those of the patch that does not move.
    """
    count, tried = pictures.shape
    side = templates.shape[1]
    result = np.empty((count, tried, 2, 3), np.float32)
    likeness = np.empty((count, tried), np.float32)
    for part in parts(count, tried * side * side):
        pixels = normalised(templates[part].reshape(-1, side * side))
        slopes = _slopes(pixels.reshape(-1, side, side))
        moved = maps[part].astype(np.float32)
        for turn in range(steps + 1):
            patches, inside = atlas.sampled(pictures[part], moved, side)
            patches = normalised(patches)
            alike = np.matmul(patches, pixels[:, :, None])
            if turn < steps:
                difference = patches
                difference /= np.maximum(alike, LEAST_GAIN)
                difference -= pixels[:, None, :]
                difference *= inside
                change = np.clip(np.matmul(difference, slopes), -LONGEST_STEP, LONGEST_STEP)
                moved = composed(moved, inverted(change.reshape(*change.shape[:2], 2, 3)))
        result[part], likeness[part] = moved, alike[:, :, 0]
    return result, likeness


def parts(count: int, pixels: int) -> Iterator[slice]:
    """Yield slices of ``count`` items of ``pixels`` pixels each, which are computed at once."""
    step = max(1, PIXELS // max(pixels, 1))
    return (slice(start, start + step) for start in range(0, count, step))


def normalised(patches: np.ndarray) -> np.ndarray:
    """Return patches (..., d) with mean 0 and norm 1; flat ones become zeros."""
    centred = patches - patches.mean(axis=-1, keepdims=True)
    norms = np.sqrt(np.einsum("...d,...d->...", centred, centred))[..., None]
    centred *= np.where(norms > 1e-3, 1 / np.maximum(norms, 1e-3), 0)
    return centred


def composed(outer: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """Return the maps (..., 2, 3) that apply ``inner`` first, then ``outer``."""
    a, b = outer, inner
    result = np.empty_like(outer)
    for row in range(2):
        for column in range(3):
            result[..., row, column] = a[..., row, 0] * b[..., 0, column] + a[..., row, 1] * b[..., 1, column]
        result[..., row, 2] += a[..., row, 2]
    return result


def inverted(change: np.ndarray) -> np.ndarray:
    """Return the inverse of maps (..., 2, 3); ``change`` is their difference from the identity."""
    a, b, c, d = (change[..., 0, 0] + 1, change[..., 0, 1], change[..., 1, 0], change[..., 1, 1] + 1)
    x, y = change[..., 0, 2], change[..., 1, 2]
    rows = [d, -b, b * y - d * x, -c, a, c * x - a * y]
    inverse = np.stack(rows, axis=-1) / (a * d - b * c)[..., None]
    return inverse.reshape(change.shape)


def _slopes(templates: np.ndarray) -> np.ndarray:
    """Return (n, d, 6): multiplied by a difference, the change of the map that explains it best."""
    count, side = templates.shape[:2]
    columns, rows, _ = centred_grid(side)
    down, across = (each.reshape(count, 1, -1) * (side / 2) for each in np.gradient(templates, axis=(1, 2)))
    slopes = np.concatenate([across * columns, across * rows, across, down * columns, down * rows, down], axis=1)
    pixels = templates.reshape(count, -1)
    slopes -= slopes.mean(axis=2, keepdims=True)
    slopes -= np.matmul(slopes, pixels[:, :, None]) * pixels[:, None, :]
    hessian = np.matmul(slopes, slopes.swapaxes(1, 2))
    ridge = RIDGE * np.trace(hessian, axis1=1, axis2=2) / 6 + 1e-6
    hessian += ridge[:, None, None] * np.eye(6, dtype=np.float32)
    return np.matmul(slopes.swapaxes(1, 2), np.linalg.inv(hessian)).astype(np.float32)
