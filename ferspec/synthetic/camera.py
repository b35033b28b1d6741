"""Applies the effects of the camera: vignette, blur, grain, grey."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from ferspec.synthetic.chance import Chance
from ferspec.synthetic.description import Scene


def photograph(pixels: np.ndarray, size: int, scene: Scene) -> np.ndarray:
    """Return the finished picture (size, size, 3) uint8 RGB of a canvas (3, k·size, k·size)."""
    camera = scene.camera
    image = _shrink(pixels, size)
    if camera.vignette > 0.02:
        image = (image * (256 - (_corners(size) * round(256 * camera.vignette) >> 8))) >> 8
    if camera.monochrome:
        image[:] = (77 * image[0] + 151 * image[1] + 28 * image[2]) >> 8
    picture: np.ndarray = np.ascontiguousarray(image.astype(np.uint8).transpose(1, 2, 0))
    sigma = round(camera.blur * size * 16) / 16
    if sigma >= 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    return _grain(picture, camera.noise, Chance(scene.key, "grain")) if camera.noise else picture


def _shrink(pixels: np.ndarray, size: int) -> np.ndarray:
    """Return the mean of every k by k block, rounded, as uint16."""
    k = pixels.shape[1] // size
    if k == 1:
        return pixels
    blocks = pixels.reshape(3, size, k, size, k).astype(np.uint32)
    return ((blocks.sum(axis=(2, 4), dtype=np.uint32) + k * k // 2) // (k * k)).astype(np.uint16)


@cache
def _corners(size: int) -> np.ndarray:
    """Return the squared distance of each pixel from the centre, 0 to 128."""
    along = (2 * np.arange(size, dtype=np.int64) - size + 1) ** 2
    return ((along[:, None] + along[None, :]) * 64 // (size * size)).astype(np.uint16)


def _grain(picture: np.ndarray, noise: float, chance: Chance) -> np.ndarray:
    """Add grain with the standard deviation ``noise`` in grey levels, from two uniform draws."""
    one, other = chance.bytes(2, *picture.shape)
    spread = np.int16(round(noise * 1024 / 104.5))
    grain = ((one.astype(np.int16) + other - 255) * spread + 512) >> 10
    return np.clip(picture + grain, 0, 255).astype(np.uint8)
