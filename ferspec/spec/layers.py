"""The layer tables of the networks: what each network consists of, layer for layer, under either profile."""

import csv
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from ferspec.errors import UserError
from ferspec.records import Record
from ferspec.spec.loader import DATA, load
from ferspec.spec.reading import SpecError, read_toml, to_record
from ferspec.spec.records import DEFAULT_PROFILE, Profile, Resolution, Weights

FOLDER = DATA / "networks"
BASE = "Base"
COLUMNS = ("layer", "type", "shape", "parameters", "inputs")
NAME = re.compile(r"(?P<network>\w+)-(?P<resolution>\d+)(?P<paper>-paper)?")
Pooling = Literal["GlobalAveragePooling2D", "Flatten"]


class Layer(Record):
    """One layer: its number (1 is the input), Keras' type, the output's shape, parameters, and the layers it reads.

    ``settings`` are what a source states beyond that, such as ``rate=0.25``; the type ``Base`` stands for all layers
    of a library's base together.
    """

    number: int
    type: str
    shape: tuple[int, ...]
    parameters: int
    inputs: tuple[int, ...] = ()
    settings: dict[str, str] = Field(default_factory=dict)
    name: str | None = None

    def __str__(self) -> str:
        sides = "x".join(map(str, self.shape))
        settings = "".join(f" {key}={value}" for key, value in self.settings.items())
        return f"{self.type} {sides}, {self.parameters:,} parameters{settings}"

    @property
    def kind(self) -> str:
        """The type, with the activation where there is one: ``Conv2D relu``."""
        activation = self.settings.get("activation", "linear")
        return self.type if activation == "linear" else f"{self.type} {activation}"


class BaseLayer(Layer):
    """The row that stands for a library's base; ``parts`` are how many layers of each kind it consists of."""

    parts: dict[str, int]


class Base(Record):
    """A library's network without its classifier; ``statistics`` are the parameters that no gradient moves."""

    network: str
    weights: tuple[Weights, ...]
    parameters: int
    statistics: int
    features: int
    sides: dict[str, int]
    place: str
    parts: dict[str, int]


@cache
def bases(folder: Path = FOLDER) -> tuple[Base, ...]:
    """Return the bases that ``bases.toml`` states; ``SpecError`` where the file contradicts itself."""
    data = read_toml(folder / "bases.toml")
    return tuple(to_record(Base, entry, "bases.toml", str(entry.get("network"))) for entry in data.get("base", ()))


def base_of(network: str, weights: Weights) -> Base | None:
    """Return the base a network has when it starts from these weights, or None for a self-built network."""
    return next((base for base in bases() if base.network == network and weights in base.weights), None)


@cache
def read_tables(folder: Path = FOLDER) -> dict[tuple[str, int, Profile], tuple[Layer, ...]]:
    """Return the layer tables by network, resolution and profile.

    ``SpecError``, naming file and line, for a network the specification does not know, a row that reads a later one,
    and a released table whose parameters do not add up to the total of the runs (FER-N-02).
    """
    networks = {name.lower(): network for name, network in load().networks.items()}
    tables: dict[tuple[str, int, Profile], tuple[Layer, ...]] = {}
    for path in sorted(folder.glob("*.csv")):
        match = NAME.fullmatch(path.stem)
        if match is None or match["network"] not in networks:
            raise SpecError(f"{path.name}: no network of the specification has this name")
        network, resolution = networks[match["network"]], int(match["resolution"])
        profile: Profile = "paper" if match["paper"] else "released"
        table = tuple(_rows(path))
        total = sum(layer.parameters for layer in table)
        if profile == "released" and total != network.parameter_total("scratch", resolution):
            raise SpecError(f"{path.name}: {total:,} parameters, but the total of FER-N-02 is another")
        tables[network.name, resolution, profile] = table
    if not tables:
        raise SpecError(f"{folder.name}: no layer tables found")
    return tables


def layer_table(
    network: str,
    weights: Weights,
    resolution: Resolution,
    profile: Profile = DEFAULT_PROFILE,
    pooling: Pooling | None = None,
) -> tuple[Layer, ...]:
    """Return the layers that a network with seven classes consists of, in order (FER-N-01 to FER-N-12, FER-P-03 to 05).

    A profile that has no table of its own shares the released one. ``pooling`` is that of the head on a base.
    ``UserError`` for a resolution at which the protocol never ran the network.
    """
    base = base_of(network, weights)
    if base is not None and str(resolution) in base.sides:
        return tuple(_with_head(base, resolution, profile, pooling))
    tables = read_tables()
    for known in (profile, DEFAULT_PROFILE):
        if base is None and (network, resolution, known) in tables:
            return tables[network, resolution, known]
    raise UserError(f"the protocol has no {network} with {weights} weights at {resolution}x{resolution}")


def _with_head(base: Base, resolution: int, profile: Profile, pooling: Pooling | None) -> Iterator[Layer]:
    spec = load()
    side, total = base.sides[str(resolution)], len(spec.classes)
    pooling = pooling or spec.value("FER-P-03", "pooling", profile)[0]
    first, second = spec.value("FER-P-04", "units", profile)
    width = base.features * (side**2 if pooling == "Flatten" else 1)
    rate = spec.value("FER-P-05", "dropout", profile)
    rows = [
        ("InputLayer", (resolution, resolution, 3), 0, {}),
        (BASE, (side, side, base.features), base.parameters, {}),
        (pooling, (width,), 0, {}),
        ("Dense", (first,), (width + 1) * first, {"activation": "relu"}),
        ("Dropout", (first,), 0, {"rate": str(rate)}),
        ("Dense", (second,), (first + 1) * second, {"activation": "relu"}),
        ("Dense", (total,), (second + 1) * total, {"activation": "softmax"}),
    ]
    for number, (kind, shape, parameters, settings) in enumerate(rows, start=1):
        row = {"number": number, "type": kind, "shape": shape, "parameters": parameters, "settings": settings}
        row["inputs"] = (number - 1,) if number > 1 else ()
        yield BaseLayer(**row, parts=base.parts) if kind == BASE else Layer(**row)


def csv_rows(text: str) -> Iterator[dict[str, Any]]:
    """Yield the fields of every layer of a table as CSV, not yet checked; ``ValueError`` where a column is missing."""
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
    """Whether a layer bears the number of its row and reads earlier ones."""
    return layer.number == number and all(0 < read < number for read in layer.inputs)


def _rows(path: Path) -> Iterator[Layer]:
    try:
        rows = list(csv_rows(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise SpecError(f"{path.name}: {error}") from None
    for number, row in enumerate(rows, start=1):
        layer = to_record(Layer, row, path.name, f"line {number + 1}")
        if not in_order(layer, number):
            raise SpecError(f"{path.name}: line {number + 1}: layers are numbered from 1 and read earlier ones")
        yield layer
