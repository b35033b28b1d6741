"""Draws the epochs of a training as an SVG: loss, accuracy and learning rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Literal

from jinja2 import Template

from ferspec.errors import UserError
from ferspec.reference.schedule import best_epoch, kept_metric
from ferspec.reference.training.epoch_row import EpochRow
from ferspec.report.templating import new_environment

WIDTH, LEFT, RIGHT = 800, 64, 784
TOP, BETWEEN, BELOW = 110, 34, 48
# distance of a curve from the frame, which would hide the first learning rate
INSET = 8
HEIGHTS = {"loss": 170, "accuracy": 170, "learning rate": 84}
CURVES = (("training", ""), ("validation", "val_"))
RATE = "learning_rate"
SERIES = ("loss", "accuracy", "val_loss", "val_accuracy", RATE)
STEPS = (1, 2, 2.5, 5, 10)
MOST_TICKS, MOST_EPOCHS, MOST_POWERS = 5, 10, 4
# widths below which the label of a phase would overlap the next
WIDE, NARROW = 52, 12
# half the length of the dash that shows a curve of one point
DASH = 2.5


@dataclass(frozen=True)
class Curve:
    """One series as the path of an SVG; ``style`` is its class in the template's style sheet."""

    series: str
    style: str
    path: str


@dataclass(frozen=True)
class Panel:
    """One diagram: position, grid lines, curves, and the mark of the best epoch."""

    name: str
    remark: str
    top: float
    height: float
    ticks: tuple[tuple[float, str], ...]
    curves: tuple[Curve, ...]
    best: tuple[float, float] | None = None


@dataclass(frozen=True)
class Shade:
    """The position of a phase; ``label`` is empty if there is only one phase, or no room."""

    x: float
    width: float
    label: str
    title: str


@dataclass(frozen=True)
class Mark:
    """An event after an epoch: the epoch, from 0, the style class of its line, and its description."""

    place: int
    style: Literal["reduction", "stop"]
    title: str


def curves_svg(rows: Sequence[EpochRow], title: str, marks: Sequence[Mark] = ()) -> str:
    """Return the curves of a training as the text of a self-contained SVG.

    It shows loss, accuracy with the best epoch marked, and the learning rate on a logarithmic scale, from top to
    bottom, over the epoch; phases are shaded alternately. All epochs have the same width, and their values are drawn in
    the middle. In long trainings each pixel column shows its lowest and its highest value. Colours follow the reader's
    choice of light or dark. ``marks`` are drawn as vertical lines. A series that is NaN in every epoch was not logged
    and is left out.

    ``UserError`` without epochs, for a learning rate of 0 or less, and for other values that are NaN or infinite.
    """
    _require_drawable(rows)
    best = best_epoch(_values(rows, kept_metric())) if _is_logged(rows, kept_metric()) else None
    top, panels = TOP, []
    for name, height in HEIGHTS.items():
        if panel := _panel(name, rows, best, top, height):
            panels.append(panel)
            top += height + BETWEEN
    bottom = top - BETWEEN
    return _template().render(
        title=title,
        summary=_summary(rows, best),
        width=WIDTH,
        height=bottom + BELOW,
        left=LEFT,
        right=RIGHT,
        bottom=bottom,
        phases=_shades(rows),
        marks=[(LEFT + (mark.place + 1) * (RIGHT - LEFT) / len(rows), mark) for mark in marks],
        reductions=any(mark.style == "reduction" for mark in marks),
        stops=any(mark.style == "stop" for mark in marks),
        panels=panels,
        epochs=_epoch_ticks(len(rows)),
    )


def _require_drawable(rows: Sequence[EpochRow]) -> None:
    if not rows:
        raise UserError("a training without epochs has no curves")
    logged = [name for name in SERIES if _is_logged(rows, name)]
    for row in rows:
        if not all(math.isfinite(getattr(row, name)) for name in logged) or row.learning_rate <= 0:
            raise UserError(f"epoch {row.epoch} cannot be drawn: metrics must be finite, the learning rate above 0")


def _is_logged(rows: Sequence[EpochRow], name: str) -> bool:
    return not all(map(math.isnan, _values(rows, name)))


def _values(rows: Sequence[EpochRow], name: str) -> list[float]:
    return [getattr(row, name) for row in rows]


def _panel(name: str, rows: Sequence[EpochRow], best: int | None, top: float, height: float) -> Panel | None:
    """Return a diagram; None if none of its series was logged."""
    if name == "learning rate":
        return _rate_panel(name, rows, top, height) if _is_logged(rows, RATE) else None
    series = {
        (style, prefix + name): _values(rows, prefix + name)
        for style, prefix in CURVES
        if _is_logged(rows, prefix + name)
    }
    if not series:
        return None
    low, high, ticks = _scale([value for values in series.values() for value in values])

    def y(value: float) -> float:
        return round(top + height * (high - value) / (high - low), 2)

    curves = tuple(
        Curve(metric, style, _line([(_x(epoch, len(rows)), y(value)) for epoch, value in enumerate(values)]))
        for (style, metric), values in series.items()
    )
    remark, mark = "(training loss weighted by class)", None
    if name == "accuracy":
        remark = ""
    if name == "accuracy" and best is not None:
        at = rows[best].val_accuracy
        remark, mark = f"best in validation: {at:.4f} at epoch {best}", (_x(best, len(rows)), y(at))
    lines = tuple((y(tick), f"{tick:g}") for tick in ticks)
    return Panel(name, remark, top, height, lines, curves, mark)


def _rate_panel(name: str, rows: Sequence[EpochRow], top: float, height: float) -> Panel:
    # rounded, since a float32 of 1e-4 does not have the exact power -4
    powers = [round(math.log10(row.learning_rate), 6) for row in rows]
    low, high = math.floor(min(powers)), math.ceil(max(powers))
    if low == high:
        low, high = low - 1, high + 1

    def y(power: float) -> float:
        return round(top + INSET + (height - 2 * INSET) * (high - power) / (high - low), 2)

    width = (RIGHT - LEFT) / len(rows)
    path: list[str] = []
    begin = 0
    for power, equal in groupby(powers):
        epochs = len(list(equal))
        move = "L" if path else "M"
        path.append(f"{move}{LEFT + begin * width:.2f} {y(power):g}H{LEFT + (begin + epochs) * width:.2f}")
        begin += epochs
    step = math.ceil((high - low) / MOST_POWERS)
    ticks = tuple((y(power), f"1e{power:+d}".replace("+", "")) for power in range(low, high + 1, step))
    curve = Curve(RATE, "rate", "".join(path))
    return Panel(name, "(logarithmic)", top, height, ticks, (curve,))


def _scale(values: Sequence[float]) -> tuple[float, float, list[float]]:
    """Return the lowest and highest value of an axis, and its round ticks, ends included."""
    low, high = min(values), max(values)
    if low == high:
        low, high = low - max(abs(low), 1) / 10, high + max(abs(high), 1) / 10
    step = _round_step((high - low) / MOST_TICKS)
    first, last = math.floor(low / step), math.ceil(high / step)
    ticks = [tick * step for tick in range(first, last + 1)]
    return ticks[0], ticks[-1], ticks


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in STEPS if step * power >= least)


def _epoch_ticks(count: int) -> list[tuple[float, str]]:
    step = max(1, round(_round_step(count / MOST_EPOCHS) + 0.1))
    return [(_x(epoch, count), str(epoch)) for epoch in range(0, count, step)]


def _x(epoch: int, count: int) -> float:
    return round(LEFT + (epoch + 0.5) * (RIGHT - LEFT) / count, 2)


def _line(points: Sequence[tuple[float, float]]) -> str:
    """Return a path through points; in one pixel column, only through the lowest and the highest."""
    if len(points) > 2 * (RIGHT - LEFT):
        kept = []
        for _, grouped in groupby(points, key=lambda point: int(point[0])):
            column = list(grouped)
            ends = {min(column, key=lambda point: point[1]), max(column, key=lambda point: point[1])}
            kept += sorted(ends)
        points = kept
    if len(points) == 1:
        ((x, y),) = points
        points = [(x - DASH, y), (x + DASH, y)]
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _shades(rows: Sequence[EpochRow]) -> list[Shade]:
    phases = [(phase, list(epochs)) for phase, epochs in groupby(rows, key=lambda row: row.phase)]
    width, begin, shades = (RIGHT - LEFT) / len(rows), 0, []
    for phase, epochs in phases:
        room = width * len(epochs)
        label = "" if len(phases) == 1 or room < NARROW else f"phase {phase}" if room >= WIDE else str(phase)
        title = f"phase {phase}: epochs {begin} to {begin + len(epochs) - 1}"
        shades.append(Shade(round(LEFT + begin * width, 2), round(room, 2), label, title))
        begin += len(epochs)
    return shades


def _summary(rows: Sequence[EpochRow], best: int | None) -> str:
    """Return a text that describes the curves."""
    phases = len({row.phase for row in rows})
    counts = f"{len(rows)} epoch{'s' * (len(rows) > 1)} in {phases} phase{'s' * (phases > 1)}"
    first, last = rows[0], rows[-1]
    said = [f"{counts}."]
    if _is_logged(rows, "val_loss"):
        said.append(f"Validation loss from {first.val_loss:.4f} to {last.val_loss:.4f}.")
    if best is not None:
        ends = f"from {first.val_accuracy:.4f} to {last.val_accuracy:.4f}"
        said.append(f"Validation accuracy {ends}, highest {rows[best].val_accuracy:.4f} at epoch {best}.")
    if _is_logged(rows, RATE):
        said.append(f"Learning rate from {first.learning_rate:.2g} to {last.learning_rate:.2g}.")
    return " ".join(said)


@cache
def _template() -> Template:
    return new_environment().get_template("training_curves.svg")
