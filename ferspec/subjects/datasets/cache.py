"""Cache decoded images in memory, up to a limit."""

from threading import Lock

import numpy as np

CACHE_BYTES = 1 << 30


class PixelCache:
    """Cache the first images that fit into ``room`` bytes.

    Images are never evicted: a dataset is read repeatedly in one order, so that evicting the oldest would always miss.
    """

    def __init__(self, room: int = CACHE_BYTES) -> None:
        self._room = room
        self._images: dict[int, np.ndarray] = {}
        self._lock = Lock()

    def get(self, index: int) -> np.ndarray | None:
        """Return the cached image with this index, or None."""
        return self._images.get(index)

    def keep(self, index: int, pixels: np.ndarray) -> np.ndarray:
        """Make the image read-only, cache it if there is room, and return it."""
        pixels.setflags(write=False)
        with self._lock:
            if index not in self._images and pixels.nbytes <= self._room:
                self._room -= pixels.nbytes
                self._images[index] = pixels
        return pixels
