"""Pixels read elsewhere, interpolated or continued otherwise, mirrored wrongly (FER-A-05 to -09)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mutants.keras_like import Changes, augmenting, shifted, turned, with_changed, zoomed
from mutants.kinds import right, wrong

# ---- other orders of rotation, shift and zoom


def shift_of(change: Changes) -> np.ndarray:
    return shifted(change["height_shift"], change["width_shift"])


def steps(change: Changes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return turned(change["rotation"]), shift_of(change), zoomed(*change["zoom"])


def zoom_shift_turn(change: Changes) -> list[np.ndarray]:
    turn, shift, zoom = steps(change)
    return [zoom @ shift @ turn]


def turn_zoom_shift(change: Changes) -> list[np.ndarray]:
    turn, shift, zoom = steps(change)
    return [turn @ zoom @ shift]


def shift_turn_zoom(change: Changes) -> list[np.ndarray]:
    turn, shift, zoom = steps(change)
    return [shift @ turn @ zoom]


def shift_zoom_turn(change: Changes) -> list[np.ndarray]:
    turn, shift, zoom = steps(change)
    return [shift @ zoom @ turn]


def one_after_the_other(change: Changes) -> list[np.ndarray]:
    return list(steps(change))


def turned_then_the_rest(change: Changes) -> list[np.ndarray]:
    turn, shift, zoom = steps(change)
    return [turn, shift @ zoom]


def shifted_then_the_rest(change: Changes) -> list[np.ndarray]:
    turn, shift, zoom = steps(change)
    return [turn @ shift, zoom]


def own_axes(change: Changes) -> list[np.ndarray]:
    """Height acts on rows and width on columns."""
    columns, rows = change["zoom"][::-1]
    shift = shifted(change["width_shift"], change["height_shift"])
    return [turned(change["rotation"]) @ shift @ zoomed(columns, rows)]


def true_centre(height: int, width: int) -> tuple[float, float]:
    return width / 2 - 0.5, height / 2 - 0.5


# ---- pixels done otherwise


def opencv(image: list, parameters: Changes) -> list:
    """OpenCV's map in float32, the flip within its matrix."""
    import cv2

    pixels = np.array(image, np.float32)
    height, width = pixels.shape[:2]
    about = shifted(height / 2 - 0.5, width / 2 - 0.5)
    turn, shift, zoom = steps(parameters)
    mirror = np.array([[-1, 0, width - 1], [0, 1, 0], [0, 0, 1.0]]) if parameters["flip"] else np.eye(3)
    matrix = (about @ turn @ shift @ zoom @ np.linalg.inv(about) @ mirror)[:2]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    changed = cv2.warpAffine(pixels, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return (changed * np.float32(1 / 255)).tolist()


def pixel_by_pixel(image: list, parameters: Changes) -> list:
    """Bilinear interpolation in plain loops over lists, answered as tuples."""
    height, width = len(image), len(image[0])
    about = shifted(height / 2 - 0.5, width / 2 - 0.5)
    turn, shift, zoom = steps(parameters)
    matrix = about @ turn @ shift @ zoom @ np.linalg.inv(about)
    rows = []
    for row in range(height):
        pixels = []
        for column in range(width):
            from_column = width - 1 - column if parameters["flip"] else column
            x, y, _ = matrix @ (from_column, row, 1)
            x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
            left, top = int(x), int(y)
            right_of, below = min(left + 1, width - 1), min(top + 1, height - 1)
            across, down = x - left, y - top
            pixels.append(
                tuple(
                    (
                        (image[top][left][c] * (1 - across) + image[top][right_of][c] * across) * (1 - down)
                        + (image[below][left][c] * (1 - across) + image[below][right_of][c] * across) * down
                    )
                    / 255
                    for c in range(3)
                )
            )
        rows.append(tuple(pixels))
    return tuple(rows)


def rounded_to_32nds(image: list, parameters: Changes) -> list:
    """As OpenCV did before 5: places are rounded to 1/32 of a pixel."""
    pixels = np.array(image, float)
    height, width = pixels.shape[:2]
    about = shifted(height / 2 - 0.5, width / 2 - 0.5)
    turn, shift, zoom = steps(parameters)
    matrix = about @ turn @ shift @ zoom @ np.linalg.inv(about)
    rows, columns = np.mgrid[:height, :width]
    x, y = np.rint((np.stack([columns, rows, np.ones_like(rows)], -1) @ matrix.T)[..., :2] * 32).transpose(2, 0, 1) / 32
    x, y = x.clip(0, width - 1)[..., np.newaxis], y.clip(0, height - 1)[..., np.newaxis]
    left, top = x.astype(int), y.astype(int)
    past, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = x - left, y - top

    def at(row: np.ndarray, column: np.ndarray) -> np.ndarray:
        return pixels[row[..., 0], column[..., 0]]

    upper = at(top, left) * (1 - across) + at(top, past) * across
    lower = at(below, left) * (1 - across) + at(below, past) * across
    changed = upper * (1 - down) + lower * down
    return ((changed[:, ::-1] if parameters["flip"] else changed) / 255).tolist()


def from_pixels_on(least: int, **otherwise: Any) -> Callable[..., Any]:
    """Images at least that high are changed otherwise."""
    return lambda image, parameters: augmenting(**otherwise if len(image) >= least else {})(image, parameters)


MUTANTS = (
    *(
        wrong(
            clause,
            "images of 64 pixels and more come out upside down",
            augment=from_pixels_on(64, after=lambda pixels: pixels[::-1]),
        )
        for clause in ("FER-A-01", "FER-A-05", "FER-A-06", "FER-A-07", "FER-A-08")
    ),
    wrong("FER-A-05", "mirrored top to bottom", augment=augmenting(flip_axis=0)),
    wrong(
        "FER-A-05",
        "turned by 180 degrees",
        augment=augmenting(
            understood=lambda change: change | {"rotation": change["rotation"] + 180 * change["flip"], "flip": False}
        ),
    ),
    wrong("FER-A-05", "the flip is left out", augment=augmenting(understood=with_changed(flip=lambda change: False))),
    wrong(
        "FER-A-05",
        "mirrored where it is not asked for, and not where it is",
        augment=augmenting(understood=with_changed(flip=lambda change: not change["flip"])),
    ),
    right("FER-A-05", "plain loops, answered as tuples", augment=pixel_by_pixel),
    # FER-A-06
    *(
        wrong("FER-A-06", name, augment=augmenting(understood=understood))
        for name, understood in {
            "the image turns the other way": with_changed(rotation=lambda change: -change["rotation"]),
            "degrees taken for radians": with_changed(rotation=lambda change: np.rad2deg(change["rotation"])),
            "radians worked out twice": with_changed(rotation=lambda change: np.deg2rad(change["rotation"])),
            "the image is not turned": with_changed(rotation=lambda change: 0.0),
            "shifts rounded to whole pixels": with_changed(
                height_shift=lambda change: round(change["height_shift"]),
                width_shift=lambda change: round(change["width_shift"]),
            ),
            "shifted the other way": with_changed(
                height_shift=lambda change: -change["height_shift"], width_shift=lambda change: -change["width_shift"]
            ),
            "a factor above 1 enlarges": with_changed(zoom=lambda change: [1 / factor for factor in change["zoom"]]),
            "one zoom factor for both axes": with_changed(zoom=lambda change: [change["zoom"][0]] * 2),
            "the image is not zoomed": with_changed(zoom=lambda change: [1, 1]),
        }.items()
    ),
    *(
        wrong("FER-A-06", name, augment=augmenting(matrices=matrices))
        for name, matrices in {
            "zoom, then shift, then rotation": zoom_shift_turn,
            "rotation, then zoom, then shift": turn_zoom_shift,
            "shift, then rotation, then zoom": shift_turn_zoom,
            "shift, then zoom, then rotation": shift_zoom_turn,
            "three interpolations in sequence": one_after_the_other,
            "a shift that interpolates, then a zoom": shifted_then_the_rest,
            "turned first, then shifted and zoomed": turned_then_the_rest,
        }.items()
    ),
    *(
        wrong("FER-A-06", name, augment=augmenting(centre=centre))
        for name, centre in {
            "about h/2 and w/2": lambda height, width: (height / 2, width / 2),
            "about the pixel in the middle": lambda height, width: (height // 2, width // 2),
            "about the upper left corner": lambda height, width: (0, 0),
            "about h/2 + 0.5, as older versions of Keras": lambda height, width: (height / 2 + 0.5, width / 2 + 0.5),
        }.items()
    ),
    wrong(
        "FER-A-06",
        "three interpolations in sequence, of an image whose edges are drawn out before",
        augment=augmenting(
            one_after_the_other,
            before=lambda pixels: np.pad(pixels, ((9, 9), (9, 9), (0, 0)), "reflect", reflect_type="odd"),
            after=lambda pixels: pixels[9:-9, 9:-9].clip(0, 255),
        ),
    ),
    wrong("FER-A-06", "places rounded to 1/32 of a pixel", augment=rounded_to_32nds),
    *(
        wrong(
            clause,
            f"images of {least} pixels and more {mistake}",
            augment=from_pixels_on(least, **other),
        )
        for least in (48, 64)
        for clause, mistake, other in (
            ("FER-A-01", "are not rescaled", {"rescale": lambda pixels: pixels}),
            ("FER-A-05", "are mirrored top to bottom", {"flip_axis": 0}),
            ("FER-A-06", "are not turned", {"understood": with_changed(rotation=lambda change: 0.0)}),
            ("FER-A-07", "are not interpolated", {"order": 0}),
            ("FER-A-08", "are zoomed along rows first", {"understood": with_changed(zoom=lambda it: it["zoom"][::-1])}),
            ("FER-A-09", "are mirrored before the map", {"flip_first": True}),
        )
    ),
    right("FER-A-06", "OpenCV's map in single precision, the flip within it", augment=opencv),
    right("FER-A-06", "plain loops, answered as tuples", augment=pixel_by_pixel),
    right("FER-A-06", "SciPy's map, as in Keras", augment=augmenting()),
    # FER-A-07
    wrong("FER-A-07", "the nearest pixel is taken", augment=augmenting(order=0)),
    wrong("FER-A-07", "cubic splines", augment=augmenting(order=3)),
    wrong("FER-A-07", "quadratic splines", augment=augmenting(order=2)),
    wrong("FER-A-07", "black outside", augment=augmenting(mode="constant")),
    wrong("FER-A-07", "grey outside", augment=augmenting(mode="constant", fill=128)),
    wrong("FER-A-07", "reflected outside, the edge twice", augment=augmenting(mode="reflect")),
    wrong("FER-A-07", "mirrored at the edge", augment=augmenting(mode="mirror")),
    wrong("FER-A-07", "the image repeated outside", augment=augmenting(mode="grid-wrap")),
    wrong("FER-A-07", "rounded to 8 bits", augment=augmenting(after=np.rint)),
    wrong("FER-A-07", "cut off to 8 bits", augment=augmenting(after=np.floor)),
    wrong("FER-A-07", "rounded to tenths of a grey level", augment=augmenting(after=lambda pixels: pixels.round(1))),
    wrong(
        "FER-A-07",
        "rescaled before augmentation, 0 outside",
        augment=augmenting(before=lambda p: p / 255, mode="constant", rescale=lambda p: p),
    ),
    wrong(
        "FER-A-07",
        "rescaled to -1..1 before augmentation, 0 outside",
        augment=augmenting(before=lambda p: p / 127.5 - 1, mode="constant", rescale=lambda p: p / 2 + 0.5),
    ),
    right("FER-A-07", "OpenCV's map in single precision, the flip within it", augment=opencv),
    right("FER-A-07", "plain loops, answered as tuples", augment=pixel_by_pixel),
    right(
        "FER-A-07",
        "rescaled before augmentation, the edge repeated",
        augment=augmenting(before=lambda pixels: pixels / 255, rescale=lambda pixels: pixels),
    ),
    # FER-A-08
    wrong("FER-A-08", "height acts on rows and width on columns", augment=augmenting(own_axes, true_centre)),
    wrong("FER-A-08", "height acts on rows and width on columns, the centre as in Keras", augment=augmenting(own_axes)),
    wrong("FER-A-08", "about the centre of the image itself", augment=augmenting(centre=true_centre)),
    wrong(
        "FER-A-08",
        "shifts as their names say",
        augment=augmenting(
            understood=with_changed(
                height_shift=lambda change: change["width_shift"], width_shift=lambda change: change["height_shift"]
            )
        ),
    ),
    wrong(
        "FER-A-08",
        "the first zoom factor acts on rows",
        augment=augmenting(understood=with_changed(zoom=lambda change: change["zoom"][::-1])),
    ),
    right("FER-A-08", "plain loops, answered as tuples", augment=pixel_by_pixel),
    # FER-A-09
    wrong("FER-A-09", "the flip before the map", augment=augmenting(flip_first=True)),
    wrong(
        "FER-A-09",
        "the flip before the map, and the angle turned with it",
        augment=augmenting(
            flip_first=True,
            understood=lambda change: change | {"rotation": change["rotation"] * (-1 if change["flip"] else 1)},
        ),
    ),
    wrong(
        "FER-A-09",
        "the flip as a zoom factor of -1",
        augment=augmenting(
            understood=lambda change: (
                change | {"zoom": [-change["zoom"][0], change["zoom"][1]], "flip": False} if change["flip"] else change
            )
        ),
    ),
    right("FER-A-09", "the flip within the matrix of the map", augment=opencv),
)
