"""List the layers of a network from its table and its clause.

A row of a table in ``data/networks`` is a layer: its ``label``, Keras' ``type``, the labels of its ``inputs`` (blank:
the row before), its ``settings``, the names of the settings that are ``stated`` by a source and therefore judged, and
the ``only`` profile or resolution with this row (224: from 224 pixels on, 48: below). ``{name}`` is a value of the
network's clause.
"""

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from ferspec.records import Record
from ferspec.spec import loader
from ferspec.spec.reading import SpecError, to_record
from ferspec.spec.records import DEFAULT_PROFILE, Layer, Profile
from ferspec.spec.shapes import DEFAULTS, outcome

FOLDER = "networks"
SQUARE = ("kernel", "pool", "strides")


class Row(Record):
    """One row of a table, as it is written."""

    type: str
    label: str = ""
    inputs: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    stated: tuple[str, ...] = ()
    only: str = ""


class PlannedLayer(Layer):
    """A layer with all its settings; ``stated`` names those that a source states."""

    stated: tuple[str, ...] = Field(default=())

    def judged(self) -> Layer:
        """Return the layer that a network is compared with: without name, and with only the stated settings."""
        settings = {name: self.settings[name] for name in self.stated}
        return Layer(**self.model_dump(exclude={"stated", "name", "settings"}), settings=settings)


def self_built(network: str) -> bool:
    """Return whether a network has its own table; the others have a base from a library."""
    return loader.load().networks[network].origin != "keras"


def layers_of(
    network: str, resolution: int, profile: Profile = DEFAULT_PROFILE, classes: int | None = None
) -> tuple[PlannedLayer, ...]:
    """Return the layers of a self-built network; ``NoRoomError`` where a resolution has no room for it.

    Under ``paper`` a network may have a table of its own, ``NETWORK-paper.csv``. ``SpecError`` names file and line.
    """
    spec = loader.load()
    path = _path(network)
    if profile == "paper" and (other := path.with_stem(f"{path.stem}-paper")).is_file():
        path = other
    values = spec.clause(spec.networks[network].clause).under(profile)
    sides = spec.integers("FER-G-02", "resolutions")
    form = max((side for side in sides if side <= resolution), default=min(sides))
    rows = tuple((line, row) for line, row in _rows(path) if row.only in ("", profile, str(form)))
    shape = (resolution, resolution, spec.integer("FER-P-09", "channels"))
    return tuple(_planned(path.name, rows, values | {"classes": classes or len(spec.classes)}, shape))


def head_of(
    features: tuple[int, ...],
    profile: Profile = DEFAULT_PROFILE,
    classes: int | None = None,
    pooling: str | None = None,
) -> tuple[PlannedLayer, ...]:
    """Return the head on the base of a library; its input is the base's last map."""
    spec = loader.load()
    values = {
        "classes": classes or len(spec.classes),
        "pooling": pooling or spec.texts("FER-P-03", "pooling", profile)[0],
    }
    values |= spec.clause("FER-P-04").under(profile) | spec.clause("FER-P-05").under(profile)
    path = _path("head")
    return tuple(_planned(path.name, _rows(path), values, features))


def _path(network: str) -> Path:
    return loader.DATA / FOLDER / f"{network.lower()}.csv"


@cache
def _rows(path: Path) -> tuple[tuple[int, Row], ...]:
    """Return the rows of a table with their lines in the file."""
    with path.open(encoding="utf-8", newline="") as lines:
        table = [
            (
                line,
                {
                    key: value if key in ("type", "label", "only") else (value or "").split()
                    for key, value in row.items()
                },
            )
            for line, row in enumerate(csv.DictReader(lines), start=2)
        ]
    return tuple((line, to_record(Row, row, path.name, f"line {line}")) for line, row in table)


def _planned(
    file: str, rows: tuple[tuple[int, Row], ...], values: Mapping[str, Any], shape: tuple[int, ...]
) -> Iterator[PlannedLayer]:
    made: list[PlannedLayer] = []
    numbers: dict[str, int] = {}
    for number, (line, row) in enumerate(rows, start=1):
        try:
            kind, settings = row.type.format(**values), _settings(row, values)
            inputs = tuple(numbers[label] for label in row.inputs) or tuple(range(number - 1, number))[number == 1 :]
            shapes = [made[read - 1].shape for read in inputs] or [
                (*shape[:-1], int(settings.get("channels", shape[-1])))
            ]
            if settings.get("pool") == "all":
                settings["pool"] = "x".join(map(str, shapes[0][:2]))
            settings = DEFAULTS.get(kind, {}) | settings
            if "pool" in settings:
                settings.setdefault("strides", settings["pool"])
            output, parameters = outcome(kind, settings, shapes)
            unknown = [name for name in row.stated if name not in settings]
            if unknown:
                raise KeyError(unknown[0])
        except (KeyError, IndexError) as error:
            raise SpecError(f"{file}: line {line}: {error.args[0]!r} is unknown") from None
        name = row.label if row.label and not row.label.isdigit() else None
        made.append(
            PlannedLayer(
                number=number,
                type=kind,
                shape=output,
                parameters=parameters,
                inputs=inputs,
                settings=settings,
                name=name,
                stated=row.stated,
            )
        )
        numbers[row.label] = number
        yield made[-1]


def _settings(row: Row, values: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings of a row as Keras writes them: a kernel of 3 is ``3x3``."""
    settings = dict(setting.format(**values).split("=") for setting in row.settings)
    for name in SQUARE:
        if settings.get(name, "all") != "all":
            settings[name] = f"{settings[name]}x{settings[name]}"
    return settings
