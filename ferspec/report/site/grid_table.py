"""The rows of Tables 2 and 3: each cell as printed, as released and as measured."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ferspec import spec
from ferspec.report.site.doubts import METRICS, SPLITS, Doubt, doubts_of, parameter_doubt
from ferspec.report.words import WEIGHTS
from ferspec.spec.records import Cell, CellMetrics, Resolution

Source = Literal["printed", "released", "measured"]
# the table of each resolution
TABLES: dict[Resolution, int] = {48: 2, 224: 3}
HEADINGS = {"precision": "P", "recall": "R", "f1": "F1", "accuracy": "Acc"}
SPLIT_NAMES = {"val": "Validation", "btfer": "BTFER"}
MISSING: dict[Source, str] = {"printed": "illegible", "released": "not released", "measured": "not measured"}
Measured = Mapping[str, CellMetrics]


@dataclass(frozen=True)
class Value:
    """One value of a table as text, or None with the reason in ``missing``; ``doubt`` says why it is doubted."""

    metric: str
    text: str | None
    missing: str = ""
    doubt: Doubt | None = None


@dataclass(frozen=True)
class Line:
    """The values of one cell from one source."""

    source: Source
    parameters: Value
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Row:
    """One cell: its lines, the errata that name it, and what it is sorted by."""

    cell: Cell
    network: str
    start: str
    lines: tuple[Line, ...]
    errata: tuple[str, ...]
    sort: dict[str, float | None]

    @property
    def marks(self) -> tuple[str, ...]:
        """The words that the table can be filtered by."""
        values = [value for line in self.lines for value in (line.parameters, *line.values)]
        kinds = {value.doubt.kind for value in values if value.doubt is not None}
        illegible = any(value.text is None for value in self.lines[0].values)
        return (*sorted(kinds), *(["illegible"] if illegible else []))


def rows(resolution: Resolution, measured: Measured) -> list[Row]:
    """Return a row for each cell of a resolution, in the order of the paper."""
    return [row(cell, measured) for cell in spec.load().cells if cell.resolution == resolution]


def row(cell: Cell, measured: Measured) -> Row:
    """Return the row of a cell; a line of measured values only where any cell was measured."""
    book, doubts = spec.load(), doubts_of(cell)
    network = book.networks[cell.architecture]
    run, printed = (
        network.parameter_total(cell.weights, cell.resolution),
        network.printed_millions.get(str(cell.resolution)),
    )
    doubt = parameter_doubt(printed, run)
    millions = Value("parameters", None if printed is None else f"~{printed:g}M", "not printed", doubt)
    lines = [
        Line("printed", millions, _values(cell.printed, "printed", doubts)),
        Line("released", Value("parameters", f"{run:,}"), _values(cell.released, "released")),
    ]
    if measured:
        own = measured.get(cell.id, CellMetrics())
        parameters = Value("parameters", None, MISSING["measured"])
        lines.append(Line("measured", parameters, _values(own, "measured")))
    sort = {metric: cell.metric(metric) for metric in METRICS}
    return Row(
        cell=cell,
        network=cell.architecture,
        start=WEIGHTS[cell.weights],
        lines=tuple(lines),
        errata=tuple(erratum.id for erratum in book.errata if cell.id in erratum.cells),
        sort={"parameters": run, **sort},
    )


def as_csv(table: Sequence[Row]) -> str:
    """Return rows as CSV, with a line for each source."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["cell", "source", "parameters", *METRICS, "errata"])
    for one in table:
        for line in one.lines:
            values = [value.text or "" for value in (line.parameters, *line.values)]
            writer.writerow([one.cell.id, line.source, *values, " ".join(one.errata)])
    return text.getvalue()


def columns() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the groups of columns: the title of a split, and the metric and heading of each column."""
    return [(SPLIT_NAMES[split], [(f"{split}_{name}", text) for name, text in HEADINGS.items()]) for split in SPLITS]


def _values(metrics: CellMetrics, source: Source, doubts: Mapping[str, Doubt] | None = None) -> tuple[Value, ...]:
    return tuple(
        Value(metric, _text(getattr(metrics, metric)), MISSING[source], (doubts or {}).get(metric))
        for metric in METRICS
    )


def _text(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"
