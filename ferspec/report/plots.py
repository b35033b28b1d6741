"""Computes the positions of marks in the plots of a report; templates draw them."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from ferspec import spec
from ferspec.reference.intervals import wilson
from ferspec.reference.measured import CalibrationBin, Metric
from ferspec.report.words import cell_name
from ferspec.spec.records import Cell

HEAT_STEPS = 10
SHOWN_AT_TOP = 5
NEAREST = 2
TICK = 0.1


def heat(share: float) -> int:
    """Return the step (0 to 9) on the colour scale of a share.

    Step k begins at (k/10)²: small confusions stay visible beside a strong diagonal.
    """
    return min(HEAT_STEPS - 1, math.floor(HEAT_STEPS * math.sqrt(share) + 1e-9))


@dataclass(frozen=True)
class Pillar:
    """A stack of equal published accuracies: value, position in percent of the width, and count."""

    value: float
    x: float
    count: int


@dataclass(frozen=True)
class Published:
    """A published model: its place, name and accuracy, and how many between the one above it and it are not shown."""

    place: int
    name: str
    accuracy: float
    hidden: int


@dataclass(frozen=True)
class Strip:
    """The published BTFER accuracies along one axis, with a model's accuracy and interval.

    ``better`` and ``worse`` are the best published models, and those nearest to the model.
    """

    pillars: tuple[Pillar, ...]
    ticks: tuple[tuple[float, str], ...]
    tallest: int
    x: float
    low: float
    high: float
    better: tuple[Published, ...]
    worse: tuple[Published, ...]
    total: int


def strip(accuracy: Metric) -> Strip | None:
    """Return the position of an accuracy among the published ones, None if it is undefined."""
    measured = accuracy.known
    if measured is None:
        return None
    cells = published()
    stacks = Counter(known for _, known in cells)
    first = math.floor(min(*stacks, measured.low) / TICK)
    last = math.ceil(max(*stacks, measured.high) / TICK)

    def place(value: float) -> float:
        return round(100 * (value / TICK - first) / (last - first), 3)

    return Strip(
        pillars=tuple(Pillar(value, place(value), count) for value, count in sorted(stacks.items())),
        ticks=tuple((place(step * TICK), f"{100 * step * TICK:.0f} %") for step in range(first, last + 1)),
        tallest=max(stacks.values()),
        x=place(measured.value),
        low=place(measured.low),
        high=place(measured.high),
        better=tuple(shown for shown in _shown(cells, measured.value) if shown.accuracy > measured.value),
        worse=tuple(shown for shown in _shown(cells, measured.value) if shown.accuracy <= measured.value),
        total=len(cells),
    )


def published() -> list[tuple[Cell, float]]:
    """Return the cells with a known BTFER accuracy, each with this accuracy, the best first."""
    known = [(cell, known) for cell in spec.load().cells if (known := cell.btfer_accuracy()) is not None]
    return sorted(known, key=lambda pair: (-pair[1], pair[0].id))


def _shown(cells: list[tuple[Cell, float]], accuracy: float) -> Iterator[Published]:
    """Yield the best published models, and the nearest ones above and below an accuracy."""
    own = sum(known > accuracy for _, known in cells)
    chosen = {*range(SHOWN_AT_TOP), *range(own - NEAREST, own + NEAREST)} & set(range(len(cells)))
    before = -1
    for index in sorted(chosen):
        cell, known = cells[index]
        yield Published(_place(known, cells), cell_name(cell), known, hidden=index - before - 1)
        before = index


def _place(accuracy: float, cells: list[tuple[Cell, float]]) -> int:
    """Return the rank of an accuracy, from 1; equal accuracies share a rank."""
    return 1 + sum(other > accuracy for _, other in cells)


@dataclass(frozen=True)
class Bar:
    """One bin of the reliability curve, its Wilson interval, its share of images."""

    bin: CalibrationBin
    low: float
    high: float
    share: float


def reliability(bins: tuple[CalibrationBin, ...]) -> tuple[Bar, ...]:
    """Return the bins that hold images, each with the interval of its accuracy."""
    level = spec.load().number("FER-Z-01", "level")
    total = sum(bin.n for bin in bins)
    return tuple(
        Bar(bin, *wilson(round(bin.accuracy * bin.n), bin.n, level), share=bin.n / total)
        for bin in bins
        if bin.n and bin.accuracy is not None
    )
