"""What a figure shows: rows of values with pictures, an SVG, or a table of weights; and its table as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from ferspec.report.site.scale import Picture

Field = str | int | float | None


@dataclass(frozen=True)
class Bar:
    """One value of a chart: its label, its picture, and the texts beside it; ``link`` is the id of a cell."""

    label: str
    picture: Picture
    text: str
    details: tuple[str, ...]
    printed: str
    measured: str = ""
    link: str | None = None


@dataclass(frozen=True)
class Chart:
    """The bars of one metric."""

    title: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Table:
    """The values of a figure: headings and rows, unrounded."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Field, ...], ...]

    def as_csv(self) -> str:
        """Return the table as CSV; None is empty."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.headings)
        writer.writerows(self.rows)
        return text.getvalue()


@dataclass(frozen=True)
class Drawn:
    """A figure: charts or an SVG, sentences about it, and its table, which is shown where ``shows_table``."""

    table: Table
    charts: Sequence[Chart] = ()
    svg: str = ""
    svg_class: str = ""
    sentences: tuple[str, ...] = ()
    interval: str = ""
    shows_table: bool = False
