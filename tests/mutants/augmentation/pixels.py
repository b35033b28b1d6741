"""Pixels with a wrong position, interpolation, border or flip (FER-A-05 to -09)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ferspec.checks.implementation.augmentation.mistakes import PIXELS, understood
from ferspec.checks.implementation.augmentation.witness import KERAS, Change, Warp, keras_centre, move, one_map, steps
from mutants.kinds import mistaken, right, wrong


def opencv(image: list, parameters: Change) -> list:
    """OpenCV's map in float32, the flip within its matrix."""
    import cv2

    pixels = np.array(image, np.float32)
    height, width = pixels.shape[:2]
    about = move(*keras_centre(height, width))
    (matrix,) = one_map(parameters)
    mirror = np.array([[-1, 0, width - 1], [0, 1, 0], [0, 0, 1.0]]) if parameters["flip"] else np.eye(3)
    matrix = (about @ matrix @ np.linalg.inv(about) @ mirror)[:2]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    changed = cv2.warpAffine(pixels, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return (changed * np.float32(1 / 255)).tolist()


def pixel_by_pixel(image: list, parameters: Change) -> list:
    """Bilinear interpolation in plain loops over lists, answered as tuples."""
    height, width = len(image), len(image[0])
    about = move(*keras_centre(height, width))
    (matrix,) = one_map(parameters)
    matrix = about @ matrix @ np.linalg.inv(about)
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


def augmenting(
    warp: Warp = KERAS, rescale: Callable[[np.ndarray], np.ndarray] = lambda pixels: pixels / 255
) -> Callable[..., Any]:
    return lambda image, parameters: rescale(warp(image, parameters)).tolist()


def from_pixels_on(least: int, warp: Warp = KERAS, **rescaled: Any) -> Callable[..., Any]:
    """Images at least that high are changed otherwise."""
    otherwise = augmenting(warp, **rescaled)
    return lambda image, parameters: (otherwise if len(image) >= least else augmenting())(image, parameters)


MUTANTS = (
    *(
        mutant
        for clause, mistakes in PIXELS.items()
        for mutant in mistaken(clause, "augment", {cause: augmenting(warp) for cause, warp in mistakes.items()})
    ),
    *(
        wrong(
            clause,
            "images of 64 pixels and more come out upside down",
            augment=from_pixels_on(64, Warp(after=lambda pixels: pixels[::-1])),
        )
        for clause in ("FER-A-01", "FER-A-05", "FER-A-06", "FER-A-07", "FER-A-08")
    ),
    *(
        wrong(clause, f"images of {least} pixels and more {mistake}", augment=from_pixels_on(least, **other))
        for least in (48, 64)
        for clause, mistake, other in (
            ("FER-A-01", "are not rescaled", {"rescale": lambda pixels: pixels}),
            ("FER-A-05", "are mirrored top to bottom", {"warp": Warp(flip_axis=0)}),
            ("FER-A-06", "are not turned", {"warp": understood(rotation=lambda change: 0.0)}),
            ("FER-A-07", "are not interpolated", {"warp": Warp(order=0)}),
            ("FER-A-08", "are zoomed along rows first", {"warp": understood(zoom=lambda it: it["zoom"][::-1])}),
            ("FER-A-09", "are mirrored before the map", {"warp": Warp(flip_first=True)}),
        )
    ),
    wrong(
        "FER-A-05",
        "mirrored where it is not asked for, and not where it is",
        augment=augmenting(understood(flip=lambda change: not change["flip"])),
    ),
    wrong(
        "FER-A-06",
        "about the pixel in the middle",
        augment=augmenting(Warp(centre=lambda height, width: (height // 2, width // 2))),
    ),
    wrong(
        "FER-A-06",
        "three interpolations in sequence, of an image whose edges are drawn out before",
        augment=augmenting(
            Warp(
                maps=lambda change: list(steps(change)),
                before=lambda pixels: np.pad(pixels, ((9, 9), (9, 9), (0, 0)), "reflect", reflect_type="odd"),
                after=lambda pixels: pixels[9:-9, 9:-9].clip(0, 255),
            )
        ),
    ),
    *(
        right(clause, "plain loops, answered as tuples", augment=pixel_by_pixel)
        for clause in ("FER-A-05", "FER-A-06", "FER-A-07", "FER-A-08")
    ),
    *(
        right(clause, "OpenCV's map in single precision, the flip within it", augment=opencv)
        for clause in ("FER-A-06", "FER-A-07")
    ),
    right("FER-A-06", "SciPy's map, as in Keras", augment=augmenting()),
    right(
        "FER-A-07",
        "rescaled before augmentation, the edge repeated",
        augment=augmenting(Warp(before=lambda pixels: pixels / 255), rescale=lambda pixels: pixels),
    ),
    right("FER-A-09", "the flip within the matrix of the map", augment=opencv),
)
