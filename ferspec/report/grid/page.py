"""The judgement of the grid as one self-contained page: every trained cell and its bands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ferspec import __version__, spec
from ferspec.files import write_whole
from ferspec.grid.cells import find_cell
from ferspec.grid.judging.judge import STATUSES, CellJudgement, CellStatus, GridJudgement, MetricJudgement, Place
from ferspec.grid.judging.reading import ReadResults
from ferspec.report.grid.words import MEANINGS, chance, metric_name, most_urgent_first, with_band
from ferspec.report.html import templates
from ferspec.report.words import WEIGHTS, cell_name
from ferspec.spec.records import Cell

PAGE, DOCUMENT = "grid.html", "judgement.json"
ACCURACIES = ("val_accuracy", "btfer_accuracy")
DRAWN: tuple[CellStatus, ...] = ("within", "above", "below")
TICK = 0.1


@dataclass(frozen=True)
class Axis:
    """The range of values (0 to 1) of a picture."""

    low: float
    high: float

    def x(self, value: float) -> float:
        """Return the position of a value, in percent of the width."""
        return round(100 * (value - self.low) / (self.high - self.low), 2)

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Each tenth on the axis: its position, and its label in percent."""
        steps = range(round(self.low / TICK), round(self.high / TICK) + 1)
        return tuple((self.x(step * TICK), f"{100 * step * TICK:.0f}") for step in steps)


@dataclass(frozen=True)
class Mark:
    """One metric on its axis, in percent of the width: band, expected and observed value."""

    title: str
    place: Place
    band: tuple[float, float] | None = None
    expected: float | None = None
    x: float | None = None


@dataclass(frozen=True)
class Row:
    """One cell of a panel; ``first`` for the first cell of a network and its initial weights."""

    judgement: CellJudgement
    network: str
    start: str
    balancing: str
    marks: tuple[Mark, ...]
    first: bool


@dataclass(frozen=True)
class Panel:
    """The drawn cells of one resolution and dataset."""

    id: str
    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Group:
    """Cells that are not drawn for one reason: their number, and which of each resolution and dataset."""

    status: CellStatus
    reason: str
    count: int
    members: tuple[tuple[str, str], ...]


def write_grid(judgement: GridJudgement, read: ReadResults, document: str, folder: Path) -> Path:
    """Write the page of a judgement and ``judgement.json`` into a folder; return the page's path.

    Both are written atomically. ``UserError`` where the folder cannot be written to.
    """
    # rendered before the first is written, so that a folder never holds a document without its page
    texts = {DOCUMENT: document + "\n", PAGE: render_grid(judgement, read)}
    for name, text in texts.items():
        write_whole(folder / name, text)
    return folder / PAGE


def render_grid(judgement: GridJudgement, read: ReadResults) -> str:
    """Return the page of a judgement, without scripts or external files.

    It shows verdict and counts, a picture for each resolution and dataset, what needs attention, and what is not drawn.
    ``read`` holds the results that were judged.
    """
    book = spec.load()
    axes = {figure: axis(_figures(judgement.cells, figure)) for figure in ACCURACIES}
    attention = most_urgent_first(cell for cell in judgement.cells if cell.outside or cell.problems)
    page = templates().get_template("grid.html")
    return page.render(
        judgement=judgement,
        read=read,
        meanings=MEANINGS,
        chance=chance(judgement),
        axes={figure: (metric_name(figure), axis) for figure, axis in axes.items()},
        panels=panels(judgement.cells, axes),
        attention=[(cell, cell_name(find_cell(cell.cell))) for cell in attention],
        errata={id: book.erratum(id).title for cell in attention for id in cell.errata},
        groups=not_drawn(judgement.cells),
        protocol=book.protocol,
        version=book.version,
        ferspec=__version__,
        metric_name=metric_name,
        with_band=with_band,
    )


def axis(figures: Iterable[MetricJudgement]) -> Axis:
    """Return the axis, from tenth to tenth, of all bands and values; by default from 0 to 1."""
    ends = ((one.value, one.band.low, one.band.high) for one in figures)
    held = [value for values in ends for value in values if value is not None]
    if not held:
        return Axis(0.0, 1.0)
    # rounded, since 0.3 / 0.1 is less than 3 in binary
    first, last = math.floor(round(min(held) / TICK, 9)), math.ceil(round(max(held) / TICK, 9))
    return Axis(first * TICK, max(last, first + 1) * TICK)


def panels(cells: Sequence[CellJudgement], axes: dict[str, Axis]) -> list[Panel]:
    """Return a panel for each resolution and dataset with cells to draw."""
    by_place: dict[str, list[tuple[CellJudgement, Cell]]] = {}
    for judged, cell in _by_resolution(cell for cell in cells if cell.status in DRAWN):
        by_place.setdefault(_where(cell), []).append((judged, cell))
    return [
        Panel(id=where.lower().replace(" px, ", "-"), title=where, rows=tuple(_rows(members, axes)))
        for where, members in by_place.items()
    ]


def mark(figure: MetricJudgement, axis: Axis) -> Mark:
    """Return the positions of the marks of one metric."""
    band = figure.band
    observed = None if figure.value is None else axis.x(figure.value)
    if band.low is None or band.high is None or band.expected is None:
        return Mark(f"{metric_name(figure.figure)}: {band.missing}", figure.place, x=observed)
    return Mark(
        title=with_band(figure),
        place=figure.place,
        band=(axis.x(band.low), axis.x(band.high)),
        expected=axis.x(band.expected),
        x=observed,
    )


def not_drawn(cells: Iterable[CellJudgement]) -> list[Group]:
    """Return the cells without a row, grouped by status and reason."""
    chosen: dict[str, list[Cell]] = {}
    groups: dict[tuple[CellStatus, str], dict[str, list[Cell]]] = {}
    for judged, cell in _by_resolution(cells):
        where = _where(cell)
        chosen.setdefault(where, []).append(cell)
        if judged.status not in DRAWN:
            groups.setdefault((judged.status, _why(judged)), {}).setdefault(where, []).append(cell)
    return [
        Group(
            status=status,
            reason=reason,
            count=sum(map(len, members.values())),
            members=tuple(
                (where, _named(members[where], cells)) for where, cells in chosen.items() if where in members
            ),
        )
        for (status, reason), members in sorted(groups.items(), key=lambda group: STATUSES.index(group[0][0]))
    ]


def _by_resolution(cells: Iterable[CellJudgement]) -> list[tuple[CellJudgement, Cell]]:
    return sorted(((judged, find_cell(judged.cell)) for judged in cells), key=lambda pair: pair[1].resolution)


def _figures(cells: Iterable[CellJudgement], figure: str) -> list[MetricJudgement]:
    return [one for cell in cells if cell.status in DRAWN for one in cell.figures if one.figure == figure]


def _rows(cells: Sequence[tuple[CellJudgement, Cell]], axes: dict[str, Axis]) -> Iterable[Row]:
    for _, same in groupby(cells, key=lambda pair: (pair[1].architecture, pair[1].weights)):
        for number, (judged, cell) in enumerate(same):
            yield Row(
                judgement=judged,
                network=cell.architecture,
                start=WEIGHTS[cell.weights],
                balancing=cell.balancing,
                marks=tuple(mark(one, axes[one.figure]) for one in judged.figures if one.figure in axes),
                first=number == 0,
            )


def _where(cell: Cell) -> str:
    return f"{cell.resolution} px, {cell.dataset}"


def _why(cell: CellJudgement) -> str:
    """Return the reason why a cell has no row."""
    if cell.problems:
        return "it contradicts itself: see what needs attention"
    return "; ".join((cell.outcome.message, *cell.deviations))


def _named(cells: Sequence[Cell], chosen: Sequence[Cell]) -> str:
    """Return the names of cells, or all except the others if these are fewer."""
    others = [cell for cell in chosen if cell not in cells]
    if len(others) >= len(cells) or len(chosen) == 1:
        return ", ".join(map(_name, cells))
    return f"all {len(chosen)}" + (" except " + ", ".join(map(_name, others)) if others else "")


def _name(cell: Cell) -> str:
    return f"{cell.architecture} {WEIGHTS[cell.weights]} {cell.balancing}"
