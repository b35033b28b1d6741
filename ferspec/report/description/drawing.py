"""Computes the bars of Figs. 9, 10 and 12 for any dataset; a template draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ferspec.report.html import templates
from ferspec.subjects.datasets.description import Description

# in pixels: a panel, the column of class names, the longest bar, a bar, and what lies above the first one
WIDTH, LEFT, LONGEST, THICK, TOP = 372, 66, 190, 12, 62
BETWEEN, MARGIN, HEADING = 8, 16, 46


@dataclass(frozen=True)
class Bar:
    """One bar: position, length, the class of its style, and the number beside it."""

    y: float
    width: float
    style: str
    text: str


@dataclass(frozen=True)
class Panel:
    """One diagram: its title, its legend by style, and the bars of each class."""

    title: str
    legend: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, float, tuple[Bar, ...]], ...]
    height: float


def panels(found: Description) -> list[Panel]:
    """Return the distribution, and where there are weights, the images before and after both weightings."""
    whole = {name: sum(part.images[name] for part in found.parts) for name in (one.name for one in found.classes)}
    others = [whole[one.name] - one.images for one in found.classes]
    trained: list[tuple[float, str]] = [(one.images, f"{one.images:,}") for one in found.classes]
    drawn = {("training", found.weighted): trained}
    if any(others):
        drawn["others", "others"] = [(count, f"{count:,}") for count in others]
    result = [_panel("Images of each class", drawn, [*whole])]
    for title, kind in (("Simple weights", "simple"), ("Conservative weights", "conservative")):
        weighted = [getattr(one, kind) for one in found.classes]
        if None not in weighted:
            after = [(one.images, f"× {one.weight:.2f} = {one.images:,.0f}") for one in weighted]
            result.append(_panel(title, {("training", "before"): trained, ("weighted", "after"): after}, [*whole]))
    return result


def draw(found: Description) -> str:
    """Return the panels beside each other as the text of an SVG."""
    placed = panels(found)
    return (
        templates()
        .get_template("distribution.svg")
        .render(
            title=f"{found.name}: {found.total:,} images",
            placed=[(MARGIN + number * (WIDTH + MARGIN), panel) for number, panel in enumerate(placed)],
            width=MARGIN + len(placed) * (WIDTH + MARGIN),
            height=HEADING + max(panel.height for panel in placed) + MARGIN,
            left=LEFT,
            thick=THICK,
            margin=MARGIN,
            heading=HEADING,
            summary="; ".join(f"{one.name} {one.images:,}" for one in found.classes),
        )
    )


def _panel(title: str, drawn: dict[tuple[str, str], list[tuple[float, str]]], names: Sequence[str]) -> Panel:
    most = max((value for values in drawn.values() for value, _ in values), default=0) or 1
    step = len(drawn) * THICK + BETWEEN
    rows = []
    for row, name in enumerate(names):
        top = TOP + row * step
        bars = tuple(
            Bar(top + THICK * number, round(LONGEST * values[row][0] / most, 2), style, values[row][1])
            for number, ((style, _), values) in enumerate(drawn.items())
        )
        rows.append((name, top + THICK * len(drawn) / 2 + 4, bars))
    return Panel(title, tuple(drawn), tuple(rows), TOP + len(names) * step)
