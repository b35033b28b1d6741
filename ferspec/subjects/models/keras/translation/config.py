"""Translate the configuration of a network of Keras 1 or 2 to Keras 3."""

from __future__ import annotations

from typing import Any

from ferspec.subjects.models.keras.translation.activations import CHANGED
from ferspec.subjects.models.keras.translation.graph import plain, with_graph
from ferspec.subjects.models.keras.translation.tables import (
    HOMES,
    INITIALIZERS,
    LEFT_OUT,
    MODELS,
    OBSOLETE,
    OBSOLETE_EVERYWHERE,
    UNCHANGING,
)

COMMON = ("name", "trainable", "dtype")
KEPT = (*COMMON, "height", "width")


def translated(config: Any) -> Any:
    """Convert a configuration of Keras 1 or 2 to Keras 3. The network computes the same."""
    if isinstance(config, list):
        return [translated(item) for item in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "Sequential":
        config = config | {"config": _with_input(config["config"])}
    node = {key: translated(value) for key, value in config.items() if key not in LEFT_OUT}
    kind, inner = node.get("class_name"), node.get("config")
    if kind == "function" and inner in CHANGED:
        return CHANGED[inner]
    if not isinstance(kind, str) or not isinstance(inner, dict):
        return node
    if kind == "Policy" and "name" in inner:
        return inner["name"]
    if kind in {"__numpy__", "__tensor__"}:
        return inner.get("value")
    if kind in MODELS and "input_layers" in inner:
        kind, inner = "Functional", with_graph(inner)
    elif kind in HOMES:
        kind, inner = _layer(kind, inner)
    elif kind in INITIALIZERS and "module" not in node:
        inner = {key: value for key, value in inner.items() if key != "dtype"}
    names = {key: plain(node[key]) for key in ("name",) if key in node}
    return node | {"class_name": kind, "config": inner} | names | _home(kind, node.get("module"))


def _layer(kind: str, config: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return class and settings of a layer in Keras 3."""
    if "name" in config:
        config = config | {"name": plain(config["name"])}
    if kind in UNCHANGING:
        return "Identity", {key: config[key] for key in COMMON if key in config}
    neutral = OBSOLETE_EVERYWHERE | OBSOLETE.get(kind, {})
    config = {key: value for key, value in config.items() if not _has_no_effect(neutral, key, value)}
    shape = config.pop("batch_input_shape", None)
    if kind == "InputLayer" and shape is not None:
        config["batch_shape"] = shape
    if kind == "RandomCrop":
        # outside training, Keras 2 resized to the shape that it would have cut out
        return "Resizing", {key: config[key] for key in KEPT if key in config} | {"crop_to_aspect_ratio": True}
    for key in config.keys() & {"activation", "recurrent_activation"}:
        if isinstance(config[key], str):
            config[key] = CHANGED.get(config[key], config[key])
    axis = config.get("axis")
    if isinstance(axis, list) and len(axis) == 1:
        config["axis"] = axis[0]
    return kind, config


def _has_no_effect(neutral: dict[str, Any], key: str, value: Any) -> bool:
    return key in neutral and (neutral[key] is ... or neutral[key] == value)


def _home(kind: str, module: Any) -> dict[str, Any]:
    if kind in HOMES:
        return {"module": HOMES[kind], "registered_name": None}
    return {"module": module.replace("tf_keras", "keras", 1)} if isinstance(module, str) else {}


def _with_input(inner: Any) -> dict[str, Any]:
    """Add the input layer that Keras 2 left out of a Sequential network."""
    inner = {"name": "sequential", "layers": inner} if isinstance(inner, list) else inner
    layers = inner["layers"]
    if not layers or layers[0]["class_name"] == "InputLayer" or (shape := _input_shape(layers[0])) is None:
        return inner
    name = f"{layers[0]['config'].get('name', 'first')}_input"
    return inner | {"layers": [{"class_name": "InputLayer", "config": {"batch_shape": shape, "name": name}}, *layers]}


def _input_shape(layer: dict[str, Any]) -> list[int | None] | None:
    """Return the batch shape that a layer or network of Keras 2 takes, or None."""
    inner = layer["config"]
    layers = inner if isinstance(inner, list) else inner.get("layers")
    if not layers:
        return inner.get("batch_input_shape", inner.get("batch_shape"))
    return _input_shape(next((part for part in layers if part["class_name"] == "InputLayer"), layers[0]))
