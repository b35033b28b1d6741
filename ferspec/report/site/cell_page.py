"""The page of one cell: its eight metrics by source, the bands of a further training, and its errata."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ferspec import spec
from ferspec.grid.bands.bands import Band, bands_of
from ferspec.report.site.doubts import METRICS
from ferspec.report.site.frame import render
from ferspec.report.site.grid_table import TABLES, Row, Value, row
from ferspec.report.site.inputs import Inputs
from ferspec.report.site.measured_pages import shown
from ferspec.report.site.scale import Picture, Scale, picture
from ferspec.report.words import WEIGHTS, cell_name
from ferspec.spec.records import IDENTITY, Cell, CellMetrics

NAMES = {"precision": "precision", "recall": "recall", "f1": "F1", "accuracy": "accuracy"}
SHARES = Scale(0.0, 1.0)
FOLDER = "cells"


@dataclass(frozen=True)
class Metric:
    """One metric of a cell: its values by source, and its band with a picture, where it has one."""

    name: str
    values: tuple[Value, ...]
    difference: str
    band: Band | None
    picture: Picture


def path_of(cell: Cell) -> str:
    """Return the path of a cell's page in the site."""
    return f"{FOLDER}/{cell.id}.html"


def render_cell(cell: Cell, inputs: Inputs) -> str:
    """Return the page of a cell, with its trainings."""
    measured = inputs.measured
    book, own = spec.load(), row(cell, measured)
    metrics = list(_metrics(cell, own, measured.get(cell.id)))
    return render(
        "cell.html",
        path_of(cell),
        cell_name(cell),
        cell=cell,
        table=TABLES[cell.resolution],
        row=own,
        network=book.networks[cell.architecture],
        dataset=book.datasets[cell.dataset],
        start=WEIGHTS[cell.weights],
        metrics=metrics,
        missing=next((one.band.missing for one in metrics if one.band and one.band.missing), None),
        doubts=[(value, line) for line in own.lines for value in (line.parameters, *line.values) if value.doubt],
        errata=[book.erratum(id) for id in own.errata],
        others=_others(cell),
        trainings=list(map(shown, inputs.of_cell(cell.id))),
        classes=book.classes,
        metric_name=metric_name,
    )


def metric_name(metric: str) -> str:
    """Return a metric in words, such as ``BTFER F1``."""
    split, _, name = metric.partition("_")
    return f"{'validation' if split == 'val' else 'BTFER'} {NAMES.get(name, name)}" if name else metric


def _metrics(cell: Cell, own: Row, measured: CellMetrics | None) -> Iterator[Metric]:
    bands = {band.figure: band for band in bands_of(cell)}
    for place, metric in enumerate(METRICS):
        printed, released = getattr(cell.printed, metric), getattr(cell.released, metric)
        found = getattr(measured, metric, None)
        band = bands.get(metric)
        ends = (None, None) if band is None else (band.low, band.high)
        yield Metric(
            name=metric_name(metric),
            values=tuple(line.values[place] for line in own.lines),
            difference="" if printed is None or released is None else f"{printed - released:+.2f}".replace("-", "−"),
            band=band,
            picture=picture(
                metric_name(metric),
                SHARES,
                interval=ends,
                points=(("printed", printed), ("released", released), ("measured", found)),
            ),
        )


def _others(cell: Cell) -> list[tuple[str, Cell]]:
    """Return the cells that differ from a cell in one field other than the network: the field's value, and the cell."""
    others = []
    for other in spec.load().cells:
        different = [field for field in IDENTITY if getattr(other, field) != getattr(cell, field)]
        if len(different) == 1 and different[0] != "architecture":
            value = getattr(other, different[0])
            shown = {"weights": WEIGHTS.get(str(value), ""), "resolution": f"{value} pixels"}
            others.append((shown.get(different[0], str(value)), other))
    return others
