"""The layer table of each network, under either profile."""

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ferspec.errors import UserError
from ferspec.records import Record
from ferspec.spec import loader
from ferspec.spec.reading import read_toml, to_record
from ferspec.spec.recipes import FOLDER, head_of, layers_of, self_built
from ferspec.spec.records import DEFAULT_PROFILE, BaseLayer, Layer, Profile, Resolution, Weights

__all__ = ["BASE", "Base", "BaseLayer", "Layer", "Pooling", "base_of", "bases", "csv_rows", "in_order", "layer_table"]

BASE = "Base"
COLUMNS = ("layer", "type", "shape", "parameters", "inputs")
Pooling = Literal["GlobalAveragePooling2D", "Flatten"]


class Base(Record):
    """A library's network without its classifier; ``statistics`` are the parameters that no gradient changes."""

    network: str
    weights: tuple[Weights, ...]
    parameters: int
    statistics: int
    features: int
    sides: dict[str, int]
    place: str
    parts: dict[str, int]


@cache
def bases(folder: Path | None = None) -> tuple[Base, ...]:
    """Return the bases that ``bases.toml`` states; ``SpecError`` where the file contradicts itself."""
    data = read_toml((folder or loader.DATA / FOLDER) / "bases.toml")
    return tuple(to_record(Base, entry, "bases.toml", str(entry.get("network"))) for entry in data.get("base", ()))


def base_of(network: str, weights: Weights) -> Base | None:
    """Return the base of a network with these weights, or None if self-built."""
    return next((base for base in bases() if base.network == network and weights in base.weights), None)


def layer_table(
    network: str,
    weights: Weights,
    resolution: Resolution,
    profile: Profile = DEFAULT_PROFILE,
    pooling: Pooling | None = None,
) -> tuple[Layer, ...]:
    """Return the layers of a network with seven classes, in order.

    ``pooling`` is the pooling of the head on a base. ``UserError`` for a resolution at which the network was not run.
    Source: FER-N-03 to FER-N-12, FER-P-03 to FER-P-05.
    """
    base = base_of(network, weights)
    if base is not None and str(resolution) in base.sides:
        return tuple(_with_head(base, resolution, profile, pooling))
    if base is None and self_built(network) and resolution in _resolutions(network):
        return tuple(layer.judged() for layer in layers_of(network, resolution, profile))
    raise UserError(f"the protocol has no {network} with {weights} weights at {resolution}x{resolution}")


def _resolutions(network: str) -> tuple[int, ...]:
    """Return the resolutions of a network's cells; a network without a cell was run at the smallest resolution."""
    spec = loader.load()
    of_cells = tuple(cell.resolution for cell in spec.cells if cell.architecture == network)
    return of_cells or (min(spec.integers("FER-G-02", "resolutions")),)


def _with_head(base: Base, resolution: int, profile: Profile, pooling: Pooling | None) -> Iterator[Layer]:
    side = base.sides[str(resolution)]
    last, *head = head_of((side, side, base.features), profile, pooling=pooling)
    pixels = (resolution, resolution, loader.load().integer("FER-P-09", "channels"))
    yield Layer(number=1, type="InputLayer", shape=pixels, parameters=0)
    yield BaseLayer(number=2, type=BASE, shape=last.shape, parameters=base.parameters, inputs=(1,), parts=base.parts)
    for layer in head:
        following = {"number": layer.number + 1, "inputs": tuple(read + 1 for read in layer.inputs)}
        yield layer.judged().model_copy(update=following)


def csv_rows(text: str) -> Iterator[dict[str, Any]]:
    """Yield the unchecked fields of every layer of a CSV table; ``ValueError`` where a column is missing."""
    rows = csv.DictReader(text.splitlines())
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise ValueError(f"the column {missing[0]} is missing")
    for row in rows:
        yield {
            "number": row["layer"],
            "type": row["type"],
            "shape": row["shape"].split("x"),
            "parameters": row["parameters"],
            "inputs": row["inputs"].split(),
            "settings": dict(setting.split("=") for setting in (row.get("settings") or "").split()),
        }


def in_order(layer: Layer, number: int) -> bool:
    """Return whether a layer has the number of its row and reads only earlier layers."""
    return layer.number == number and all(0 < read < number for read in layer.inputs)
