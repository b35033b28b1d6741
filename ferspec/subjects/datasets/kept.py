"""Keep every decoded image of a dataset: all in memory, or all in a temporary file."""

from __future__ import annotations

import math
import os
import weakref
from threading import Lock
from typing import IO

import numpy as np

from ferspec.subjects.disk import room_for, temporary_file, write_at

ROOM = 1 << 30
USER = "the store of decoded images"


class KeptImages:
    """Keep images of any sizes by index, so that none is decoded twice.

    Images that need more than ``room`` bytes in all are moved to an unnamed file in TMPDIR, all of them: if some stayed
    in memory, the time until an image arrives would tell a model something about it. Threads may keep images at once.
    """

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._images: dict[int, np.ndarray] = {}
        self._places: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._bytes = 0
        self._file: IO[bytes] | None = None
        self._lock = Lock()

    def keep(self, index: int, pixels: np.ndarray) -> None:
        """Keep a uint8 image, which becomes read-only. Raise ``UserError`` if the disk is full."""
        pixels.setflags(write=False)
        with self._lock:
            if self._file is None and self._bytes + pixels.nbytes > self._room:
                self._move_to_file()
            if self._file is None:
                self._images[index] = pixels
                self._bytes += pixels.nbytes
            else:
                self._write(self._file, index, pixels)

    def get(self, index: int) -> np.ndarray:
        """Return image ``index``, read-only. Raise ``KeyError`` if it was not kept."""
        if self._file is None:
            return self._images[index]
        offset, shape = self._places[index]
        content = os.pread(self._file.fileno(), math.prod(shape), offset)
        return np.frombuffer(content, np.uint8).reshape(shape)

    def _move_to_file(self) -> None:
        file = temporary_file(USER)
        # stays open as long as the images are used
        weakref.finalize(self, file.close)
        self._bytes = 0
        for index, image in self._images.items():
            self._write(file, index, image)
        self._images = {}
        self._file = file

    def _write(self, file: IO[bytes], index: int, pixels: np.ndarray) -> None:
        self._places[index] = (self._bytes, pixels.shape)
        with room_for(USER):
            write_at(file, np.ascontiguousarray(pixels).data.cast("B"), self._bytes)
        self._bytes += pixels.nbytes


class ChosenImages:
    """The kept images at some places, numbered from 0."""

    def __init__(self, kept: KeptImages | ChosenImages, places: np.ndarray) -> None:
        self._kept, self._places = kept, places

    def get(self, index: int) -> np.ndarray:
        """Return image ``index`` of the chosen ones, read-only."""
        return self._kept.get(int(self._places[index]))
