"""Images to ask of networks what they are fed: of every grey level, and as large as the grid trains on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ferspec import spec

Start = tuple[str, str]


def every_level() -> np.ndarray:
    """Return an image (16, 16, 3) that has every grey level in every channel, and no channel like another."""
    grey = np.arange(256).reshape(16, 16)
    return np.stack([grey, 255 - grey, grey.T], axis=-1)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Return an image whose every pixel differs from its neighbours."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3))


def sides_of(starts: Iterable[Start]) -> dict[Start, tuple[int, ...]]:
    """Return the sides of the images to ask of each start: the smallest resolution that the grid trains it at.

    The first is asked at its largest one too, not all, since an answer of 224 pixels is three million characters long.
    """
    sides = {start: resolutions_of(*start) for start in starts}
    first = next(iter(sides), None)
    return {start: tuple(sorted({own[0], own[-1]})) if start == first else (own[0],) for start, own in sides.items()}


def resolutions() -> list[int]:
    """Return the resolutions of the grid, the smallest first."""
    return sorted({cell.resolution for cell in spec.load().cells})


def resolutions_of(architecture: str, weights: str) -> list[int]:
    """Return the resolutions at which the grid trains a network from these weights, the smallest first."""
    cells = spec.load().cells
    return sorted({cell.resolution for cell in cells if (cell.architecture, cell.weights) == (architecture, weights)})
