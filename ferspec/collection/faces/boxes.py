"""Compare boxes of faces, and cut faces out of pictures (FER-D-06, FER-D-07)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ferspec import spec


class Box(NamedTuple):
    """Hold left, top, right and bottom of a rectangle, in pixels; right and bottom lie outside it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def side(self) -> int:
        """The shorter side in pixels."""
        return min(self.right - self.left, self.bottom - self.top)

    @property
    def area(self) -> int:
        return max(self.right - self.left, 0) * max(self.bottom - self.top, 0)

    def within(self, height: int, width: int) -> Box:
        """Return the part inside a picture."""
        return Box(max(self.left, 0), max(self.top, 0), min(self.right, width), min(self.bottom, height))

    @classmethod
    def parse(cls, text: str) -> Box:
        """Return the box of a manifest's cell; ``ValueError`` for another text."""
        left, top, right, bottom = map(int, text.split())
        return cls(left, top, right, bottom)

    def __str__(self) -> str:
        return " ".join(map(str, self))


class Face(NamedTuple):
    """Hold a detected face: its box, which may reach out of the picture, and its score (0..1)."""

    box: Box
    score: float


def overlap(first: Box, second: Box) -> float:
    """Return the intersection of two boxes over their union."""
    shared = Box(*map(max, first[:2], second[:2]), *map(min, first[2:], second[2:])).area
    return shared / max(first.area + second.area - shared, 1)


def widened(box: Box, height: int, width: int) -> Box:
    """Return a box with the margin of FER-D-07 on each side, inside the picture."""
    margin = spec.load().integer("FER-D-07", "margin")
    left, top, right, bottom = box
    return Box(left - margin, top - margin, right + margin, bottom + margin).within(height, width)


def cut(picture: np.ndarray, box: Box) -> np.ndarray:
    """Return the face in a box, with its margin, in the size of BTFER: (256, 256, 3) uint8.

    The proportions of the box change, as in the paper: it is scaled in both directions separately. Pixels are averaged
    where it shrinks and interpolated where it grows, which the paper does not say.
    """
    import cv2

    left, top, right, bottom = widened(box, *picture.shape[:2])
    height, width = spec.load().datasets["BTFER"].size
    face = np.ascontiguousarray(picture[top:bottom, left:right])
    shrinks = face.shape[0] >= height and face.shape[1] >= width
    return cv2.resize(face, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
