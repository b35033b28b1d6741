"""Reduce pictures to small grey squares, and sample these at any position."""

from __future__ import annotations

import hashlib
import math

import numpy as np

# What a sample may read beyond the edge, in pixels: bilinear interpolation reads the next one.
MARGIN = 1
# patches that are sampled at once: OpenCV remaps at most 32,766 rows
AT_ONCE = 2048


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
        """Return patches (m, side, side) of squares, and where they lie inside.

        ``numbers`` (m,) are those of the squares. A map (2, 3) multiplies (column, row, 1) of a patch and gives
        (column, row) of a square, both from -1 to 1. Beyond the edge the nearest pixel is repeated.
        """
        patches = np.empty((len(numbers), side, side), np.float32)
        inside = np.empty((len(numbers), side, side), bool)
        for start in range(0, len(numbers), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            self._sample(numbers[part], maps[part].astype(np.float32), patches[part], inside[part])
        return patches, inside

    def _sample(self, numbers: np.ndarray, maps: np.ndarray, patches: np.ndarray, inside: np.ndarray) -> None:
        import cv2

        count, side = patches.shape[:2]
        columns, rows = grid(side)
        half = self.side / 2
        x = (maps[:, 0, 0, None] * columns + maps[:, 0, 1, None] * rows + (maps[:, 0, 2, None] + 1)) * half - 0.5
        y = (maps[:, 1, 0, None] * columns + maps[:, 1, 1, None] * rows + (maps[:, 1, 2, None] + 1)) * half - 0.5
        last = self.side - 1
        inside[...] = ((np.abs(x - last / 2) <= half) & (np.abs(y - last / 2) <= half)).reshape(inside.shape)
        x = np.clip(x, 0, last) + ((numbers % self._columns) * self._step + MARGIN)[:, None].astype(np.float32)
        y = np.clip(y, 0, last) + ((numbers // self._columns) * self._step + MARGIN)[:, None].astype(np.float32)
        cv2.remap(self._sheet, x, y, cv2.INTER_LINEAR, dst=patches.reshape(count, -1))


def grid(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns and rows (side²,) float32 of a square's pixels, from -1 to 1."""
    steps = ((2 * np.arange(side) + 1) / side - 1).astype(np.float32)
    return np.tile(steps, side), np.repeat(steps, side)


def normalised(patches: np.ndarray) -> np.ndarray:
    """Return patches (n, d) with mean 0 and norm 1; flat ones become zeros."""
    centred = patches - patches.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.where(norms > 1e-3, centred / np.maximum(norms, 1e-3), 0).astype(np.float32)
