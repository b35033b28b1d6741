"""Figures 14 to 28: accuracies of cells and of tables, and means over networks, each with its interval."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ferspec import spec
from ferspec.grid.advising.statements import statements
from ferspec.grid.advising.verdicts import cell_of
from ferspec.grid.bands.bands import bands_of
from ferspec.grid.finding.effects import Effect, mean_of, selected
from ferspec.report.site.data import printed_rows
from ferspec.report.site.figures.drawn import Bar, Chart, Drawn, Field, Table
from ferspec.report.site.figures.records import Cells, Means, Rows
from ferspec.report.site.grid_table import Measured
from ferspec.report.site.scale import Scale, picture
from ferspec.report.words import WEIGHTS, level
from ferspec.spec.records import DEFAULT_PROFILE, IDENTITY, Cell, Profile

METRICS = {"val_accuracy": "Accuracy in validation", "btfer_accuracy": "Accuracy on BTFER"}
SHARES = Scale(0.0, 1.0)
HEADINGS = ("metric", "bar", "cells", "networks", "value", "low", "high", "printed", "measured")
TABLES = {"T4": "Table 4", "T5": "Table 5", "T6": "Table 6"}


@dataclass(frozen=True)
class Estimate:
    """A value of a chart with its interval, from ``cells`` of ``networks`` architectures."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    printed: float | None
    measured: float | None
    cells: int
    networks: int
    link: str | None = None


def means(figure: Means, measured: Measured) -> Drawn:
    """Return the mean accuracies of a figure, over networks that are known in every bar."""
    found = {metric: list(_means(figure, metric, measured)) for metric in METRICS}
    said = f"The interval is Student's, at {level()}, over architectures: the cells of one are averaged first."
    return _drawn(
        found, said, ("Every bar is of the same networks: those with a known accuracy in each.",), counted=True
    )


def cells(figure: Cells, measured: Measured) -> Drawn:
    """Return the accuracy of each cell, with the band of a further training."""
    chosen = sorted(_cells(figure.where), key=lambda cell: [_order(cell, field) for field in figure.by])
    labels = [", ".join(_value(cell, field) for field in figure.by) for cell in chosen]
    found = {
        metric: [_single(cell, label, metric, measured) for cell, label in zip(chosen, labels, strict=True)]
        for metric in METRICS
    }
    return _drawn(found, _of_bands(), ())


def rows(figure: Rows, measured: Measured) -> Drawn:
    """Return the rows of a table: the accuracy of each cell, and beside it what the table prints."""
    found = {metric: list(_rows(figure.table, metric, measured)) for metric in METRICS}
    said = f"A line is what {TABLES[figure.table]} prints, a bar what is released of the same cell."
    return _drawn(found, _of_bands(), (said,))


def _of_bands() -> str:
    return f"The interval is the band where {level()} of further trainings are expected (FER-G-07)."


def _cells(where: str) -> list[Cell]:
    return [spec.load().cell(id) for id in selected(where)]


def _means(figure: Means, metric: str, measured: Measured) -> Iterator[Estimate]:
    groups: dict[tuple[object, ...], dict[tuple[object, ...], Cell]] = {}
    for cell in _cells(figure.where):
        bar = tuple(getattr(cell, field) for field in figure.by)
        rest = tuple(getattr(cell, field) for field in IDENTITY if field not in figure.by)
        groups.setdefault(bar, {})[rest] = cell
    known = [{rest for rest, cell in group.items() if cell.metric(metric) is not None} for group in groups.values()]
    shared = set.intersection(*known)
    for group in groups.values():
        members = [group[rest] for rest in group if rest in shared]
        effects = [Effect((("architecture", cell.architecture),), cell.metric(metric) or 0.0, 0.0) for cell in members]
        mean = mean_of(effects, "network", spec.load().number("FER-Z-01", "level"))
        yield Estimate(
            label=", ".join(_value(members[0], field) for field in figure.by),
            value=mean.value,
            low=mean.value - mean.half,
            high=mean.value + mean.half,
            printed=_mean(members, metric, "paper"),
            measured=_mean_measured(members, metric, measured),
            cells=len(members),
            networks=len({cell.architecture for cell in members}),
        )


def _mean(cells: Sequence[Cell], metric: str, profile: Profile) -> float:
    return _over_networks((cell.architecture, cell.metric(metric, profile) or 0.0) for cell in cells)


def _mean_measured(cells: Sequence[Cell], metric: str, measured: Measured) -> float | None:
    """Return the mean of measured values, None unless every cell of the bar was measured."""
    values = [(cell.architecture, getattr(measured.get(cell.id), metric, None)) for cell in cells]
    known = [(name, value) for name, value in values if value is not None]
    return _over_networks(known) if len(known) == len(values) else None


def _over_networks(values: Iterable[tuple[str, float]]) -> float:
    by_network: dict[str, list[float]] = {}
    for name, value in values:
        by_network.setdefault(name, []).append(value)
    return statistics.fmean(map(statistics.fmean, by_network.values()))


def _single(cell: Cell, label: str, metric: str, measured: Measured, printed: float | None = None) -> Estimate:
    band = next(band for band in bands_of(cell) if band.figure == metric)
    return Estimate(
        label=label,
        value=band.expected,
        low=band.low,
        high=band.high,
        printed=band.printed if printed is None else printed,
        measured=getattr(measured.get(cell.id), metric, None),
        cells=1,
        networks=1,
        link=cell.id,
    )


def _rows(table: str, metric: str, measured: Measured) -> Iterator[Estimate]:
    outside = {row.id: row for row in printed_rows()}
    for one in statements():
        if one.table != table:
            continue
        if one.row is None:
            row = outside[one.id]
            yield Estimate(row.name, None, None, None, getattr(row, metric), None, 0, 1)
            continue
        cell = cell_of(one.row, DEFAULT_PROFILE)
        label = f"{cell.architecture}, {WEIGHTS[cell.weights]}, {cell.balancing}"
        yield _single(cell, label, metric, measured, getattr(one.row, metric))


def _order(cell: Cell, field: str) -> int:
    """Return the place of a cell's value in the order of the specification."""
    orders: Mapping[str, Sequence[object]] = {
        "weights": list(WEIGHTS),
        "dataset": spec.load().texts("FER-G-02", "datasets"),
        "balancing": spec.load().texts("FER-G-02", "balancings"),
        "resolution": spec.load().integers("FER-G-02", "resolutions"),
    }
    return orders[field].index(getattr(cell, field))


def _value(cell: Cell, field: str) -> str:
    value = getattr(cell, field)
    if field == "resolution":
        return f"{value}×{value}"
    return WEIGHTS[value] if field == "weights" else str(value)


def _drawn(
    found: Mapping[str, Sequence[Estimate]], interval: str, sentences: tuple[str, ...], counted: bool = False
) -> Drawn:
    charts = [
        Chart(METRICS[metric], tuple(_bar(one, METRICS[metric], counted) for one in estimates))
        for metric, estimates in found.items()
    ]
    lines: list[tuple[Field, ...]] = [
        (metric, one.label, one.cells, one.networks, one.value, one.low, one.high, one.printed, one.measured)
        for metric, estimates in found.items()
        for one in estimates
    ]
    return Drawn(Table(HEADINGS, tuple(lines)), charts, sentences=sentences, interval=interval)


def _bar(one: Estimate, title: str, counted: bool) -> Bar:
    digits = 3 if counted else 2
    text = "–" if one.value is None else f"{one.value:.{digits}f}"
    range = "" if one.low is None or one.high is None else f"{one.low:.{digits}f}–{one.high:.{digits}f}"
    return Bar(
        label=one.label,
        picture=picture(
            f"{title}, {one.label}: {text}" + (f", {range}" if range else ""),
            SHARES,
            bar=one.value,
            interval=(one.low, one.high),
            points=(("printed", one.printed), ("measured", one.measured)),
        ),
        text=text,
        details=(range, *([f"{one.networks} networks"] if counted else [])),
        printed="–" if one.printed is None else f"{one.printed:.{digits}f}",
        measured="" if one.measured is None else f"{one.measured:.{digits}f}",
        link=one.link,
    )
