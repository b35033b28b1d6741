"""Reads what was measured of trained networks on a device: milliseconds and bytes of model files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ferspec.errors import UserError
from ferspec.files.documents import parse_json
from ferspec.files.reading import read_bounded
from ferspec.grid.cells import find_cell
from ferspec.records import Record
from ferspec.spec.records import Cell

LARGEST = 16 * 1024**2
# the network of a cell, whose latency does not depend on what it was trained on
Network = tuple[str, str, int]

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Measurement(Record):
    """One model file on one device: the median time of one image, and the size of the file.

    ``cell`` is the cell that the file was converted from, None for a network outside the grid. Further fields of the
    document are ignored, so that its writer may say more.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: Annotated[str, Field(min_length=1, max_length=400)]
    cell: str | None = None
    format: str = ""
    milliseconds: Positive
    bytes: Annotated[int, Field(ge=0)]
    device: str


class Measured(BaseModel):
    """A document of measurements; ``device`` is that of each measurement without its own."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["ferspec measurements"]
    version: Literal["1"]
    device: Annotated[str, Field(min_length=1, max_length=400)]
    measurements: Annotated[tuple[dict[str, object], ...], Field(min_length=1, max_length=10_000)]


def read_measured(paths: Iterable[str | Path]) -> tuple[Measurement, ...]:
    """Return the measurements of JSON files, in their order.

    ``UserError`` for a file that is not such a document, and for a cell that is not in the grid.
    """
    return tuple(measurement for path in paths for measurement in _read(path))


def by_network(measurements: Iterable[Measurement]) -> dict[Network, Measurement]:
    """Return the fastest measurement of every network that is a cell's."""
    fastest: dict[Network, Measurement] = {}
    for one in sorted(measurements, key=lambda one: one.milliseconds):
        if one.cell is not None:
            fastest.setdefault(network_of(find_cell(one.cell)), one)
    return fastest


def network_of(cell: Cell) -> Network:
    """Return what the latency of a cell's model depends on."""
    return cell.architecture, cell.weights, cell.resolution


def _read(path: str | Path) -> tuple[Measurement, ...]:
    try:
        document = parse_json(read_bounded(path, LARGEST, "a document of measurements"))
        about = Measured.model_validate(document)
        found = tuple(_measurement(entry, about) for entry in about.measurements)
    except ValidationError as error:
        raise UserError(f"{path} is not a document of measurements: {_first(error)}; see docs/recommend.md") from None
    except ValueError as error:
        raise UserError(f"{path} is not a document of measurements: {error}") from None
    for one in found:
        if one.cell is not None:
            _require_cell(path, one.cell)
    return found


def _measurement(entry: Mapping[str, object], about: Measured) -> Measurement:
    return Measurement.model_validate({"device": about.device, **entry})


def _require_cell(path: str | Path, cell: str) -> None:
    try:
        find_cell(cell)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"])) or "the document"
    return f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}"
