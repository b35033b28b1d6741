"""Translate the graph of a functional network of Keras 2: which layer is called on which tensors."""

from __future__ import annotations

from typing import Any

from ferspec.subjects.models.keras.translation.operations import LAMBDAS, operation
from ferspec.subjects.models.keras.translation.tables import MODELS

CONSTANT = "_CONSTANT_VALUE"


def plain(name: Any) -> Any:
    """Return the name of a layer without slashes, which Keras 3 does not allow."""
    return name.replace("/", "_") if isinstance(name, str) else name


def with_graph(config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a functional network with the nodes of Keras 3.

    A network inside it has a first node of its own in Keras 2. Keras 3 does not count this node in calls, and counts it
    among the outputs unless the network is Sequential.
    """
    kinds = {layer["name"]: layer["class_name"] for layer in config["layers"]}
    called = {name for name, kind in kinds.items() if kind in MODELS}
    sequential = {name for name, kind in kinds.items() if kind == "Sequential"}
    ends = {key: _ends(config[key], sequential) for key in ("input_layers", "output_layers")}
    return config | ends | {"name": plain(config.get("name")), "layers": [_called(x, called) for x in config["layers"]]}


def _ends(value: Any, sequential: set[str]) -> Any:
    """Return the inputs or outputs of a network; a single one without a list or names around it."""
    if isinstance(value, dict) and len(value) > 1:
        return {key: _ends(item, sequential) for key, item in value.items()}
    if _is_tensor(value):
        name, node, index = value[:3]
        return [plain(name), node - (plain(name) in sequential), index]
    ends = [_ends(item, sequential) for item in (value.values() if isinstance(value, dict) else value)]
    return ends[0] if len(ends) == 1 else ends


def _called(layer: dict[str, Any], models: set[str]) -> dict[str, Any]:
    calls = [_call(node, models) for node in layer.get("inbound_nodes", [])]
    if layer["class_name"] in LAMBDAS:
        return operation(layer, calls)
    return layer | {"inbound_nodes": [{"args": [first], "kwargs": kwargs} for first, kwargs in calls]}


def _call(node: Any, models: set[str]) -> tuple[Any, dict[str, Any]]:
    """Return the first argument of a call and the named ones."""
    if _is_tensor(node):
        kwargs = node[3] if len(node) > 3 else {}
        return _tensor(node, models), {key: _argument(value, models) for key, value in kwargs.items()}
    if isinstance(node, dict):
        parts = {key: _call(value, models) for key, value in node.items()}
        return {key: first for key, (first, _) in parts.items()}, next(iter(parts.values()))[1]
    listed = [_call(value, models) for value in node]
    firsts = [first for first, _ in listed]
    return firsts[0] if len(firsts) == 1 else firsts, listed[-1][1]


def _argument(value: Any, models: set[str]) -> Any:
    if _is_tensor(value):
        return _tensor(value, models)
    if isinstance(value, dict):
        return {key: _argument(item, models) for key, item in value.items()}
    return [_argument(item, models) for item in value] if isinstance(value, list) else value


def _is_tensor(value: Any) -> bool:
    """Return whether a value is ``[layer, node, tensor]``, followed by the named arguments or not."""
    if not isinstance(value, list) or len(value) not in (3, 4) or not isinstance(value[0], str):
        return False
    return value[0] == CONSTANT or (isinstance(value[1], int) and isinstance(value[2], int))


def _tensor(value: list[Any], models: set[str]) -> Any:
    name, node, index = plain(value[0]), value[1], value[2]
    if name == CONSTANT:
        return index
    history = [name, node - (name in models), index]
    return {"class_name": "__keras_tensor__", "config": {"shape": [], "dtype": "float32", "keras_history": history}}
