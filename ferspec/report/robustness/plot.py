"""Computes the places of marks in the small plots of loss over severity; a template draws them.

The x of a mark is in percent of the width, so that marks keep their shape and text its size at any width; y is in
pixels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ferspec.reference.measured import Metric
from ferspec.report.robustness.rows import in_words, ordered, ordered_levels, points_lost
from ferspec.report.words import points_range, shorten
from ferspec.required import required
from ferspec.subjects.certificates.losses import ConditionLosses, LevelLoss, Robustness

# of the plotting area in a panel: percent across, pixels down
LEFT, RIGHT = 17, 94
TOP, BOTTOM = 8, 128
STEPS = (5, 10, 20)
# about how many lines of the grid are drawn
MOST_TICKS = 6
LONGEST = 40


@dataclass(frozen=True)
class Scale:
    """An axis in points from ``low`` to ``high``, with its ticks."""

    low: int
    high: int
    ticks: tuple[int, ...]

    def down(self, points: float) -> float:
        """Return the y of a loss in a panel, in pixels."""
        return round(BOTTOM - (BOTTOM - TOP) * (points - self.low) / (self.high - self.low), 1)

    def across(self, points: float) -> float:
        """Return the x of a loss in a row, in percent."""
        return round(100 * (points - self.low) / (self.high - self.low), 2)


@dataclass(frozen=True)
class Mark:
    """A level in a panel: its place, the ends of its interval, and a text."""

    x: float
    y: float
    low: float
    high: float
    text: str


@dataclass(frozen=True)
class Panel:
    """The plot of a condition. ``first`` and ``last`` name the ends of its axis, with their x in percent."""

    title: str
    worst: str
    place: str
    why: str
    marks: tuple[Mark, ...]
    first: tuple[float, str]
    last: tuple[float, str]


@dataclass(frozen=True)
class Row:
    """A preparation on an axis across: the loss and its interval, in percent and in words."""

    title: str
    name: str
    x: float
    low: float
    high: float
    loss: str
    interval: str
    place: str


@dataclass(frozen=True)
class Drawing:
    """All panels and rows, which share one scale; ``left`` is where panels begin, in percent."""

    scale: Scale
    grid: tuple[tuple[float, int], ...]
    zero: float
    panels: tuple[Panel, ...]
    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, int], ...]
    left: int = LEFT


def drawing(robustness: Robustness) -> Drawing | None:
    """Return the panels of the conditions, the worst first, and the rows of other preparations; None without any."""
    conditions = ordered(robustness, "condition")
    preparations = ordered_levels(robustness, "preprocessing")
    losses = [level.loss for one, _ in conditions for level in one.levels] + [level.loss for _, level in preparations]
    ends = [end for loss in losses if (known := loss.known) for end in (100 * known.low, 100 * known.high)]
    if not ends:
        return None
    scale = _scale(min(0.0, *ends), max(0.0, *ends))
    return Drawing(
        scale=scale,
        grid=tuple((scale.down(tick), tick) for tick in scale.ticks),
        zero=scale.down(0),
        panels=tuple(_panel(one, level, scale) for one, level in conditions),
        rows=tuple(_row(one, level, scale) for one, level in preparations),
        ticks=tuple((scale.across(tick), tick) for tick in scale.ticks),
    )


def _scale(least: float, most: float) -> Scale:
    """Return an axis that holds all losses, with ticks at a round step."""
    step = next((step for step in STEPS if (most - least) / step <= MOST_TICKS), STEPS[-1])
    low, high = math.floor(least / step), math.ceil(most / step)
    high = max(high, low + 1)
    return Scale(step * low, step * high, tuple(step * tick for tick in range(low, high + 1)))


def _panel(one: ConditionLosses, worst: LevelLoss, scale: Scale) -> Panel:
    levels = [level for level in one.levels if level.loss.known is not None]

    def across(place: int) -> float:
        return round(LEFT + (RIGHT - LEFT) * (place + 1) / len(levels), 2)

    return Panel(
        title=shorten(one.title, LONGEST),
        worst=f"{_unbroken(shorten(worst.name, LONGEST))}: {points_lost(worst.loss)} ({_range(worst.loss)})",
        place=shorten(one.place, LONGEST),
        why=shorten(one.why, 200),
        marks=tuple(_mark(across(place), one, level, scale) for place, level in enumerate(levels)),
        first=(across(0), shorten(levels[0].name, LONGEST)),
        last=(across(len(levels) - 1), shorten(levels[-1].name, LONGEST)),
    )


def _mark(x: float, one: ConditionLosses, level: LevelLoss, scale: Scale) -> Mark:
    value, low, high = (scale.down(100 * end) for end in required(level.loss.known))
    return Mark(x, value, low, high, in_words(one, level))


def _row(one: ConditionLosses, level: LevelLoss, scale: Scale) -> Row:
    value, low, high = (scale.across(100 * end) for end in required(level.loss.known))
    return Row(
        title=shorten(one.title, LONGEST),
        name=shorten(level.name, LONGEST),
        x=value,
        low=low,
        high=high,
        loss=points_lost(level.loss),
        interval=points_range(level.loss),
        place=shorten(one.place, LONGEST),
    )


def _range(loss: Metric) -> str:
    return _unbroken(points_range(loss))


def _unbroken(text: str) -> str:
    """Keep a number and its unit on one line."""
    return text.replace(" ", "\u00a0")
