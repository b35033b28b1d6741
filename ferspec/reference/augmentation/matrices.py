"""Compute the affine map from output pixels to input coordinates."""

from __future__ import annotations

import numpy as np

from ferspec import spec
from ferspec.reference.augmentation.parameters import Parameters


def matrices(parameters: Parameters, shape: tuple[int, int]) -> np.ndarray:
    """Return maps (b, 2, 3) float64 from output to input coordinates.

    A map multiplies (column, row, 1) of the output and gives (column, row) of the input.

    The map rotates, then shifts, then zooms about the centre; the flip mirrors the result. As in Keras the height shift
    and the first zoom factor act on columns, and so does the centre's height/2 - 1/2, which is not the centre of an
    image that is not square. ``shape`` begins with height and width.

    FER-A-06, FER-A-08, FER-A-09 (Keras' ``ImageDataGenerator``).
    """
    height, width = shape[:2]
    offset = spec.load().number("FER-A-06", "centre_offset")
    centre = np.array([height / 2 - offset, width / 2 - offset])
    angle = np.deg2rad(parameters.rotation)
    cosine, sine = np.cos(angle), np.sin(angle)
    rotation = np.stack([cosine, -sine, sine, cosine], axis=-1).reshape(-1, 2, 2)
    shift = np.stack([parameters.height_shift, parameters.width_shift], axis=-1)

    linear = rotation * parameters.zoom[:, np.newaxis, :]
    constant = centre + np.einsum("bij,bj->bi", rotation, shift) - linear @ centre
    constant += np.where(parameters.flip[:, np.newaxis], linear[:, :, 0] * (width - 1), 0.0)
    linear[:, :, 0] *= np.where(parameters.flip, -1.0, 1.0)[:, np.newaxis]
    return np.concatenate([linear, constant[:, :, np.newaxis]], axis=2)


def transforms(parameters: Parameters, shape: tuple[int, int]) -> np.ndarray:
    """Return the same maps as (b, 8) float32, as TensorFlow's ``ImageProjectiveTransformV3`` takes them."""
    flat = np.zeros((len(parameters), 8), np.float32)
    flat[:, :6] = matrices(parameters, shape).reshape(-1, 6)
    return flat
