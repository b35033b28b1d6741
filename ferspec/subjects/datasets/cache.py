"""Decoded images kept in memory, up to a bound."""

from threading import Lock

import numpy as np

CACHE_BYTES = 1 << 30


class PixelCache:
    """Keeps the first images that fit into ``room`` bytes, and none after them.

    A dataset is passed over again and again in one order: dropping the oldest image would miss every time.
    """

    def __init__(self, room: int = CACHE_BYTES) -> None:
        self._room = room
        self._images: dict[int, np.ndarray] = {}
        self._lock = Lock()

    def get(self, index: int) -> np.ndarray | None:
        """Return the image kept under that index, or None."""
        return self._images.get(index)

    def keep(self, index: int, pixels: np.ndarray) -> np.ndarray:
        """Return the image, read-only from now on; keep it where there is room."""
        pixels.setflags(write=False)
        with self._lock:
            if index not in self._images and pixels.nbytes <= self._room:
                self._room -= pixels.nbytes
                self._images[index] = pixels
        return pixels
