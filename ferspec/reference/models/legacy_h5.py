"""Weights in Keras' first HDF5 layout, which all published files have: read by name and shape, whole or not at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError

# Names that Keras gives to layers nobody named; Keras 1 wrote two of them otherwise.
UNNAMED = re.compile(r"(conv2d|convolution2d|batch_normalization|batchnormalization|separable_conv2d|dense)(_\d+)?")
RENAMED = {"convolution2d": "conv2d", "batchnormalization": "batch_normalization"}
Arrays = list[tuple[str, np.ndarray]]


def is_legacy(path: Path) -> bool:
    """Whether a file is HDF5 in the first layout; ``UserError`` where it is damaged."""
    if path.suffix == ".keras":
        return False
    with _file(path) as file:
        return "layer_names" in _root(file).attrs


def has_layer(path: Path, name: str) -> bool:
    """Whether a file holds a layer of that name, in the first layout."""
    return is_legacy(path) and name in [layer for layer, _ in _stored(path)]


def load(path: Path, model: Any, network: str, by_order: bool = False) -> int:
    """Fill a model's arrays from a file and return their number.

    Layers are matched by name (``/`` counts as ``_``; layers that Keras named itself by kind and order) and every
    array by shape; with ``by_order`` names are not compared. ``UserError``, with nothing changed, when a layer of the
    model is not in the file, one of the file is not in the model, or a shape differs.
    """
    layers = [layer for layer in leaves(model) if layer.weights]
    stored = list(_stored(path))
    total = sum(len(layer.weights) for layer in layers)
    keys = [(key, layer) for key, layer in zip(_keys(layer.name for layer in layers), layers, strict=True)]
    found = dict(zip(_keys(name for name, _ in stored), stored, strict=True))
    if by_order and len(stored) == len(layers):
        found = {key: entry for (key, _), entry in zip(keys, stored, strict=True)}
    fitting = {key: _fitting(found[key][1], layer.weights) for key, layer in keys if key in found}
    missing = [layer.name for key, layer in keys if fitting.get(key) is None]
    if missing:
        filled = sum(len(arrays) for arrays in fitting.values() if arrays is not None)
        wrong = next((layer for key, layer in keys if key in found and fitting[key] is None), None)
        what = f"{wrong.name} has other shapes in it" if wrong is not None else f"{missing[0]} is not in it"
        others = f", nor do {len(missing) - 1} other layers fit" if len(missing) > 1 else ""
        raise UserError(f"{path.name} fills {filled} of the {total} arrays of {network}: {what}{others}")
    spare = sorted(found.keys() - fitting.keys())
    if spare:
        raise UserError(f"{path.name} holds more than {network} has: {found[spare[0]][0]} and {len(spare) - 1} others")
    for key, layer in keys:
        for variable, array in zip(layer.weights, fitting[key], strict=True):
            variable.assign(array)
    return total


def leaves(model: Any) -> Iterator[Any]:
    """Yield all layers of a model, those of nested models one by one, in order."""
    for layer in model.layers:
        if getattr(layer, "layers", None):
            yield from leaves(layer)
        else:
            yield layer


def _keys(names: Iterable[str]) -> list[str]:
    """Return layer names as they are compared."""
    counts: Counter[str] = Counter()
    keys = []
    for name in names:
        plain = name.replace("/", "_")
        unnamed = UNNAMED.fullmatch(plain)
        if unnamed:
            kind = RENAMED.get(unnamed[1], unnamed[1])
            counts[kind] += 1
            plain = f"{kind} number {counts[kind]}"
        keys.append(plain)
    return keys


def _fitting(arrays: Arrays, variables: list[Any]) -> list[np.ndarray] | None:
    """Return a layer's arrays in the order of its variables, or None where they do not fit."""
    names = [name for name, _ in arrays]
    wanted = [variable.name for variable in variables]
    if sorted(names) == sorted(wanted):
        arrays = [arrays[names.index(name)] for name in wanted]
    if [array.shape for _, array in arrays] != [tuple(variable.shape) for variable in variables]:
        return None
    return [array for _, array in arrays]


def _stored(path: Path) -> Iterator[tuple[str, Arrays]]:
    """Yield the layers of a file that have arrays: name, and the arrays by their names without layer and ``:0``."""
    with _file(path) as file:
        root = _root(file)
        for layer in _names(root.attrs["layer_names"]):
            group = root[layer]
            arrays = [
                (name.rpartition("/")[2].partition(":")[0], np.asarray(group[name]))
                for name in _names(group.attrs["weight_names"])
            ]
            if arrays:
                yield layer, arrays


def _names(attribute: Iterable[bytes | str]) -> list[str]:
    return [name.decode() if isinstance(name, bytes) else str(name) for name in attribute]


def _root(file: Any) -> Any:
    return file.get("model_weights", file)


@contextmanager
def _file(path: Path) -> Iterator[Any]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            yield file
    except UserError:
        raise
    except (OSError, KeyError, RuntimeError, ValueError) as error:
        raise UserError(f"{path.name} is not a whole HDF5 weights file: {str(error).splitlines()[0]}") from None
