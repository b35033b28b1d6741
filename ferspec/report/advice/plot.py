"""Draws accuracy against parameters as an SVG: the short list, its bands, and the cells it is chosen from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from jinja2 import Template

from ferspec.grid.advising.advice import Advice
from ferspec.report.templating import new_environment

WIDTH, HEIGHT = 800, 420
LEFT, RIGHT, TOP, BOTTOM = 64, 770, 64, 362
TICK = 0.1


@dataclass(frozen=True)
class Point:
    """A cell in the plot; ``low`` and ``high`` are the ends of its band, None for a cell outside the list."""

    x: float
    y: float
    title: str
    low: float | None = None
    high: float | None = None


def pareto_svg(advice: Advice) -> str:
    """Return BTFER accuracy over parameters (logarithmic) as the text of a self-contained SVG.

    Listed cells have their band and are joined by a line; the others are pale. Colours follow light or dark.
    """
    found = advice.shortlist
    counts = [option.parameters for option in found.options] + [other.parameters for other in found.others]
    first, last = math.floor(math.log10(min(counts))), math.ceil(math.log10(max(counts)))
    last = max(last, first + 1)
    ends = [end for option in found.options for end in (option.btfer.low, option.btfer.high)]
    ends += [other.btfer for other in found.others]
    low, high = math.floor(min(ends) / TICK), math.ceil(max(ends) / TICK)

    def x(count: int) -> float:
        return round(LEFT + (RIGHT - LEFT) * (math.log10(count) - first) / (last - first), 1)

    def y(share: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (share / TICK - low) / (high - low), 1)

    listed = [
        Point(x(one.parameters), y(one.btfer.value), _title(one.cell, one.parameters, one.btfer.value),
              y(one.btfer.low), y(one.btfer.high))
        for one in sorted(found.options, key=lambda one: (one.parameters, one.btfer.value))
    ]  # fmt: skip
    others = [
        Point(x(one.parameters), y(one.btfer), _title(one.cell, one.parameters, one.btfer)) for one in found.others
    ]
    return _template().render(
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=RIGHT,
        top=TOP,
        bottom=BOTTOM,
        listed=listed,
        others=others,
        powers=[(x(10**power), _count(10**power)) for power in range(first, last + 1)],
        shares=[(y(step * TICK), f"{step * TICK:.1f}") for step in range(low, high + 1)],
        summary=f"{len(listed)} listed cells and {len(others)} others.",
    )


def _title(cell: str, parameters: int, accuracy: float) -> str:
    return f"{cell}: {parameters:,} parameters, BTFER {accuracy:.2f}"


def _count(number: int) -> str:
    return f"{number / 10**6:g}M" if number >= 10**6 else f"{number / 10**3:g}k"


@cache
def _template() -> Template:
    return new_environment().get_template("pareto.svg")
