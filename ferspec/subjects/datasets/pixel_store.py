"""Images of one size, decoded once: in memory up to a limit, on disk beyond it."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from ferspec.subjects.disk import room_for, temporary_file

ROOM = 1 << 30
DECODED = "what is decoded of the images"


class PixelStore:
    """Holds ``count`` images (h, w, 3) uint8 of one size, in memory no more of them than fit into ``room`` bytes.

    The first images stay in memory; the rest lie in one temporary file, which has no name and vanishes with the
    process, in the folder that TMPDIR names. Memory therefore does not grow with the number of images beyond ``room``
    (1 GiB unless told: 155,344 images of 48 x 48 or 7,133 of 224 x 224). May be read and written from several threads.
    """

    def __init__(self, count: int, size: tuple[int, int], room: int = ROOM) -> None:
        self._shape = (*size, 3)
        self._bytes = size[0] * size[1] * 3
        self._count = count
        self._kept = np.empty((min(count, room // self._bytes), *self._shape), np.uint8)
        # open for as long as the store is there
        self._file = temporary_file(DECODED) if count > len(self._kept) else None

    @property
    def in_memory(self) -> int:
        """The number of bytes of the images that are kept in memory."""
        return self._kept.nbytes

    def write(self, index: int, image: np.ndarray) -> None:
        """Store image ``index``; ``UserError`` where the disk is full."""
        if image.shape != self._shape or image.dtype != np.uint8 or not 0 <= index < self._count:
            raise ValueError(f"image {index} of {self._count}: {image.dtype} {image.shape} is not uint8 {self._shape}")
        if index < len(self._kept):
            self._kept[index] = image
            return
        rest, offset = memoryview(np.ascontiguousarray(image)).cast("B"), self._offset(index)
        with room_for(DECODED):
            while rest:  # a disk that fills up takes the first part of a write and refuses the next
                written = os.pwrite(self._file.fileno(), rest, offset)
                rest, offset = rest[written:], offset + written

    def read(self, indices: np.ndarray | Sequence[int]) -> np.ndarray:
        """Return the images at ``indices`` as a new array (b, h, w, 3) uint8; ``IndexError`` for one outside."""
        indices = np.asarray(indices, np.int64)
        if len(indices) and not 0 <= indices.min() <= indices.max() < self._count:
            raise IndexError(f"images {indices.min()} to {indices.max()} of {self._count} were asked for")
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
