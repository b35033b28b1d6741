"""Where in an image the pixels of the augmented one are read, by the clauses and by typical misreadings of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Changes = dict[str, Any]
Order = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
ReadAt = Callable[[Changes, int, int], np.ndarray]

UNCHANGED = {"rotation": 0.0, "height_shift": 0.0, "width_shift": 0.0, "zoom": [1.0, 1.0], "flip": False}


def changes(**changed: Any) -> Changes:
    """Return parameters that change nothing but what is named; ``shift`` and ``zoom`` may be one number for both."""
    both = changed.pop("shift", None)
    if both is not None:
        changed |= {"height_shift": both, "width_shift": both}
    if isinstance(changed.get("zoom"), float):
        changed["zoom"] = [changed["zoom"]] * 2
    return UNCHANGED | changed


def places(
    parameters: Changes,
    height: int,
    width: int,
    order: Order = lambda rotation, shift, zoom: rotation @ shift @ zoom,
    centre: tuple[float, float] | None = None,
) -> np.ndarray:
    """Return for each pixel (h, w, 2) the column and row of the input at which it is read, without the flip."""
    middle = (height / 2 - 0.5, width / 2 - 0.5) if centre is None else centre
    angle = np.deg2rad(parameters["rotation"])
    rotation = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    shift = _moved(parameters["height_shift"], parameters["width_shift"])
    zoom = np.diag([*parameters["zoom"], 1.0])
    matrix = _moved(*middle) @ order(rotation, shift, zoom) @ _moved(-middle[0], -middle[1])
    rows, columns = np.mgrid[:height, :width]
    return (np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ matrix.T)[..., :2]


def _moved(columns: float, rows: float) -> np.ndarray:
    return np.array([[1, 0, columns], [0, 1, rows], [0, 0, 1.0]])


def interpolated(image: np.ndarray, read_at: np.ndarray, order: int = 1, mode: str = "nearest") -> np.ndarray:
    """Return the image as read at these places, by SciPy."""
    from scipy.ndimage import map_coordinates

    where = [read_at[..., 1], read_at[..., 0]]
    channels = [map_coordinates(image[..., c].astype(float), where, order=order, mode=mode) for c in range(3)]
    return np.stack(channels, axis=-1)


def _about_h_half(parameters: Changes, height: int, width: int) -> np.ndarray:
    return places(parameters, height, width, centre=(height / 2, width / 2))


def _about_the_true_centre(parameters: Changes, height: int, width: int) -> np.ndarray:
    return places(parameters, height, width, centre=(width / 2 - 0.5, height / 2 - 0.5))


def _axes_as_named(parameters: Changes, height: int, width: int) -> np.ndarray:
    swapped = parameters | {
        "height_shift": parameters["width_shift"],
        "width_shift": parameters["height_shift"],
        "zoom": parameters["zoom"][::-1],
    }
    return _about_the_true_centre(swapped, height, width)


def _with(**changed: Callable[[Changes], Any]) -> ReadAt:
    def read_at(parameters: Changes, height: int, width: int) -> np.ndarray:
        return places(parameters | {name: change(parameters) for name, change in changed.items()}, height, width)

    return read_at


def _ordered(order: Order) -> ReadAt:
    return lambda parameters, height, width: places(parameters, height, width, order)


MISPLACED = {
    "the image turns the other way": _with(rotation=lambda p: -p["rotation"]),
    "degrees taken for radians": _with(rotation=lambda p: np.rad2deg(p["rotation"])),
    "the image is shifted the other way": _with(
        height_shift=lambda p: -p["height_shift"], width_shift=lambda p: -p["width_shift"]
    ),
    "shifts are rounded to whole pixels": _with(
        height_shift=lambda p: round(p["height_shift"]), width_shift=lambda p: round(p["width_shift"])
    ),
    "a zoom factor above 1 enlarges": _with(zoom=lambda p: [1 / factor for factor in p["zoom"]]),
    "one zoom factor for both axes": _with(zoom=lambda p: [p["zoom"][0]] * 2),
    "the centre is at h/2 and w/2": _about_h_half,
    "the shift is zoomed too": _ordered(lambda rotation, shift, zoom: rotation @ zoom @ shift),
    "the shift is not turned": _ordered(lambda rotation, shift, zoom: shift @ rotation @ zoom),
    "the shift is neither turned nor zoomed, the zoom turned": _ordered(
        lambda rotation, shift, zoom: shift @ zoom @ rotation
    ),
    "the zoom is applied before the rotation": _ordered(lambda rotation, shift, zoom: zoom @ shift @ rotation),
    "height and width act as their names say": _axes_as_named,
    "the centre is that of the image itself": _about_the_true_centre,
}
