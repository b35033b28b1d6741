"""Alternative image preparations: the mistakes that people make in a contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ferspec import spec
from ferspec.subjects.datasets.subject import Dataset
from ferspec.subjects.models.contracts.contract import Input

InputKind = Literal["value range", "colour", "resize filter", "size"]

Change = dict[str, Any]

PLAIN: Change = {"mean": None, "std": None}
VALUE_RANGES: dict[str, Change] = {
    "[0, 1]": {"range": (0.0, 1.0), **PLAIN},
    "[-1, 1]": {"range": (-1.0, 1.0), **PLAIN},
    "[0, 255]": {"range": (0.0, 255.0), **PLAIN},
}
# the preprocessing of torchvision's (RGB) and Keras' (BGR) ImageNet networks
COLOUR_VALUE_RANGES: dict[str, Change] = {
    "[0, 1] with ImageNet mean and std": {
        "range": (0.0, 1.0),
        "mean": (0.485, 0.456, 0.406),
        "std": (0.229, 0.224, 0.225),
    },
    "BGR [0, 255] with ImageNet mean": {
        "colour": "bgr",
        "range": (0.0, 255.0),
        "mean": (103.939, 116.779, 123.68),
        "std": None,
    },
}
RESIZE_FILTERS: dict[str, Change] = {
    "nearest": {"resize": "nearest", "antialias": False},
    "bilinear": {"resize": "bilinear", "antialias": False},
    "bilinear with antialias": {"resize": "bilinear", "antialias": True},
}


@dataclass(frozen=True)
class Alternative:
    """An input that differs from the declared one. ``declared`` and ``likely`` describe the difference in words."""

    kind: InputKind
    declared: str
    likely: str
    prepared_as: Input

    @property
    def weight(self) -> int:
        """The pixels of an input."""
        height, width = self.prepared_as.size
        return height * width


def alternatives(declared: Input, dataset: Dataset, any_size: bool = False) -> tuple[Alternative, ...]:
    """Return the alternatives that would change the input of the model on these images.

    Other sizes are among them if the model accepts ``any_size``.
    """
    ranges = VALUE_RANGES if declared.channels == 1 else VALUE_RANGES | COLOUR_VALUE_RANGES
    listed = [_alternative("value range", declared, name, change) for name, change in ranges.items()]
    if declared.channels == 3 and not dataset.gray:
        colours = {name: {"colour": name} for name in ("rgb", "bgr", "gray")}
        listed += [_alternative("colour", declared, name, change) for name, change in colours.items()]
    if any(size != declared.size for size in dataset.sizes):
        sides = [pair for size in dataset.sizes for pair in zip(size, declared.size, strict=True)]
        shrinks = any(side > wanted for side, wanted in sides)
        filters = {name: change for name, change in RESIZE_FILTERS.items() if shrinks or not change["antialias"]}
        listed += [_alternative("resize filter", declared, name, change) for name, change in filters.items()]
    if any_size and declared.size[0] == declared.size[1]:
        side = declared.size[0]
        near = [other for other in spec.load().integers("FER-Z-05", "sizes") if side <= 2 * other <= 4 * side]
        listed += [_alternative("size", declared, f"{other} × {other}", {"size": (other, other)}) for other in near]
    return tuple(alternative for alternative in listed if alternative.prepared_as != declared)


def _alternative(kind: InputKind, declared: Input, name: str, change: Change) -> Alternative:
    return Alternative(kind, _describe(kind, declared), name, declared.model_copy(update=change))


def _describe(kind: InputKind, declared: Input) -> str:
    if kind == "colour":
        return declared.colour
    if kind == "size":
        return " × ".join(map(str, declared.size))
    if kind == "resize filter":
        return declared.resize + (" with antialias" if declared.antialias else "")
    low, high = declared.range
    normalised = f" with mean {declared.mean} and std {declared.std}" if declared.mean or declared.std else ""
    return f"[{low:g}, {high:g}]{normalised}"
