"""What the paper says of the choice of a network, read from data."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal

from pydantic import Field

from ferspec.grid.finding.questions import StatedQuestion
from ferspec.records import Record
from ferspec.spec.loader import DATA
from ferspec.spec.reading import read_toml, to_records
from ferspec.spec.records import Resolution, Share

FILE = "selection.toml"


class Row(Record):
    """A row of Tables 4 to 6, about trainings on RAF-DB.

    ``network`` selects its cells. ``best`` is the number of rows of a table that ranks by validation accuracy; without
    it the row is said to be the best of at most its own number of parameters. ``millions`` are printed parameters.
    """

    network: str
    resolution: Resolution
    balancing: Literal["simple", "conservative"] | None = None
    val_accuracy: Share
    btfer_accuracy: Share
    millions: float | None = None
    best: int | None = None

    @property
    def where(self) -> str:
        """The selection of the cells that the row may be about."""
        balancing = f" balancing={self.balancing}" if self.balancing else ""
        return f"dataset=rafdb resolution={self.resolution} {self.network}{balancing}"


class OfItsSize(Record):
    """Networks that are said to be the best of their size on RAF-DB."""

    network: str
    resolution: Resolution


class Costlier(Record):
    """Two architectures, of which ``more`` is said to have more parameters and operations."""

    more: str
    less: str
    resolution: Resolution


class Statement(Record):
    """One statement, and how it is judged; ``reason`` says why the grid cannot judge it."""

    id: str
    place: str
    text: str
    row: Row | None = None
    clauses: tuple[str, ...] = ()
    questions: Annotated[tuple[StatedQuestion, ...], Field(default=())]
    of_its_size: tuple[OfItsSize, ...] = ()
    costlier: Costlier | None = None
    reason: str | None = None

    @property
    def table(self) -> str:
        """The table of a row; the section of a sentence."""
        return self.id.partition("-")[0]


@cache
def statements() -> tuple[Statement, ...]:
    """Return every statement, in the order of the paper. ``SpecError`` for a file that is not well-formed."""
    return tuple(to_records(Statement, read_toml(DATA / FILE), FILE, "statement"))
