"""Plots that several results share, drawn with Matplotlib where it is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def new_axes() -> Any:
    """Return the axes of a new figure. ``ModuleNotFoundError`` says how to install Matplotlib."""
    try:
        from matplotlib import pyplot
    except ModuleNotFoundError:
        raise ModuleNotFoundError("plots need Matplotlib: pip install matplotlib", name="matplotlib") from None
    return pyplot.subplots()[1]


def intervals(names: Sequence[str], points: Sequence[tuple[float, float, float]], ax: Axes | None = None) -> Axes:
    """Draw values with the ends of their intervals, the first name at the top."""
    axes = ax or new_axes()
    places = range(len(names))
    values, lows, highs = zip(*points, strict=True)
    axes.hlines(places, lows, highs)
    axes.plot(values, places, "o")
    return _named(axes, names)


def ranges(
    names: Sequence[str], ends: Sequence[tuple[float, float]], marks: Sequence[float | None], ax: Axes | None = None
) -> Axes:
    """Draw ranges as bars, each with a mark where a value is known."""
    axes = ax or new_axes()
    places = range(len(names))
    axes.barh(places, [high - low for low, high in ends], left=[low for low, _ in ends], color="#9ec5e8")
    known = [(mark, place) for mark, place in zip(marks, places, strict=True) if mark is not None]
    axes.plot([mark for mark, _ in known], [place for _, place in known], "o", color="#08519c")
    return _named(axes, names)


def bars(
    names: Sequence[str], stacks: Mapping[str, Sequence[int]], colours: Sequence[str], ax: Axes | None = None
) -> Axes:
    """Draw stacked bars with a legend, the first name at the top."""
    axes = ax or new_axes()
    ends = [0] * len(names)
    for (label, counts), colour in zip(stacks.items(), colours, strict=True):
        axes.barh(range(len(names)), counts, left=ends, color=colour, label=label)
        ends = [end + count for end, count in zip(ends, counts, strict=True)]
    axes.legend()
    return _named(axes, names)


def lines(series: Mapping[str, Sequence[float]], ax: Axes | None = None) -> Axes:
    """Draw a line over the epochs for each series, with a legend."""
    axes = ax or new_axes()
    for label, values in series.items():
        axes.plot(range(len(values)), values, label=label)
    axes.set(xlabel="epoch")
    axes.legend()
    return axes


def _named(axes: Axes, names: Sequence[str]) -> Axes:
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    return axes
