"""The layer table of a Keras model, and its first departure from the protocol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ferspec.errors import UserError
from ferspec.spec.layers import BASE, BaseLayer, Layer

# layers whose inputs may be in any order
SYMMETRIC = frozenset({"Add", "Average", "Maximum", "Minimum", "Multiply"})
SETTINGS = {"kernel_size": "kernel", "pool_size": "pool", "num_heads": "heads", "key_dim": "key"}
PLAIN = ("strides", "padding", "rate", "activation")


@dataclass(frozen=True)
class Departure:
    """The first layer at which a network differs from the protocol."""

    layer: int
    expected: str
    observed: str

    def __str__(self) -> str:
        return f"layer {self.layer}: {self.observed}, expected {self.expected}"


def table_of(model: Any) -> tuple[Layer, ...]:
    """Return the layers of a functional or sequential Keras model, with nested layers.

    A sequential model's input counts as its first layer. ``UserError`` for a model without a defined input, one
    whose layers are not connected by Keras, and one that uses a layer twice.
    """
    if not getattr(model, "inputs", None) or not model.layers:
        raise UserError(f"{model.name} has no layer table: only functional and sequential models of Keras do")
    rows: list[Layer] = []
    _append(rows, model, None)
    return tuple(rows)


def departure(observed: Sequence[Layer], expected: Sequence[Layer]) -> Departure | None:
    """Return the first layer that is missing or extra, or None if tables are equal.

    Layers are the same if type, shape, parameters and the layers they read are the same. Names, the order of parallel
    branches, and settings without a value in the specification are ignored. Of a library's base, the shape, the
    parameters and the number of layers of each kind are compared.
    """
    inside: Sequence[Layer] = ()
    if len(expected) > 1 and isinstance(expected[1], BaseLayer):
        end = _end_of_base(observed)
        inside, observed = observed[1:end], _with_base(observed, end)
    identities: dict[tuple, int] = {}
    known, found = _identified(expected, identities), _identified(observed, identities)
    left: dict[int, list[Layer]] = {identity: [] for identity in (*known, *found)}
    for row, identity in zip(observed, found, strict=True):
        left[identity].append(row)
    for layer, identity in zip(expected, known, strict=True):
        if not left[identity]:
            return Departure(layer.number, str(layer), _instead(layer, known, observed, found))
        other = left[identity].pop(0)
        if isinstance(layer, BaseLayer) and (odd := _odd_part(layer, inside)):
            return odd
        for key, value in layer.settings.items():
            if other.settings.get(key) != value:
                return Departure(layer.number, str(layer), f"{_named(other)}, {key}={other.settings.get(key)}")
    spare = min((row for rows in left.values() for row in rows), key=lambda row: row.number, default=None)
    return None if spare is None else Departure(spare.number, "no such layer", _named(spare))


def _identified(table: Sequence[Layer], identities: dict[tuple, int]) -> list[int]:
    """Return a number for each layer that identifies the layer and all its inputs."""
    numbers: dict[int, int] = {}
    for layer in table:
        inputs = [numbers[read] for read in layer.inputs]
        key = (layer.type, layer.shape, layer.parameters, *(sorted(inputs) if layer.type in SYMMETRIC else inputs))
        numbers[layer.number] = identities.setdefault(key, len(identities))
    return list(numbers.values())


def _instead(layer: Layer, known: list[int], observed: Sequence[Layer], found: list[int]) -> str:
    """Return the observed layer in place of a missing one: it reads the same layers."""
    identity = {row.number: number for row, number in zip(observed, found, strict=True)}
    inputs = sorted(known[read - 1] for read in layer.inputs)
    spare = Counter(found) - Counter(known)
    candidates = [
        row
        for row in observed
        if identity[row.number] in spare and sorted(identity[read] for read in row.inputs) == inputs
    ]
    alike = [row for row in candidates if row.type == layer.type]
    return _named((alike or candidates)[0]) if candidates else "missing"


def _named(layer: Layer) -> str:
    return f"{layer} ({layer.name})" if layer.name else str(layer)


def _end_of_base(table: Sequence[Layer]) -> int:
    """Return the number of the last layer whose output is a map; the head follows it."""
    return max((row.number for row in table if len(row.shape) == 3), default=1)


def _with_base(table: Sequence[Layer], end: int) -> list[Layer]:
    """Return a table with all layers between input and head merged into one."""
    if end == 1:
        return list(table)
    total, shape = sum(row.parameters for row in table[1:end]), table[end - 1].shape
    base = Layer(number=2, type=BASE, shape=shape, parameters=total, inputs=(1,))
    head = [
        row.model_copy(
            update={
                "number": row.number - end + 2,
                "inputs": tuple(2 if read <= end else read - end + 2 for read in row.inputs),
            }
        )
        for row in table[end:]
    ]
    return [table[0], base, *head]


def _odd_part(base: BaseLayer, inside: Sequence[Layer]) -> Departure | None:
    """Return the first extra layer in a base, or else the first missing kind."""
    counts: Counter[str] = Counter()
    for row in inside:
        counts[row.kind] += 1
        wanted = base.parts.get(row.kind, 0)
        if counts[row.kind] > wanted:
            return Departure(row.number, f"{base}, with {wanted or 'no'} {row.kind}", _named(row))
    for kind, wanted in base.parts.items():
        if counts[kind] < wanted:
            return Departure(base.number, f"{base}, with {wanted} {kind}", f"{base}, with {counts[kind]} {kind}")
    return None


def _append(rows: list[Layer], model: Any, source: int | None) -> int:
    """Append the layers of a model that reads row ``source``; return the number of its last row."""
    numbers: dict[str, int] = {}
    wiring = _wiring(model)
    last = 0 if source is None else source
    if wiring is None and source is None:
        last = _add(rows, "InputLayer", model.inputs[0].shape, 0, (), {}, None)
    for layer in model.layers:
        reads = (last,) if wiring is None else tuple(numbers[name] for name in wiring[layer.name])
        if type(layer).__name__ == "InputLayer":
            last = source or _add(rows, "InputLayer", layer.output.shape, 0, (), {}, layer.name)
        elif getattr(layer, "layers", None):
            last = _append(rows, layer, reads[0])
        else:
            about = type(layer).__name__, layer.output.shape, layer.count_params()
            last = _add(rows, *about, reads, dict(_settings(layer)), layer.name)
        numbers[layer.name] = last
    return last


def _add(rows: list[Layer], kind: str, shape: Any, parameters: int, inputs: tuple, settings: dict, name: Any) -> int:
    number = len(rows) + 1
    shape = tuple(shape[1:])
    rows.append(
        Layer(number=number, type=kind, shape=shape, parameters=parameters, inputs=inputs, settings=settings, name=name)
    )
    return number


def _wiring(model: Any) -> dict[str, list[str]] | None:
    """Return the layers that each layer of a functional model reads; None if sequential."""
    if type(model).__name__ == "Sequential":
        return None
    wiring = {}
    for entry in model.get_config()["layers"]:
        if len(entry["inbound_nodes"]) > 1:
            raise UserError(f"{model.name} uses the layer {entry['name']} more than once: its table is not defined")
        wiring[entry["name"]] = list(_sources(entry["inbound_nodes"]))
    return wiring


def _sources(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if "keras_history" in node:
            yield node["keras_history"][0]
        else:
            for value in node.values():
                yield from _sources(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _sources(value)


def _settings(layer: Any) -> Iterator[tuple[str, str]]:
    config = layer.get_config()
    for key, name in SETTINGS.items():
        if key in config:
            yield name, _text(config[key])
    for key in PLAIN:
        if isinstance(config.get(key), str | int | float | tuple | list):
            yield key, _text(config[key])


def _text(value: Any) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
