"""The names of pixel values in messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np


@dataclass(frozen=True)
class PixelNames(Sequence[str]):
    """Names of the values of an image (h, w, c), built on demand.

    Large images have 150,000 values.
    """

    shape: tuple[int, ...]
    what: str

    def __len__(self) -> int:
        return int(np.prod(self.shape))

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return [self[number] for number in range(len(self))[place]]
        row, column, channel = np.unravel_index(place, self.shape)
        return f"{self.what}: row {row}, column {column}, channel {channel}"
