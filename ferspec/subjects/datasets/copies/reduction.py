"""Reduce pictures to small grey squares, and sample these at any position."""

from __future__ import annotations

import hashlib
import math
from functools import cache

import numpy as np

# What a sample may read beyond the edge, in pixels: bilinear interpolation reads the next one.
MARGIN = 1


def reduced(image: np.ndarray, side: int) -> np.ndarray:
    """Return the area means (side, side) float32 of an image's grey levels; it is (h, w, 3) uint8."""
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    means: np.ndarray = cv2.resize(grey.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
    return means


def pixel_digest(image: np.ndarray) -> bytes:
    """Return the sha256 of an image's size and pixels; it is (h, w, 3) uint8."""
    shape = f"{image.shape[0]} {image.shape[1]} ".encode()
    return hashlib.sha256(shape + np.ascontiguousarray(image).tobytes()).digest()


def shrunk(squares: np.ndarray, side: int) -> np.ndarray:
    """Return the area means (n, side, side) of squares (n, s, s) float32; ``side`` divides s."""
    count, full = squares.shape[:2]
    step = full // side
    return squares.reshape(count, side, step, side, step).mean(axis=(2, 4), dtype=np.float32)


class Atlas:
    """Squares (n, side, side) float32 on one large image; many are sampled at once."""

    def __init__(self, squares: np.ndarray) -> None:
        count, self.side = squares.shape[:2]
        self._columns = max(1, math.ceil(math.sqrt(count)))
        self._step = self.side + 2 * MARGIN
        rows = math.ceil(count / self._columns)
        padded = np.pad(squares, ((0, rows * self._columns - count), (MARGIN, MARGIN), (MARGIN, MARGIN)), mode="edge")
        tiles = padded.reshape(rows, self._columns, self._step, self._step).swapaxes(1, 2)
        self._sheet = np.ascontiguousarray(tiles.reshape(rows * self._step, self._columns * self._step))

    def sampled(self, numbers: np.ndarray, maps: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Return patches (n, k, side²) of squares, and which of their pixels lie inside.

        ``numbers`` (n, k) are those of the squares. A map (2, 3) multiplies (column, row, 1) of a patch and gives
        (column, row) of a square, both from -1 to 1. Beyond the edge the nearest pixel is repeated. OpenCV samples at
        most 32,766 patches at once.
        """
        import cv2

        shape = (*numbers.shape, side * side)
        half, last = np.float32(self.side / 2), np.float32(self.side - 1)
        places = (maps.reshape(-1, 3) * half) @ centred_grid(side)
        places += last / 2
        kept = np.clip(places, 0, last)
        places -= kept
        np.abs(places, out=places)
        near = (places <= 0.5).reshape(*numbers.shape, 2, -1)
        inside = near[..., 0, :] & near[..., 1, :]
        kept = kept.reshape(-1, 2, side * side)
        kept[:, 0] += ((numbers % self._columns) * self._step + MARGIN).reshape(-1, 1).astype(np.float32)
        kept[:, 1] += ((numbers // self._columns) * self._step + MARGIN).reshape(-1, 1).astype(np.float32)
        patches = cv2.remap(self._sheet, kept[:, 0], kept[:, 1], cv2.INTER_LINEAR)
        return patches.reshape(shape), inside


@cache
def centred_grid(side: int) -> np.ndarray:
    """Return columns and rows of a square's pixels, from -1 to 1, and ones: (3, side²)."""
    steps = (2 * np.arange(side) + 1) / side - 1
    return np.stack([np.tile(steps, side), np.repeat(steps, side), np.ones(side * side)]).astype(np.float32)
