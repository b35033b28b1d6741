"""Compute the output shape and the parameters of a layer, without a framework."""

from collections.abc import Callable, Mapping, Sequence
from math import prod

Shape = tuple[int, ...]
Settings = Mapping[str, str]

DEFAULTS: dict[str, dict[str, str]] = {
    "Conv2D": {"strides": "1x1", "padding": "valid", "activation": "linear", "bias": "yes"},
    "MaxPooling2D": {"padding": "valid"},
    "AveragePooling2D": {"padding": "valid"},
    "Dense": {"activation": "linear"},
    "RepVGGBlock": {"strides": "1x1"},
}


class NoRoomError(ValueError):
    """A map is smaller than the window that a layer moves over it."""


def outcome(kind: str, settings: Settings, inputs: Sequence[Shape]) -> tuple[Shape, int]:
    """Return the output's shape and the parameter count of a layer that reads ``inputs``.

    Shapes have no batch dimension.

    ``KeyError`` for an unknown kind and a missing setting, ``ValueError`` for one that is not a
    number, ``NoRoomError`` for a map that is too small.
    """
    return RULES[kind](settings, *inputs)


def _side(settings: Settings, name: str) -> int:
    return int(settings[name].partition("x")[0])


def _windowed(shape: Shape, window: int, settings: Settings) -> Shape:
    """Return height and width of the map that a window leaves."""
    stride = _side(settings, "strides")
    sides = tuple(-(-n // stride) if settings["padding"] == "same" else (n - window) // stride + 1 for n in shape[:2])
    if min(sides) < 1:
        raise NoRoomError(f"a map of {'x'.join(map(str, shape[:2]))} pixels has no room for a window of {window}")
    return sides


def _convolution(settings: Settings, shape: Shape) -> tuple[Shape, int]:
    kernel, filters = _side(settings, "kernel"), int(settings["filters"])
    parameters = (kernel**2 * shape[-1] + (settings["bias"] == "yes")) * filters
    return (*_windowed(shape, kernel, settings), filters), parameters


def _pooling(settings: Settings, shape: Shape) -> tuple[Shape, int]:
    return (*_windowed(shape, _side(settings, "pool"), settings), shape[-1]), 0


def _dense(settings: Settings, shape: Shape) -> tuple[Shape, int]:
    units = int(settings["units"])
    return (*shape[:-1], units), (shape[-1] + 1) * units


def _attention(settings: Settings, query: Shape, value: Shape) -> tuple[Shape, int]:
    inner, channels = int(settings["heads"]) * int(settings["key"]), query[-1]
    return query, (channels + 1) * inner + 2 * (value[-1] + 1) * inner + (inner + 1) * channels


def _repvgg_block(settings: Settings, shape: Shape) -> tuple[Shape, int]:
    filters, stride = int(settings["filters"]), _side(settings, "strides")
    shortcut = shape[-1] * filters if stride != 1 or shape[-1] != filters else 0
    parameters = 9 * shape[-1] * filters + 9 * filters**2 + 8 * filters + shortcut
    return (*_windowed(shape, 3, {**settings, "padding": "same"}), filters), parameters


def _padded(settings: Settings, shape: Shape) -> tuple[Shape, int]:
    return (*(side + 2 * int(settings["padding"]) for side in shape[:2]), shape[-1]), 0


def _unchanged(settings: Settings, *shapes: Shape) -> tuple[Shape, int]:
    return shapes[0], 0


RULES: dict[str, Callable[..., tuple[Shape, int]]] = {
    **dict.fromkeys(("InputLayer", "Activation", "ReLU", "Dropout", "Rescaling", "GradientCheckpointing"), _unchanged),
    **dict.fromkeys(("Add", "Average"), _unchanged),
    "Conv2D": _convolution,
    "MaxPooling2D": _pooling,
    "AveragePooling2D": _pooling,
    "GlobalAveragePooling2D": lambda settings, shape: (shape[-1:], 0),
    "Flatten": lambda settings, shape: ((prod(shape),), 0),
    "Dense": _dense,
    "BatchNormalization": lambda settings, shape: (shape, 4 * shape[-1]),
    "LayerNormalization": lambda settings, shape: (shape, 2 * shape[-1]),
    "MultiHeadAttention": _attention,
    "RepVGGBlock": _repvgg_block,
    "ZeroPadding2D": _padded,
    "Concatenate": lambda settings, *shapes: ((*shapes[0][:-1], sum(shape[-1] for shape in shapes)), 0),
}
