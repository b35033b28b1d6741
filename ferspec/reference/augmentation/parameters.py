"""The random changes of training images: rotation, shifts, zoom and flip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ferspec import spec


@dataclass(frozen=True)
class Parameters:
    """The changes of b images, with Keras' names for the axes (FER-A-08).

    ``rotation`` (b,) in degrees, ``height_shift`` and ``width_shift`` (b,) in pixels, ``zoom`` (b, 2) with a factor
    above 1 showing more of the image, all float64; ``flip`` (b,) bool.
    """

    rotation: np.ndarray
    height_shift: np.ndarray
    width_shift: np.ndarray
    zoom: np.ndarray
    flip: np.ndarray

    def __len__(self) -> int:
        return len(self.rotation)


def draws() -> tuple[str, ...]:
    """Return the use of each random number, in order; the vertical flip's is unused."""
    return spec.load().texts("FER-A-10", "draws")


def parameters_from(uniform: np.ndarray, shape: tuple[int, int]) -> Parameters:
    """Return the changes that Keras computes from random numbers.

    ``uniform`` (b, 7) float64 in [0, 1) has a row for each image. ``shape`` begins with the height and width of the
    images in pixels; shifts are shares of them. Every value is rounded as in Keras, so that equal random
    numbers give bit-identical parameters.

    FER-A-02 to FER-A-05, FER-A-10 (paper 4.2).
    """
    book = spec.load()
    height, width = shape[:2]
    names = draws()
    drawn = {name: uniform[:, names.index(name)] for name in names}
    zooms = [column for column, name in enumerate(names) if name == "zoom"]
    return Parameters(
        rotation=_around(0.0, book.number("FER-A-02", "rotation_degrees"), drawn["rotation"]),
        height_shift=_around(0.0, book.number("FER-A-03", "height_shift"), drawn["height shift"]) * height,
        width_shift=_around(0.0, book.number("FER-A-03", "width_shift"), drawn["width shift"]) * width,
        zoom=_around(1.0, book.number("FER-A-04", "zoom"), uniform[:, zooms]),
        flip=drawn["horizontal flip"] < book.number("FER-A-05", "flip_probability"),
    )


def _around(middle: float, reach: float, uniform: np.ndarray) -> np.ndarray:
    low, high = middle - reach, middle + reach
    return low + (high - low) * uniform
