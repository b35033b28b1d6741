"""Draws on an integer canvas with masks; every step is exact.

Drawing uses OpenCV's fixed-point polygons, its 8-bit Gaussian blur and its exact bilinear enlargement, which are
defined in integers; blending uses 16-bit integers. A mask covers only the rectangle it needs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import cv2
import numpy as np

_SHIFT = 6
_ONE = 1 << _SHIFT
_SMALL_BLUR = 2.0
_SHARP = 0.6


class Mask(NamedTuple):
    """The coverage of each pixel of a rectangle, 0 to 255 (uint8)."""

    cover: np.ndarray
    top: int
    left: int

    @property
    def area(self) -> tuple[slice, slice]:
        height, width = self.cover.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def within(self, other: Mask) -> Mask:
        """Return the part of this mask that the other one also covers."""
        top, left = max(self.top, other.top), max(self.left, other.left)
        bottom = min(self.top + self.cover.shape[0], other.top + other.cover.shape[0])
        right = min(self.left + self.cover.shape[1], other.left + other.cover.shape[1])
        bottom, right = max(top, bottom), max(left, right)
        mine = self.cover[top - self.top : bottom - self.top, left - self.left : right - self.left]
        theirs = other.cover[top - other.top : bottom - other.top, left - other.left : right - other.left]
        product = mine.astype(np.uint16) * theirs
        return Mask(((product + 255) >> 8).astype(np.uint8), top, left)


class Canvas:
    """A square picture under construction: ``pixels`` is (3, size, size) uint16, RGB, 0 to 255."""

    def __init__(self, size: int):
        self.size = size
        self.pixels = np.zeros((3, size, size), np.uint16)

    def shape(self, *outlines: np.ndarray, soft: float = 0.0) -> Mask:
        """Return the mask of closed polygons in pixels. ``soft`` is the blur of their edges in pixels."""
        return self._draw(outlines, soft)

    def band(self, one: np.ndarray, other: np.ndarray, soft: float = 0.0) -> Mask:
        """Return the mask between two lines with equal numbers of points, which may cross."""
        return self._draw(np.stack([one[:-1], one[1:], other[1:], other[:-1]], axis=1), soft)

    def strokes(self, lines: Sequence[np.ndarray] | np.ndarray, width: float = 1.0, soft: float = 0.0) -> Mask:
        """Return the mask of open lines of one width in pixels. A width below 1 lowers the coverage."""
        mask = self._draw(lines, soft, width)
        if width < 1.0:
            return mask._replace(cover=((mask.cover.astype(np.uint16) * round(width * 256)) >> 8).astype(np.uint8))
        return mask

    def _draw(self, outlines: Sequence[np.ndarray] | np.ndarray, soft: float, width: float | None = None) -> Mask:
        scale, edge = 1, 3
        if soft < _SHARP:
            soft = 0.0
        else:
            while soft > _SMALL_BLUR * scale:
                scale *= 2
            edge += math.ceil(3.0 * soft / scale)
        if width is not None:
            thick = max(1, round(width / scale))
            edge += thick
        points = outlines if isinstance(outlines, np.ndarray) else np.concatenate(outlines)
        fixed = np.rint(points * (_ONE / scale) - _ONE / 2).astype(np.int32)
        x, y, w, h = cv2.boundingRect(fixed.reshape(-1, 2))
        left, top = max(0, (x >> _SHIFT) - edge), max(0, (y >> _SHIFT) - edge)
        limit = -(-self.size // scale)
        right, bottom = min(limit, ((x + w) >> _SHIFT) + edge), min(limit, ((y + h) >> _SHIFT) + edge)
        if right <= left or bottom <= top:
            return Mask(np.zeros((0, 0), np.uint8), 0, 0)
        cover: np.ndarray = np.zeros((bottom - top, right - left), np.uint8)
        fixed -= (left << _SHIFT, top << _SHIFT)
        separate = isinstance(outlines, np.ndarray)
        ends = [0, *accumulate(map(len, outlines))]
        pieces = list(fixed) if separate else [fixed[a:b] for a, b in pairwise(ends)]
        if width is not None:
            cv2.polylines(cover, pieces, False, 255, thick, cv2.LINE_AA, _SHIFT)
        elif separate:
            for piece in pieces:
                cv2.fillPoly(cover, [piece], 255, cv2.LINE_AA, _SHIFT)
        else:
            cv2.fillPoly(cover, pieces, 255, cv2.LINE_AA, _SHIFT)
        if soft:
            cover = cv2.GaussianBlur(cover, (0, 0), round(soft / scale * 16) / 16)
        if scale > 1:
            shape = (cover.shape[1] * scale, cover.shape[0] * scale)
            cover = cv2.resize(cover, shape, interpolation=cv2.INTER_LINEAR_EXACT)
            cover = cover[: self.size - top * scale, : self.size - left * scale]
        return Mask(cover, top * scale, left * scale)

    def paint(self, mask: Mask, colour: Sequence[float] | np.ndarray, opacity: float = 1.0) -> None:
        """Paint a colour, or a (3, size, size) picture, over the covered pixels."""
        under = self.pixels[(slice(None), *mask.area)]
        if isinstance(colour, np.ndarray):
            over = colour[(slice(None), *mask.area)].astype(np.uint16)
        else:
            over = np.array([min(255, max(0, round(c))) for c in colour], np.uint16)[:, None, None]
        alpha = _alpha(mask, opacity)
        under[...] = (under * (256 - alpha) + over * alpha + 128) >> 8

    def tint(self, mask: Mask, factor: Sequence[float] | float, opacity: float = 1.0) -> None:
        """Multiply the covered pixels by a factor of 0 to 1 per channel."""
        under = self.pixels[(slice(None), *mask.area)]
        factors = (factor,) * 3 if isinstance(factor, float) else factor
        loss = np.array([round(256 * (1.0 - min(1.0, max(0.0, f)))) for f in factors], np.uint16)[:, None, None]
        alpha = _alpha(mask, opacity)
        under[...] = (under * (256 - ((loss * alpha) >> 8)) + 128) >> 8


def _alpha(mask: Mask, opacity: float) -> np.ndarray:
    alpha = (mask.cover.astype(np.uint16) * round(256 * opacity) + 128) >> 8
    return alpha + (alpha >> 7)


def enlarge(picture: np.ndarray, size: int) -> np.ndarray:
    """Return an enlarged picture, by exact bilinear interpolation.

    (h, w, 3) uint8 becomes (3, size, size) uint16.
    """
    large = cv2.resize(picture, (size, size), interpolation=cv2.INTER_LINEAR_EXACT)
    return np.ascontiguousarray(large.transpose(2, 0, 1)).astype(np.uint16)
