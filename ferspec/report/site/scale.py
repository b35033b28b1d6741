"""The positions of marks in the pictures of the site, in percent of the width; templates draw them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
MOST_TICKS = 6


@dataclass(frozen=True)
class Scale:
    """The range of values of a picture."""

    low: float
    high: float

    def x(self, value: float) -> float:
        """Return the position of a value in percent; values outside the range are at its ends."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(100 * share, 2)

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """The round values: position and text."""
        step = next((step for step in STEPS if (self.high - self.low) / step <= MOST_TICKS), STEPS[-1])
        first, last = math.ceil(round(self.low / step, 6)), math.floor(round(self.high / step, 6))
        return tuple(
            (self.x(number * step), f"{number * step:g}".replace("-", "−")) for number in range(first, last + 1)
        )


@dataclass(frozen=True)
class Picture:
    """The marks of one value, in percent: a bar from 0, an interval, and points with the classes of their styles."""

    title: str
    scale: Scale
    bar: tuple[float, float] | None = None
    interval: tuple[float, float] | None = None
    points: tuple[tuple[str, float], ...] = ()


def picture(
    title: str,
    scale: Scale,
    bar: float | None = None,
    interval: tuple[float | None, float | None] = (None, None),
    points: Iterable[tuple[str, float | None]] = (),
) -> Picture:
    """Return the positions of values on a scale; None is not drawn."""
    low, high = interval
    ends = None if bar is None else sorted((scale.x(0.0), scale.x(bar)))
    return Picture(
        title=title,
        scale=scale,
        bar=None if ends is None else (ends[0], ends[1]),
        interval=None if low is None or high is None else (scale.x(low), scale.x(high)),
        points=tuple((style, scale.x(value)) for style, value in points if value is not None),
    )


def scale_of(values: Iterable[float | None], step: float = 0.1) -> Scale:
    """Return the scale of multiples of ``step`` that holds all values and 0."""
    held = [0.0, *(value for value in values if value is not None)]
    first, last = math.floor(round(min(held) / step, 6)), math.ceil(round(max(held) / step, 6))
    return Scale(first * step, max(last, first + 1) * step)
