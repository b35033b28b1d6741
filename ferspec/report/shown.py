"""The small pictures of a page: thumbnails, or blocks that hide the face."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

from ferspec.subjects.datasets.subject import Dataset

THUMBNAIL = 96
# blocks on each side of a deidentified picture: each is the mean of its pixels, and nothing else is kept
BLOCKS = 8
JPEG, PNG = "image/jpeg", "image/png"


@dataclass(frozen=True, eq=False)
class Shown:
    """The images that a page may show; deidentified as a few blocks each."""

    images: Dataset
    deidentified: bool = False


def small_picture(image: np.ndarray, deidentified: bool = False) -> bytes:
    """Return an image as a JPEG of the size of a thumbnail, or deidentified.

    ``image`` is (h, w, 3) uint8 RGB. A deidentified picture is a PNG of ``BLOCKS`` by ``BLOCKS`` pixels.
    """
    import cv2

    if deidentified:
        return _encoded(".png", cv2.resize(image, (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA))
    height, width = (max(1, side * THUMBNAIL // max(image.shape[:2])) for side in image.shape[:2])
    return _encoded(".jpg", cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA))


def is_deidentified(picture: bytes) -> bool:
    """Return whether ``small_picture`` gave a deidentified picture; ``ValueError`` for other content."""
    for start, is_png in ((b"\x89PNG\r\n\x1a\n", True), (b"\xff\xd8\xff", False)):
        if picture.startswith(start):
            return is_png
    raise ValueError("a thumbnail is neither PNG nor JPEG")


def data_address(picture: bytes) -> str:
    """Return the address by which a page holds a picture; ``ValueError`` for other content."""
    return f"data:{PNG if is_deidentified(picture) else JPEG};base64,{base64.b64encode(picture).decode()}"


def _encoded(suffix: str, image: np.ndarray) -> bytes:
    import cv2

    return cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()
