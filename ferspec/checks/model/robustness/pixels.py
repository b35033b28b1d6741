"""Changes of an image (h, w, 3) uint8 RGB by a severity: size, blur, compression, light, noise, occlusion, geometry.

Every function returns an image of uint8 RGB and leaves the given one as it is. What is drawn (the side of a shadow,
the place of an occlusion, the direction of a roll, the noise) is drawn from the pixels of the image, so that the same
image is always changed in the same way, in any order of images and at every level.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from random import Random

import cv2
import numpy as np

from ferspec import spec
from ferspec.subjects.models.preprocess import resize

# grey values are those of sRGB, which is about linear light to the power of 1 / 2.2
GAMMA = 2.2
# the grey of an occlusion
GREY = 127
# rows and columns of the field that the noise of all images is cut out of
FIELD = 512
FIELD_SEED = 20240615

Pixels = Callable[[np.ndarray, float], np.ndarray]


def nothing(image: np.ndarray, amount: float) -> np.ndarray:
    """Return the image as it is."""
    return image


def shrink(image: np.ndarray, side: float) -> np.ndarray:
    """Shrink to a shorter side of ``side`` pixels, and enlarge to the old size.

    Area averaging shrinks, and bilinear interpolation enlarges. An image that is not larger stays as it is.
    """
    height, width = image.shape[:2]
    scale = side / min(height, width)
    if scale >= 1:
        return image
    small = cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur with a Gaussian; ``sigma`` is in pixels of a face 256 high."""
    return cv2.GaussianBlur(image, (0, 0), sigma * _unit(image), borderType=cv2.BORDER_REFLECT)


def jpeg(image: np.ndarray, quality: float) -> np.ndarray:
    """Compress as JPEG of a quality, and read it again."""
    _, file = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    decoded = cv2.imdecode(file, cv2.IMREAD_COLOR)
    if decoded is None:
        raise RuntimeError("OpenCV cannot read the JPEG that it wrote")
    return np.ascontiguousarray(decoded[..., ::-1])


def expose(image: np.ndarray, stops: float) -> np.ndarray:
    """Multiply the light by 2 to the power of ``stops``; what is too bright becomes white."""
    table = np.arange(256) * _factor(np.array(stops))
    return cv2.LUT(image, _rounded(table))


def shade(image: np.ndarray, stops: float) -> np.ndarray:
    """Darken by ``stops`` at the left or right edge, and less towards the other."""
    across = np.linspace(0, 1, image.shape[1])
    if _chance(image).random() < 1 / 2:
        across = across[::-1]
    return _rounded(image * _factor(stops * across)[None, :, None])


def noise(image: np.ndarray, sigma: float) -> np.ndarray:
    """Add Gaussian noise of ``sigma`` grey values to every value."""
    chance = _chance(image)
    rows, columns = ((math.floor(chance.random() * FIELD) + np.arange(length)) % FIELD for length in image.shape[:2])
    return _rounded(image + sigma * _field()[rows[:, None], columns[None, :]])


def occlude(image: np.ndarray, percent: float) -> np.ndarray:
    """Cover a rectangle of the image's shape, with ``percent`` of its area, in grey."""
    chance, share = _chance(image), math.sqrt(percent / 100)
    covered = image.copy()
    height, width = (round(length * share) for length in image.shape[:2])
    top, left = (
        math.floor(chance.random() * (length - hidden + 1))
        for length, hidden in zip(image.shape[:2], (height, width), strict=True)
    )
    covered[top : top + height, left : left + width] = GREY
    return covered


def crop(image: np.ndarray, margin: float) -> np.ndarray:
    """Widen the crop by ``margin`` on each side, or narrow it by a negative one.

    It is in pixels of a face 256 high. The result has the old size. What lies beyond the edge is not known: it is the
    mirrored image.
    """
    side = spec.load().integer("FER-B-10", "side")
    return _warped(image, 0, side / (side + 2 * margin))


def roll(image: np.ndarray, degrees: float) -> np.ndarray:
    """Turn about the centre, in a drawn direction; corners hold the mirrored image."""
    direction = 1 if _chance(image).random() < 1 / 2 else -1
    return _warped(image, direction * degrees, 1)


def exchange(image: np.ndarray, amount: float) -> np.ndarray:
    """Exchange red and blue."""
    return np.ascontiguousarray(image[..., ::-1])


def gray(image: np.ndarray, amount: float) -> np.ndarray:
    """Replace every channel by grey: 0.299 R + 0.587 G + 0.114 B."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def bottleneck(image: np.ndarray, side: float) -> np.ndarray:
    """Shrink to ``side`` × ``side`` pixels by nearest neighbour, as in the protocol (FER-P-08)."""
    return resize(image, (int(side), int(side)), "nearest")


CHANGES: Mapping[str, Pixels] = {
    "nothing": nothing,
    "shrink": shrink,
    "blur": blur,
    "jpeg": jpeg,
    "expose": expose,
    "shade": shade,
    "noise": noise,
    "occlude": occlude,
    "crop": crop,
    "roll": roll,
    "exchange": exchange,
    "gray": gray,
    "bottleneck": bottleneck,
}


def _unit(image: np.ndarray) -> float:
    """Return the pixels of this image to a pixel of a face 256 high."""
    return float(min(image.shape[:2]) / spec.load().integer("FER-B-10", "side"))


def _factor(stops: np.ndarray) -> np.ndarray:
    """Return the factors of grey values for light times 2 to the power of ``stops``."""
    return np.exp2(stops / GAMMA)


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.rint(values).clip(0, 255), np.uint8)


def _chance(image: np.ndarray) -> Random:
    """Return what is drawn for an image: a stream from its pixels, of which only ``random`` is used."""
    return Random(zlib.crc32(np.ascontiguousarray(image).tobytes()))


@cache
def _field() -> np.ndarray:
    """Return standard normal noise (rows, columns, 3), from a stream that NumPy keeps (NEP 19)."""
    return np.random.RandomState(FIELD_SEED).standard_normal((FIELD, FIELD, 3)).astype(np.float32)


def _warped(image: np.ndarray, degrees: float, zoom: float) -> np.ndarray:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, zoom)
    # with BORDER_REFLECT_101, OpenCV never returns from an image one pixel wide
    return cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
