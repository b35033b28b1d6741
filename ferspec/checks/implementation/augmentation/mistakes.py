"""Typical mistakes in augmentation by clause, for the causes in messages and for mutants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ferspec.checks.implementation.augmentation.witness import Change, Stream, Warp, batches_of, move, steps, turn

# Draws: functions of a correct change, and of the height and width of the image.


Drawn = Callable[[Change, int, int], Change]


def _of_the_other_side(change: Change, height: int, width: int) -> Change:
    return change | {
        "height_shift": change["height_shift"] / height * width,
        "width_shift": change["width_shift"] / width * height,
    }


DRAWN: Mapping[str, Mapping[str, Drawn]] = {
    "FER-A-02": {
        "radians instead of degrees": lambda change, *_: change | {"rotation": np.deg2rad(change["rotation"])},
    },
    "FER-A-03": {
        "a share of the size instead of pixels": lambda change, height, width: (
            change | {"height_shift": change["height_shift"] / height, "width_shift": change["width_shift"] / width}
        ),
        "a share of the other side of the image": _of_the_other_side,
    },
    "FER-A-04": {
        "the change of the size, not the factor": lambda change, *_: (
            change | {"zoom": [factor - 1 for factor in change["zoom"]]}
        ),
    },
}

# Values: functions of grey levels.
RESCALED: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "pixels are not rescaled": lambda pixels: pixels,
    "divided by 256": lambda pixels: pixels / 256,
    "rescaled to -1..1": lambda pixels: pixels / 127.5 - 1,
    "rescaled twice": lambda pixels: pixels / 255**2,
}

# Pixels.


def understood(**changed: Callable[[Change], Any]) -> Warp:
    """Return a warp that understands some of the parameters in another way."""
    return Warp(understood=lambda change: change | {name: value(change) for name, value in changed.items()})


def _in_another_order(order: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]) -> Warp:
    return Warp(maps=lambda change: [order(*steps(change))])


def _own_axes(change: Change) -> list[np.ndarray]:
    shift = move(change["width_shift"], change["height_shift"])
    return [turn(change["rotation"]) @ shift @ np.diag([*change["zoom"][::-1], 1.0])]


def _true_centre(height: int, width: int) -> tuple[float, float]:
    return width / 2 - 0.5, height / 2 - 0.5


OPENCV_4 = "places rounded to 1/32 of a pixel, as OpenCV before 5 does"
PIXELS: Mapping[str, Mapping[str, Warp]] = {
    "FER-A-05": {
        "mirrored top to bottom": Warp(flip_axis=0),
        "turned by 180 degrees": Warp(
            understood=lambda change: change | {"rotation": change["rotation"] + 180 * change["flip"], "flip": False}
        ),
        "the flip is left out": understood(flip=lambda change: False),
    },
    "FER-A-06": {
        "the image turns the other way": understood(rotation=lambda change: -change["rotation"]),
        "degrees taken for radians": understood(rotation=lambda change: np.rad2deg(change["rotation"])),
        "radians worked out twice": understood(rotation=lambda change: np.deg2rad(change["rotation"])),
        "the image is not turned": understood(rotation=lambda change: 0.0),
        "shifts rounded to whole pixels": understood(
            height_shift=lambda change: round(change["height_shift"]),
            width_shift=lambda change: round(change["width_shift"]),
        ),
        "shifted the other way": understood(
            height_shift=lambda change: -change["height_shift"], width_shift=lambda change: -change["width_shift"]
        ),
        "a zoom factor above 1 enlarges": understood(zoom=lambda change: [1 / factor for factor in change["zoom"]]),
        "one zoom factor for both axes": understood(zoom=lambda change: [change["zoom"][0]] * 2),
        "the image is not zoomed": understood(zoom=lambda change: [1, 1]),
        "about h/2 and w/2": Warp(centre=lambda height, width: (height / 2, width / 2)),
        "about the upper left corner": Warp(centre=lambda height, width: (0, 0)),
        "about h/2 + 0.5, as older versions of Keras": Warp(
            centre=lambda height, width: (height / 2 + 0.5, width / 2 + 0.5)
        ),
        "zoom, then shift, then rotation": _in_another_order(lambda rotation, shift, zoom: zoom @ shift @ rotation),
        "rotation, then zoom, then shift": _in_another_order(lambda rotation, shift, zoom: rotation @ zoom @ shift),
        "shift, then rotation, then zoom": _in_another_order(lambda rotation, shift, zoom: shift @ rotation @ zoom),
        "shift, then zoom, then rotation": _in_another_order(lambda rotation, shift, zoom: shift @ zoom @ rotation),
        "three interpolations in sequence": Warp(maps=lambda change: list(steps(change))),
        "a shift that interpolates, then a zoom": Warp(
            maps=lambda change: [steps(change)[0] @ steps(change)[1], steps(change)[2]]
        ),
        "turned first, then shifted and zoomed": Warp(
            maps=lambda change: [steps(change)[0], steps(change)[1] @ steps(change)[2]]
        ),
        OPENCV_4: Warp(read_at=lambda places: np.rint(places * 32) / 32),
    },
    "FER-A-07": {
        "the nearest pixel is taken": Warp(order=0),
        "quadratic splines": Warp(order=2),
        "cubic splines": Warp(order=3),
        "black outside": Warp(fill="constant"),
        "black outside, up to the middle of the edge": Warp(fill="grid-constant"),
        "grey outside": Warp(fill="constant", fill_value=128),
        "reflected outside, the edge twice": Warp(fill="reflect"),
        "mirrored at the edge": Warp(fill="mirror"),
        "the image repeated outside": Warp(fill="grid-wrap"),
        "rounded to whole grey levels": Warp(after=np.rint),
        # a whole number may be slightly below its value
        "fractions of grey levels cut off": Warp(after=lambda pixels: np.floor(pixels + 1e-3)),
        "rounded to tenths of a grey level": Warp(after=lambda pixels: pixels.round(1)),
        "rescaled to -1..1 before, and 0 outside": Warp(
            before=lambda pixels: pixels / 127.5 - 1, fill="constant", after=lambda pixels: (pixels + 1) * 127.5
        ),
    },
    "FER-A-08": {
        "height acts on rows and width on columns": Warp(maps=_own_axes, centre=_true_centre),
        "height acts on rows and width on columns, the centre as in Keras": Warp(maps=_own_axes),
        "about the centre of the image itself": Warp(centre=_true_centre),
        "shifts as their names say": understood(
            height_shift=lambda change: change["width_shift"], width_shift=lambda change: change["height_shift"]
        ),
        "the first zoom factor acts on rows": understood(zoom=lambda change: change["zoom"][::-1]),
    },
    "FER-A-09": {
        "the flip comes before the affine map": Warp(flip_first=True),
        "the flip comes before the affine map, and the angle is turned with it": Warp(
            flip_first=True,
            understood=lambda change: change | {"rotation": change["rotation"] * (-1 if change["flip"] else 1)},
        ),
        "the flip is a zoom factor of -1": Warp(
            understood=lambda change: (
                change | {"zoom": [-change["zoom"][0], change["zoom"][1]], "flip": False} if change["flip"] else change
            )
        ),
    },
}

# Batches: functions with the arguments and the answer of ``augmentation_stream``.

Streaming = Callable[..., list[dict[str, Any]]]


def _one_order(**asked: int) -> list[dict[str, Any]]:
    batches, first = Stream()(**asked), batches_of(asked["count"], asked["batch_size"])
    return [batch | {"indices": batches[number % first]["indices"]} for number, batch in enumerate(batches)]


def _unshuffled(**asked: int) -> list[dict[str, Any]]:
    batches, size = Stream()(**asked), asked["batch_size"]
    first = batches_of(asked["count"], size)
    return [
        batch | {"indices": [number % first * size + place for place in range(len(batch["indices"]))]}
        for number, batch in enumerate(batches)
    ]


STREAMS: Mapping[str, Mapping[str, Streaming]] = {
    "FER-A-10": {
        "no random number is drawn for the vertical flip": Stream(
            draws=lambda state, images: state.random_sample((images, 6))
        ),
        "quantity after quantity, not image after image": Stream(
            draws=lambda state, images: state.random_sample((7, images)).T
        ),
    },
    "FER-A-13": {
        "seeded once an epoch": Stream(lambda epoch, step, count, size: epoch),
        "batches counted from 0 in each epoch": Stream(lambda epoch, step, count, size: step),
        "every batch seeded alike": Stream(lambda epoch, step, count, size: 0),
        "partial batches not counted": Stream(lambda epoch, step, count, size: epoch * (count // size) + step),
        "a batch more is counted where batches fit": Stream(
            lambda epoch, step, count, size: epoch * (count // size + 1) + step
        ),
        "batches counted from 1": Stream(lambda epoch, step, count, size: epoch * batches_of(count, size) + step + 1),
        "seed plus epoch plus batch": Stream(lambda epoch, step, count, size: epoch + step),
    },
    "FER-A-14": {
        "the order is drawn after the changes": Stream(order_first=False),
        "one order for all epochs": _one_order,
        "images in the order of the files": _unshuffled,
    },
}
