"""What one image costs a model, counted from its file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import Field

from ferspec.records import Record

# JSON numbers are exact up to here
LARGEST = 2**53
Counted = Annotated[int | None, Field(ge=0, le=LARGEST)]


class Cost(Record):
    """Hold the numbers stored in a model, and the multiplications added up for one image. None is unknown."""

    parameters: Counted = Field(default=None, description="weights, biases and running statistics")
    multiply_adds: Counted = Field(
        default=None, description="of convolutions, dense layers and attention, for one image"
    )


UNKNOWN = Cost()
# of one image, whose shape is in the layout of the file: (height, width, channels) or (channels, height, width)
Image = tuple[int, int, int]
CountCost = Callable[[Image], Cost]
