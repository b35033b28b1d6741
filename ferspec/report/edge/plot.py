"""Places the marks of accuracy over latency and over size; a template draws them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ferspec.edge.document import EdgeReport
from ferspec.reference.measured import Known
from ferspec.report.edge.words import ORIGINAL, letter
from ferspec.report.words import file_size, percent

WIDTH, LEFT, RIGHT, BOTTOM = 420, 52, 404, 300
# letters of marks that are closer stand above one another
APART, LINE, FIRST = 18, 17, 20
# steps of an axis, in a decade and in points
STEPS = (1, 2, 5)
POINTS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
MOST_LINES = 7


@dataclass(frozen=True)
class Mark:
    """A file in a plot: its letter, its place, the ends of its interval, and the height of its letter."""

    letter: str
    title: str
    verdict: str
    x: float
    y: float
    low: float
    high: float
    label: float


@dataclass(frozen=True)
class Panel:
    """A plot of accuracy: its marks, its ticks, and the lines of the original and of the margin."""

    title: str
    axis: str
    summary: str
    top: float
    marks: tuple[Mark, ...]
    across: tuple[tuple[float, str], ...]
    up: tuple[tuple[float, str], ...]
    original: float
    margin: float


@dataclass(frozen=True)
class _Dot:
    letter: str
    title: str
    verdict: str
    value: float
    accuracy: Known


def panels(report: EdgeReport) -> Iterator[Panel]:
    """Yield accuracy over the latency on one thread, and over the size of the file."""
    latencies = [*_dots(report, "milliseconds")]
    if latencies:
        yield _panel(report, latencies, "Accuracy and latency", "ms for one image, 1 thread", lambda ms: f"{ms:g}")
    yield _panel(report, [*_dots(report, "bytes")], "Accuracy and size", "size of the file", _size)


def _size(count: float) -> str:
    return file_size(round(count)).replace(".0 ", " ")


def _dots(report: EdgeReport, what: str) -> Iterator[_Dot]:
    original = report.original
    bytes_of, speed = original.model.file_bytes, original.speed
    value = bytes_of if what == "bytes" else None if speed is None else speed.timings[0].median
    level = original.accuracy.value
    if value is not None and level is not None:
        yield _Dot(ORIGINAL, "original", "original", float(value), Known(level, level, level))
    for number, file in enumerate(report.converted):
        value = file.bytes if what == "bytes" else None if file.speed is None else file.speed.timings[0].median
        if value is None or file.answers is None or level is None:
            continue
        change = file.answers.accuracy_change.known
        if change is not None:
            accuracy = Known(*(level + part for part in change))
            yield _Dot(letter(number), file.title, file.verdict or "", float(value), accuracy)


def _panel(report: EdgeReport, dots: Sequence[_Dot], title: str, axis: str, shown: Callable[[float], str]) -> Panel:
    accuracy = report.original.accuracy.value or 0.0
    values = [dot.value for dot in dots] or [1.0]
    first, last = math.log10(min(values) / 1.5), math.log10(max(values) * 1.5)
    ends = [end for dot in dots for end in (dot.accuracy.low, dot.accuracy.high)]
    step, low, high = _scale(min([*ends, accuracy - report.max_drop]), max([*ends, accuracy]))

    def x(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (math.log10(value) - first) / (last - first), 1)

    heights = _heights([x(dot.value) for dot in dots])
    top = FIRST + LINE * max(heights, default=0) + 14

    def y(share: float) -> float:
        return round(BOTTOM - (BOTTOM - top) * (share / step - low) / (high - low), 1)

    marks = tuple(
        Mark(
            dot.letter,
            f"{dot.letter}, {dot.title}: {shown(dot.value)}, accuracy {percent(dot.accuracy.value)}",
            dot.verdict,
            x(dot.value),
            y(dot.accuracy.value),
            y(dot.accuracy.low),
            y(dot.accuracy.high),
            FIRST + LINE * (max(heights) - height),
        )
        for dot, height in zip(dots, heights, strict=True)
    )
    return Panel(
        title=title,
        axis=axis,
        summary="; ".join(mark.title for mark in marks),
        top=top,
        marks=marks,
        across=tuple((x(value), shown(value)) for value in _round_values(10**first, 10**last)),
        up=tuple((y(number * step), f"{100 * number * step:.4g}") for number in range(low, high + 1)),
        original=y(accuracy),
        margin=y(accuracy - report.max_drop),
    )


def _scale(low: float, high: float) -> tuple[float, int, int]:
    """Return the step of an axis of shares, and its first and last multiple."""
    step = next((one for one in POINTS if (high - low) / one <= MOST_LINES - 1 + 1e-9), POINTS[-1])
    first = math.floor(low / step + 1e-9)
    return step, first, max(math.ceil(high / step - 1e-9), first + 1)


def _round_values(low: float, high: float) -> Iterator[float]:
    """Yield the round values of a logarithmic axis: in 1, 2, 5 steps, or powers of ten on a long one."""
    steps = STEPS if math.log10(high / low) <= 2 else (1,)
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        yield from (step * 10.0**power for step in steps if low <= step * 10.0**power <= high)


def _heights(places: Sequence[float]) -> list[int]:
    """Return the line of each mark's letter, from 0, so that none covers another."""
    ends: list[float] = []
    heights = [0] * len(places)
    for index in sorted(range(len(places)), key=lambda index: places[index]):
        free = next((line for line, end in enumerate(ends) if places[index] - end >= APART), None)
        if free is None:
            ends.append(places[index])
            heights[index] = len(ends) - 1
        else:
            ends[free] = places[index]
            heights[index] = free
    return heights
