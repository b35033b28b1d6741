"""Read weights in Keras' first HDF5 layout, by name and shape.

All published files have this layout. A file is read completely or not at all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError

# names that Keras gives to unnamed layers; Keras 1 had other names for two of them
UNNAMED = re.compile(
    r"(conv2d|convolution2d|batch_normalization|batchnormalization|separable_conv2d|dense|layer_normalization"
    r"|multi_head_attention|rep_vgg_block)(_\d+)?"
)
RENAMED = {"convolution2d": "conv2d", "batchnormalization": "batch_normalization"}
NUMBERS = "fiu"
Arrays = list[tuple[str, np.ndarray]]


def is_legacy(path: Path) -> bool:
    """Return whether a file is HDF5 in the first layout; ``UserError`` where it is damaged."""
    if path.suffix == ".keras":
        return False
    with _file(path) as file:
        return "layer_names" in _root(file).attrs


def has_layer(path: Path, name: str) -> bool:
    """Return whether a file in the first layout has a layer with this name."""
    return is_legacy(path) and name in [layer for layer, _ in _stored(path)]


def load(path: Path, model: Any, network: str, by_order: bool = False) -> int:
    """Fill a model's arrays from a file and return their number.

    Layers are matched by name (``/`` counts as ``_``; layers that Keras named itself by kind and order) and every
    array by shape; with ``by_order`` names are not compared. ``UserError``, with nothing changed, when a layer of the
    model is not in the file, one of the file is not in the model, or a shape differs.
    """
    found = matched(path, model, network, by_order)
    for variable, array in found:
        variable.assign(array)
    return len(found)


def matched(path: Path, model: Any, network: str, by_order: bool = False) -> list[tuple[Any, np.ndarray]]:
    """Return every variable of a model with its array in a file. Nothing is changed.

    They are matched as in ``load``.
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
    return [pair for key, layer in keys for pair in zip(layer.weights, fitting[key] or (), strict=True)]


def leaves(model: Any) -> Iterator[Any]:
    """Yield all layers of a model, those of nested models one by one, in order."""
    for layer in model.layers:
        if getattr(layer, "layers", None):
            yield from leaves(layer)
        else:
            yield layer


def _keys(names: Iterable[str]) -> list[str]:
    """Return layer names in the form in which they are compared."""
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
    """Return a layer's arrays in the order of its variables, or None if they differ.

    Arrays are matched by their own names, and in a layer that contains layers by the names of the inner layers too. A
    layer with other names (those of Keras 1) is read in order. A layer with ambiguous names is not read.
    """
    paths = [name for name, _ in arrays]
    wanted_paths = [variable.path for variable in variables]
    for named in (_own, _inner):
        names, wanted = named(paths), named(wanted_paths)
        if len(set(wanted)) == len(wanted):
            break
    if len(set(names)) == len(names) and set(names) == set(wanted):
        by_name = dict(zip(names, arrays, strict=True))
        arrays = [by_name[name] for name in wanted]
    elif named is _inner:
        return None
    if [array.shape for _, array in arrays] != [tuple(variable.shape) for variable in variables]:
        return None
    return [array for _, array in arrays]


def _own(paths: list[str]) -> list[str]:
    return [path.rpartition("/")[2] for path in paths]


def _inner(paths: list[str]) -> list[str]:
    """Return the names of arrays, each after the compared name of its inner layer."""
    parents = [path.rpartition("/")[0].rpartition("/")[2] for path in paths]
    distinct = list(dict.fromkeys(parents))
    keys = dict(zip(distinct, _keys(distinct), strict=True))
    return [f"{keys[parent]}/{own}" for parent, own in zip(parents, _own(paths), strict=True)]


def _stored(path: Path) -> Iterator[tuple[str, Arrays]]:
    """Yield the layers of a file that have arrays: name, and the arrays by their names without ``:0``."""
    with _file(path) as file:
        root = _root(file)
        for layer in _names(root.attrs["layer_names"]):
            group = root[layer]
            arrays = [(name.partition(":")[0], np.asarray(group[name])) for name in _names(group.attrs["weight_names"])]
            if any(array.dtype.kind not in NUMBERS for _, array in arrays):
                raise UserError(f"{path.name} is not a weights file: {layer} contains something other than numbers")
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
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"{path.name} is not a complete HDF5 weights file: {reason}") from None
