"""Images for asking about a network's input: every grey level, and sizes of the grid."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ferspec import spec

Start = tuple[str, str]


def every_level() -> np.ndarray:
    """Return an image (16, 16, 3) with all grey levels in each channel.

    No two channels are equal.
    """
    grey = np.arange(256).reshape(16, 16)
    return np.stack([grey, 255 - grey, grey.T], axis=-1)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Return an image whose every pixel differs from its neighbours."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3))


def sides_of(starts: Iterable[Start]) -> dict[Start, tuple[int, ...]]:
    """Return the image sides to ask about for each start: its smallest resolution in the grid.

    Only the first start also has its largest resolution, since an answer of 224 pixels has three million characters.
    """
    sides = {start: resolutions_of(*start) for start in starts}
    first = next(iter(sides), None)
    return {start: tuple(sorted({own[0], own[-1]})) if start == first else (own[0],) for start, own in sides.items()}


def resolutions() -> list[int]:
    """Return the resolutions of the grid, the smallest first."""
    return sorted({cell.resolution for cell in spec.load().cells})


def resolutions_of(architecture: str, weights: str) -> list[int]:
    """Return the resolutions of a network with these weights in the grid, ascending."""
    cells = spec.load().cells
    return sorted({cell.resolution for cell in cells if (cell.architecture, cell.weights) == (architecture, weights)})
