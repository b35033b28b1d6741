"""Changes that keep the label of a face: mirror, rotation, shift, zoom and JPEG, drawn for each image (FER-B-10)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

from ferspec import spec


@dataclass(frozen=True)
class Change:
    """A change of one image. ``right`` and ``down`` are in pixels of an image of ``side`` × ``side``."""

    degrees: float
    right: float
    down: float
    zoom: float
    quality: int
    side: int


def draw_change(chance: Random) -> Change:
    """Draw a change by the rules of FER-B-10: amounts from their ranges, and signs at random."""
    book = spec.load()
    degrees, shift = book.numbers("FER-B-10", "degrees"), book.numbers("FER-B-10", "shift")
    zoom = book.number("FER-B-10", "zoom")
    return Change(
        degrees=_either_way(chance, *degrees),
        right=_either_way(chance, *shift),
        down=_either_way(chance, *shift),
        zoom=chance.choice((zoom, 1 / zoom)),
        quality=book.integer("FER-B-10", "quality"),
        side=book.integer("FER-B-10", "side"),
    )


def changed(image: np.ndarray, change: Change) -> np.ndarray:
    """Return a changed copy of an image (h, w, 3) uint8, of the same size.

    The image is mirrored, turned and zoomed about its centre, shifted, and compressed as JPEG. All amounts are relative
    to ``side``, and the compression is that of an image enlarged to it, so that small images are not changed more.
    """
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), change.degrees, change.zoom)
    matrix[:, 2] += change.right * width / change.side, change.down * height / change.side
    mirrored = np.ascontiguousarray(image[:, ::-1])
    # with BORDER_REFLECT_101, OpenCV never returns from an image one pixel wide
    moved = cv2.warpAffine(mirrored, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return _compressed(moved, change)


def _compressed(image: np.ndarray, change: Change) -> np.ndarray:
    height, width = image.shape[:2]
    enlarged = cv2.resize(image, (max(width, change.side), max(height, change.side)), interpolation=cv2.INTER_LINEAR)
    _, file = cv2.imencode(".jpg", enlarged[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, change.quality])
    decoded = cv2.imdecode(file, cv2.IMREAD_COLOR)
    if decoded is None:
        raise RuntimeError("OpenCV cannot read the JPEG that it wrote")
    # area averaging also where nothing was enlarged: it then keeps the pixels
    return np.ascontiguousarray(cv2.resize(decoded, (width, height), interpolation=cv2.INTER_AREA)[..., ::-1])


def _either_way(chance: Random, least: float, most: float) -> float:
    return chance.choice((-1, 1)) * chance.uniform(least, most)
