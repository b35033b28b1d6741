"""Fill a network of Keras 3 with weights that Keras 1 or 2 wrote: every array has its variable, and the reverse."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from ferspec.subjects.models.keras.translation.graph import plain

# The layers of a network in an archive: since Keras 2.13, and in 2.12.
CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
# The parts of a layer that have weights of their own.
PARTS = frozenset(
    {"backward_layer", "cell", "forward_layer", "layer"} | {f"_{x}_dense" for x in ("key", "output", "query", "value")}
)
# The state of random numbers, which augmentation layers stored.
CHANCE = re.compile(r"(.*/)?StateVar(:0)?")


def fill(network: Any, config: dict[str, Any], file: Any) -> None:
    """Fill a network that was built from ``config`` from an open HDF5 file.

    Raise ``ValueError`` unless arrays and variables correspond one to one.
    """
    group = file.get("model_weights", file)
    is_archive = any(name in group for name in CONTAINERS)
    filled = set(_by_place(network, config, group) if is_archive else _by_name(network, group))
    missing = {variable.path for variable in network.weights} - filled
    if missing:
        raise ValueError(f"the file has no weights for {min(missing)}")


def _by_place(layer: Any, config: dict[str, Any], group: Any) -> Iterator[str]:
    """Fill a layer from an archive, which counts the layers of a class; yield the paths of its variables."""
    for name, inner in group.items():
        if name == "vars":
            layer.load_own_variables(inner)
            yield from (variable.path for variable in layer._trainable_variables + layer._non_trainable_variables)
        elif name in CONTAINERS and "layers" in config["config"]:
            for part, place in _places(layer, config["config"]["layers"], inner):
                yield from _by_place(layer.get_layer(part["config"]["name"]), part, place)
        elif name in PARTS and _has_arrays(inner):
            yield from _by_place(getattr(layer, name), config["config"].get("layer", config), inner)


def _places(network: Any, layers: list[dict[str, Any]], container: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Pair the layers that have weights with their groups. Keras 2 counted others too, differently in each version."""
    known = {layer.name for layer in network.layers if layer.weights}
    parts, groups = defaultdict(list), defaultdict(list)
    for part in layers:
        if part["config"].get("name") in known:
            parts[_snake(part["class_name"])].append(part)
    for name, group in container.items():
        if _has_arrays(group):
            kind, _, number = name.rpartition("_")
            kind, number = (kind, number) if number.isdecimal() else (name, "0")
            groups[kind].append((int(number), group))
    if {kind: len(found) for kind, found in parts.items()} != {kind: len(found) for kind, found in groups.items()}:
        raise ValueError("its weights belong to another network")
    for kind, found in parts.items():
        yield from zip(found, (group for _, group in sorted(groups[kind], key=lambda item: item[0])), strict=True)


def _snake(kind: str) -> str:
    return re.sub("([a-z])([A-Z])", r"\1_\2", re.sub("(.)([A-Z][a-z]+)", r"\1_\2", kind)).lower()


def _has_arrays(group: Any) -> bool:
    return group.visititems(lambda _, item: True if hasattr(item, "shape") else None) is True


def _by_name(network: Any, group: Any) -> Iterator[str]:
    """Fill a network from the older format, by name or else by order."""
    arrays = {plain(name): found for name in _texts(group, "layer_names") if (found := _arrays(group[name]))}
    layers = {layer.name: layer for layer in network.layers if layer.weights}
    if arrays.keys() != layers.keys():
        arrays = dict(zip(layers, arrays.values(), strict=True))
    for name, layer in layers.items():
        variables = layer.trainable_weights + layer.non_trainable_weights
        for variable, array in zip(variables, _ordered(arrays[name], variables), strict=True):
            variable.assign(array)
            yield variable.path
        for part in layer._flatten_layers():
            if hasattr(part, "finalize_state"):
                part.finalize_state()


def _texts(group: Any, name: str) -> list[str]:
    """Return the texts of an attribute, or of several numbered ones for a long list."""
    numbered = (f"{name}{number}" for number in range(len(group.attrs)))
    texts = [text for key in (name, *numbered) if key in group.attrs for text in group.attrs[key]]
    return [text.decode() if isinstance(text, bytes) else text for text in texts]


def _arrays(group: Any) -> dict[str, Any]:
    return {name: group[name][()] for name in _texts(group, "weight_names") if not CHANCE.fullmatch(name)}


def _ordered(arrays: dict[str, Any], variables: list[Any]) -> list[Any]:
    """Return the arrays in the order of the variables: by the names of layer and variable where these are unique."""
    named = {_last_two(name): array for name, array in arrays.items()}
    keys = [_last_two(variable.path) for variable in variables]
    same = len(named) == len(arrays) and named.keys() == set(keys)
    return [named[key] for key in keys] if same else list(arrays.values())


def _last_two(path: str) -> str:
    return "/".join(path.removesuffix(":0").split("/")[-2:])
