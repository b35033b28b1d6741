"""The descriptions of the figures, read from the files beside this one."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from ferspec.records import Record
from ferspec.spec.reading import SpecError, read_toml
from ferspec.spec.records import Resolution

FIGURES = Path(__file__).parent / "figures.toml"
Part = Literal["protocol", "networks", "classes", "RQ1", "RQ2", "RQ3"]


class _Figure(Record):
    """A figure of the paper; ``figures.toml`` says what the fields mean."""

    number: int
    title: str
    place: str
    part: Part
    clauses: tuple[str, ...] = ()
    errata: tuple[str, ...] = ()
    note: str | None = None


class Pipeline(_Figure):
    """The steps of the protocol."""

    draw: Literal["pipeline"]


class Network(_Figure):
    """The layers of a network."""

    draw: Literal["network"]
    network: str
    resolution: Resolution


class Distribution(_Figure):
    """The classes of a dataset, also after a weighting."""

    draw: Literal["distribution"]
    dataset: str
    panel: Literal["images", "simple", "conservative"]


class Weights(_Figure):
    """Class weights, beside those that the paper prints."""

    draw: Literal["weights"]
    dataset: str
    balancing: Literal["simple", "conservative"]
    printed: tuple[float, ...]


class Means(_Figure):
    """Mean accuracies of the same networks for each value of some fields."""

    draw: Literal["means"]
    where: str
    by: tuple[str, ...]


class Cells(_Figure):
    """Accuracies of single cells."""

    draw: Literal["cells"]
    where: str
    by: tuple[str, ...]


class Rows(_Figure):
    """The rows of a table of the paper."""

    draw: Literal["rows"]
    table: str


Figure = Pipeline | Network | Distribution | Weights | Means | Cells | Rows
_FIGURE: TypeAdapter[Figure] = TypeAdapter(Annotated[Figure, Field(discriminator="draw")])


@cache
def figures() -> tuple[Figure, ...]:
    """Return all figures in the order of the paper; ``SpecError`` for a file that is not well-formed."""
    found = []
    for entry in read_toml(FIGURES).get("figure", ()):
        try:
            found.append(_FIGURE.validate_python(entry))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise SpecError(f"{FIGURES.name}: figure {entry.get('number')}: {where}: {first['msg']}") from None
    return tuple(found)
