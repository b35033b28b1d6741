"""The judgement of the grid as one self-contained page: where every trained cell lies to its bands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ferspec import __version__, spec
from ferspec.files import write_whole
from ferspec.grid.cells import find_cell
from ferspec.grid.judging.judge import STATUSES, CellJudgement, CellStatus, FigureJudgement, GridJudgement, Place
from ferspec.grid.judging.reading import ReadResults
from ferspec.report.grid.words import MEANINGS, chance, figure_name, held_against, most_urgent_first
from ferspec.report.html import templates
from ferspec.report.words import WEIGHTS, cell_name
from ferspec.spec.records import Cell

PAGE, DOCUMENT = "grid.html", "judgement.json"
ACCURACIES = ("val_accuracy", "btfer_accuracy")
DRAWN: tuple[CellStatus, ...] = ("within", "above", "below")
TICK = 0.1


@dataclass(frozen=True)
class Axis:
    """The values (0 to 1) that a picture is wide."""

    low: float
    high: float

    def x(self, value: float) -> float:
        """Return where a value stands, in percent of the width."""
        return round(100 * (value - self.low) / (self.high - self.low), 2)

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Each tenth on the axis: where it stands, and its label in percent."""
        steps = range(round(self.low / TICK), round(self.high / TICK) + 1)
        return tuple((self.x(step * TICK), f"{100 * step * TICK:.0f}") for step in steps)


@dataclass(frozen=True)
class Mark:
    """One figure on its axis, in percent of the width: ends of the band, expected and observed value, where known."""

    title: str
    place: Place
    band: tuple[float, float] | None = None
    expected: float | None = None
    x: float | None = None


@dataclass(frozen=True)
class Row:
    """One cell of a panel; ``first`` where it is the first of its network and starting weights."""

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
    """Cells that are not drawn for one reason: how many, and which of each resolution and dataset."""

    status: CellStatus
    reason: str
    count: int
    members: tuple[tuple[str, str], ...]


def write_grid(judgement: GridJudgement, read: ReadResults, document: str, folder: Path) -> Path:
    """Write the page of a judgement and, as ``judgement.json``, its document into a folder; return the page's path.

    Each is written whole or not at all. ``UserError`` where the folder cannot be written to.
    """
    # drawn before the first is written, so that a folder never holds a document without its page
    texts = {DOCUMENT: document + "\n", PAGE: render_grid(judgement, read)}
    for name, text in texts.items():
        write_whole(folder / name, text)
    return folder / PAGE


def render_grid(judgement: GridJudgement, read: ReadResults) -> str:
    """Return the page of a judgement, which has no script and loads nothing.

    It shows verdict and counts, a picture for each resolution and dataset, what needs attention, and what is not drawn.
    ``read`` is what the results were read as.
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
        axes={figure: (figure_name(figure), of) for figure, of in axes.items()},
        panels=panels(judgement.cells, axes),
        attention=[(cell, cell_name(find_cell(cell.cell))) for cell in attention],
        errata={id: book.erratum(id).title for cell in attention for id in cell.errata},
        groups=not_drawn(judgement.cells),
        protocol=book.protocol,
        version=book.version,
        ferspec=__version__,
        figure_name=figure_name,
        held_against=held_against,
    )


def axis(figures: Iterable[FigureJudgement]) -> Axis:
    """Return the axis from tenth to tenth that holds every band and value; from 0 to 1 where there is none."""
    held = [value for of in figures for value in (of.value, of.band.low, of.band.high) if value is not None]
    if not held:
        return Axis(0.0, 1.0)
    # in binary 0.3 / 0.1 is less than 3
    first, last = math.floor(round(min(held) / TICK, 9)), math.ceil(round(max(held) / TICK, 9))
    return Axis(first * TICK, max(last, first + 1) * TICK)


def panels(cells: Sequence[CellJudgement], axes: dict[str, Axis]) -> list[Panel]:
    """Return a panel for each resolution and dataset that has cells to draw, in the order of the grid."""
    by_place: dict[str, list[tuple[CellJudgement, Cell]]] = {}
    for judged, cell in _by_resolution(cell for cell in cells if cell.status in DRAWN):
        by_place.setdefault(_where(cell), []).append((judged, cell))
    return [
        Panel(id=where.lower().replace(" px, ", "-"), title=where, rows=tuple(_rows(of, axes)))
        for where, of in by_place.items()
    ]


def mark(figure: FigureJudgement, axis: Axis) -> Mark:
    """Return where the marks of one figure stand."""
    band = figure.band
    observed = None if figure.value is None else axis.x(figure.value)
    if band.low is None or band.high is None or band.expected is None:
        return Mark(f"{figure_name(figure.figure)}: {band.missing}", figure.place, x=observed)
    return Mark(
        title=held_against(figure),
        place=figure.place,
        band=(axis.x(band.low), axis.x(band.high)),
        expected=axis.x(band.expected),
        x=observed,
    )


def not_drawn(cells: Iterable[CellJudgement]) -> list[Group]:
    """Return the cells that have no row, grouped by status and reason; of most of a dataset the others are named."""
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
            members=tuple((where, _named(members[where], of)) for where, of in chosen.items() if where in members),
        )
        for (status, reason), members in sorted(groups.items(), key=lambda group: STATUSES.index(group[0][0]))
    ]


def _by_resolution(cells: Iterable[CellJudgement]) -> list[tuple[CellJudgement, Cell]]:
    return sorted(((judged, find_cell(judged.cell)) for judged in cells), key=lambda pair: pair[1].resolution)


def _figures(cells: Iterable[CellJudgement], figure: str) -> list[FigureJudgement]:
    return [of for cell in cells if cell.status in DRAWN for of in cell.figures if of.figure == figure]


def _rows(cells: Sequence[tuple[CellJudgement, Cell]], axes: dict[str, Axis]) -> Iterable[Row]:
    for _, same in groupby(cells, key=lambda pair: (pair[1].architecture, pair[1].weights)):
        for number, (judged, cell) in enumerate(same):
            yield Row(
                judgement=judged,
                network=cell.architecture,
                start=WEIGHTS[cell.weights],
                balancing=cell.balancing,
                marks=tuple(mark(of, axes[of.figure]) for of in judged.figures if of.figure in axes),
                first=number == 0,
            )


def _where(cell: Cell) -> str:
    return f"{cell.resolution} px, {cell.dataset}"


def _why(cell: CellJudgement) -> str:
    """Return why a cell has no row."""
    if cell.problems:
        return "its artifacts contradict themselves: see what needs attention"
    return "; ".join((cell.outcome.message, *cell.deviations))


def _named(cells: Sequence[Cell], chosen: Sequence[Cell]) -> str:
    """Return which of the chosen cells of one resolution and dataset these are: by name, or all but the others."""
    others = [cell for cell in chosen if cell not in cells]
    if len(others) >= len(cells) or len(chosen) == 1:
        return ", ".join(map(_name, cells))
    return f"all {len(chosen)}" + (" but " + ", ".join(map(_name, others)) if others else "")


def _name(cell: Cell) -> str:
    return f"{cell.architecture} {WEIGHTS[cell.weights]} {cell.balancing}"
