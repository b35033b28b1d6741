"""Read the preparation of images from a Hugging Face preprocessor."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from ferspec.subjects.models.contracts.contract import Input

# Pillow's numbers of its filters
FILTERS = {0: "nearest", 1: "lanczos", 2: "bilinear", 3: "bicubic", 4: "area"}
WHITE = 255
# a preprocessor with crop_pct cuts out the centre only for smaller sizes
LEAST_WHOLE = 384


def prepared_by(config: dict[str, Any], channels: int) -> Input | None:
    """Return the input that ``preprocessor_config.json`` describes; None if it is incomplete or malformed.

    Images are resized without regard to their proportions. Of a centre crop, only its size is taken.
    """
    scale = config.get("rescale_factor", 1 / WHITE) if config.get("do_rescale", True) else 1
    lowest = -1.0 if config.get("rescale_offset") and config.get("do_rescale", True) else 0.0
    try:
        values: dict[str, Any] = {
            "size": _size(config.get("crop_size") if _has_crop(config) else config.get("size")),
            "colour": "gray" if channels == 1 else "rgb",
            "range": (lowest, round(WHITE * float(scale) + lowest, 9)),
            "resize": FILTERS[config.get("resample", 2)],
            "antialias": True,
            "layout": "channels_first",
        }
        if config.get("do_normalize", True):
            values |= {"mean": tuple(config["image_mean"]), "std": tuple(config["image_std"])}
        if config.get("include_top"):
            # divides by the standard deviation once more
            once = values.get("std", (1.0,) * channels)
            values["std"] = tuple(first * second for first, second in zip(once, config["image_std"], strict=True))
        return Input.model_validate(values)
    except (LookupError, TypeError, ValueError, ValidationError):
        return None


def crops(config: dict[str, Any]) -> bool:
    """Return whether only the centre of each resized image is used."""
    size = config.get("size")
    shortest = size.get("shortest_edge") if isinstance(size, dict) else None
    zooms = config.get("crop_pct") is not None and isinstance(shortest, int) and shortest < LEAST_WHOLE
    return _has_crop(config) or zooms


def _has_crop(config: dict[str, Any]) -> bool:
    return bool(config.get("do_center_crop")) and config.get("crop_size") is not None


def _size(value: Any) -> tuple[int, int]:
    """Return height and width of a size: a number, the shortest edge, or both."""
    if isinstance(value, dict):
        shortest = value.get("shortest_edge")
        return (shortest, shortest) if shortest is not None else (value["height"], value["width"])
    return (value, value)
