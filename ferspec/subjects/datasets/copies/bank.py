"""The bank: every picture to search for, at many positions and mirrored, described by a few numbers each."""

from __future__ import annotations

from functools import cache

import numpy as np

from ferspec.subjects.datasets.copies.reduction import Atlas
from ferspec.subjects.datasets.copies.settings import Settings

# How strongly high frequencies count: pictures have less of them.
WEIGHT = 0.5
# Queries that are compared at once: products of this many with a block fit into a processor's cache.
CHUNK = 128


def frames(settings: Settings, moved: bool) -> np.ndarray:
    """Return the positions that are tried, as maps (f, 2, 3) to a picture.

    A map multiplies (column, row, 1) of a patch and gives (column, row) of a picture, both from -1 to 1. The positions
    spread evenly over the ranges of rotation, shifts and zooms (a Sobol sequence), the picture as it is first; then the
    same mirrored. Without ``moved`` only the picture as it is, and its mirror image.
    """
    from scipy.stats import qmc

    count = settings.frames if moved else 1
    # the first point of the sequence without scrambling is 0: the middle of all ranges stands in for it
    points = qmc.Sobol(5, scramble=False).random(1 << (count - 1).bit_length())[:count]
    points[0] = 0.5
    spread = 2 * points - 1
    angle = np.deg2rad(spread[:, 0] * settings.rotation)
    shift = np.stack([spread[:, 1] * settings.width_shift, spread[:, 2] * settings.height_shift], axis=1) * 2
    zoom = 1 + spread[:, 3:] * settings.zoom
    rotation = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], axis=1).reshape(-1, 2, 2)
    maps = np.concatenate(
        [rotation * zoom[:, None, :], np.einsum("fij,fj->fi", rotation, shift)[:, :, None]],
        axis=2,
    )
    mirrored = maps.copy()
    mirrored[:, :, 0] *= -1
    return np.concatenate([maps, mirrored]).astype(np.float32)


def described(patches: np.ndarray, settings: Settings) -> np.ndarray:
    """Return patches (n, p²) as vectors (n, frequencies) float32 of norm 1.

    Products of vectors are correlations.
    """
    basis = _basis(settings.patch, settings.frequencies)
    vectors = patches @ basis
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(norms > 1e-3, vectors / np.maximum(norms, 1e-3), 0).astype(np.float32)


@cache
def _basis(side: int, count: int) -> np.ndarray:
    """Return the cosine transform (side², count) of the lowest frequencies without the mean, weighted."""
    steps = np.arange(side)
    lines = np.cos(np.pi * (steps[None, :] + 0.5) * steps[:, None] / side)
    lines /= np.linalg.norm(lines, axis=1, keepdims=True)
    rows, columns = np.divmod(np.arange(side * side), side)
    size = np.hypot(rows, columns)
    kept = np.argsort(size, kind="stable")[1 : count + 1]
    waves = np.einsum("ki,kj->kij", lines[rows[kept]], lines[columns[kept]]).reshape(len(kept), -1)
    return (waves * size[kept, None] ** WEIGHT).T.astype(np.float32)


class Bank:
    """The pictures to search for at every position: vectors (chunks, f, CHUNK, frequencies) float32."""

    def __init__(self, atlas: Atlas, count: int, settings: Settings, moved: bool) -> None:
        self.maps = frames(settings, moved)
        self.count = count
        chunks = -(-count // CHUNK)
        self._vectors = np.zeros((chunks, len(self.maps), CHUNK, settings.frequencies), np.float32)
        for number in range(chunks):
            rows = np.arange(number * CHUNK, min(count, (number + 1) * CHUNK))
            for frame, placed in enumerate(self.maps):
                maps = np.broadcast_to(placed, (1, len(rows), 2, 3))
                [patches], _ = atlas.sampled(rows[None], maps, settings.patch)
                self._vectors[number, frame, : len(rows)] = described(patches, settings)

    def best(self, others: np.ndarray) -> np.ndarray:
        """Return the largest correlation of any position of each picture with other images.

        ``others`` are vectors (m, frequencies), the correlations (m, count).
        """
        found = np.full((len(others), self._vectors.shape[0] * CHUNK), -1, np.float32)
        product = np.empty((len(others), CHUNK), np.float32)
        for number, chunk in enumerate(self._vectors):
            part = found[:, number * CHUNK : (number + 1) * CHUNK]
            for frame in chunk:
                np.matmul(others, frame.T, out=product)
                np.maximum(part, product, out=part)
        return found[:, : self.count]

    def best_frame(self, picture: int, others: np.ndarray) -> np.ndarray:
        """Return the position at which a picture correlates most with each of other images.

        ``others`` are vectors (m, frequencies), the positions (m,) numbers of ``maps``.
        """
        vectors = self._vectors[picture // CHUNK, :, picture % CHUNK]
        return (vectors @ others.T).argmax(axis=0)
