"""The images of a training: their classes, and their pixels batch by batch."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class TrainingImages(Protocol):
    """A set of images at the resolution of a network."""

    @property
    def labels(self) -> np.ndarray:
        """The class (n,) int64 of every image, 0 to 6."""
        ...

    def __len__(self) -> int: ...

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Return the images at ``indices`` as (b, h, w, 3) uint8 RGB; may be called from several threads."""
        ...
