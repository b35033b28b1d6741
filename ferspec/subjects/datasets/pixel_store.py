"""Store decoded images of one size in memory and, beyond a limit, on disk."""

from __future__ import annotations

import os
import weakref
from collections.abc import Sequence

import numpy as np

from ferspec.subjects.disk import room_for, temporary_file, write_at

ROOM = 1 << 30
USER = "the store of decoded images"


class PixelStore:
    """Store ``count`` images (h, w, 3) uint8, at most ``room`` bytes of them in memory.

    The first images stay in memory, and the others in an unnamed temporary file in TMPDIR. The default of 1 GiB holds
    155,344 images of 48 x 48 or 7,133 of 224 x 224. Threads may read and write concurrently.
    """

    def __init__(self, count: int, size: tuple[int, int], room: int = ROOM) -> None:
        self._shape = (*size, 3)
        self._bytes = size[0] * size[1] * 3
        self._count = count
        self._kept = np.empty((min(count, room // self._bytes), *self._shape), np.uint8)
        self._file = temporary_file(USER) if count > len(self._kept) else None
        if self._file is not None:
            # stays open as long as the store exists
            weakref.finalize(self, self._file.close)

    @property
    def in_memory(self) -> int:
        """The number of bytes in memory."""
        return self._kept.nbytes

    def write(self, index: int, image: np.ndarray) -> None:
        """Store image ``index``. Raise ``UserError`` if the disk is full."""
        if image.shape != self._shape or image.dtype != np.uint8 or not 0 <= index < self._count:
            raise ValueError(f"image {index} of {self._count}: {image.dtype} {image.shape} is not uint8 {self._shape}")
        if self._file is None or index < len(self._kept):
            self._kept[index] = image
            return
        with room_for(USER):
            write_at(self._file, np.ascontiguousarray(image).data.cast("B"), self._offset(index))

    def read(self, indices: np.ndarray | Sequence[int]) -> np.ndarray:
        """Return the images at ``indices`` as (b, h, w, 3) uint8. Raise ``IndexError`` for an invalid index."""
        indices = np.asarray(indices, np.int64)
        if len(indices) and not 0 <= indices.min() <= indices.max() < self._count:
            raise IndexError(f"indices {indices.min()} to {indices.max()} are not within the {self._count} images")
        if self._file is None:
            return self._kept[indices]
        batch = np.empty((len(indices), *self._shape), np.uint8)
        kept = indices < len(self._kept)
        batch[kept] = self._kept[indices[kept]]
        for row in np.flatnonzero(~kept):
            if os.preadv(self._file.fileno(), [batch[row]], self._offset(indices[row])) != self._bytes:
                raise IndexError(f"image {indices[row]} was never written")
        return batch

    def _offset(self, index: int) -> int:
        return (int(index) - len(self._kept)) * self._bytes
