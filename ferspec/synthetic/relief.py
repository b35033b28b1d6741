"""Shades the head, a rounded solid with bumps and hollows, under key and fill light.

Normals are computed on a grid of half the resolution, in coordinates that roll with the head. Only sums, products,
quotients and square roots of float32 are used, which IEEE 754 defines exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np

from ferspec.synthetic.canvas import enlarge
from ferspec.synthetic.description import Colour, Light
from ferspec.synthetic.geometry import Head

_HEAD = (0.86, 1.22)
_WRAP = 0.42
_DEEPEST = 0.3


class Lamp:
    """The light of a scene, which shades a surface by its normal and colour."""

    def __init__(self, light: Light, head: Head, exposure: float):
        x, y, z = light.towards
        cosine, sine = head.roll
        self.towards = (x * cosine + y * sine, y * cosine - x * sine, z)
        self.key: Colour = (exposure * light.key[0], exposure * light.key[1], exposure * light.key[2])
        self.fill: Colour = (exposure * light.fill[0], exposure * light.fill[1], exposure * light.fill[2])
        hx, hy, hz = self.towards[0], self.towards[1], self.towards[2] + 1.0
        length = math.sqrt(hx * hx + hy * hy + hz * hz)
        self.half = (hx / length, hy / length, hz / length)

    def falls(self, normal: Sequence[float]) -> float:
        """Return the share (0 to 1) of key light on a surface with this unit normal."""
        facing = sum(a * b for a, b in zip(normal, self.towards, strict=True))
        return max(0.0, (facing + _WRAP) / (1.0 + _WRAP))

    def lit(self, colour: Colour, normal: Sequence[float] = (0.0, 0.0, 1.0), shade: float = 1.0) -> Colour:
        """Return a colour in this light, softly limited at white."""
        falls = self.falls(normal)
        channels = zip(colour, self.key, self.fill, strict=True)
        red, green, blue = (_limit(shade * c * (key * falls + fill)) for c, key, fill in channels)
        return red, green, blue


def _limit(value: float) -> float:
    return min(255.0, value) if value < 190 else min(255.0, 190 + (value - 190) * 0.6)


class Relief:
    """The surface of the head: add bumps, hollows, shadows and stains, then take its picture."""

    def __init__(self, head: Head, lamp: Lamp, size: int):
        self.size, self.head, self.lamp = size, head, lamp
        self.n = -(-size // 2)
        self.step = size / self.n
        along = ((np.arange(self.n) + 0.5) * self.step).astype(np.float32)
        x, y = (
            (along - np.float32(head.x)) / np.float32(head.scale),
            (along - np.float32(head.y)) / np.float32(head.scale),
        )
        cosine, sine = (np.float32(c) for c in head.roll)
        self.u = x[None, :] * cosine + y[:, None] * sine
        self.v = y[:, None] * cosine - x[None, :] * sine
        nx, ny = self.u / np.float32(_HEAD[0]), self.v / np.float32(_HEAD[1])
        self.nz = np.sqrt(np.maximum(np.float32(1.0) - nx * nx - ny * ny, np.float32(0.03)))
        self.nx, self.ny = nx, ny
        self.shade = np.ones((3, self.n, self.n), np.float32)
        self._furrows: dict[float, np.ndarray] = {}

    def _kernel(self, at: tuple[float, float], radius: Sequence[float]) -> tuple:
        reach = max(radius) * self.head.scale
        head, (cosine, sine) = self.head, self.head.roll
        px = head.x + head.scale * (at[0] * cosine - at[1] * sine)
        py = head.y + head.scale * (at[0] * sine + at[1] * cosine)
        x0, x1 = (min(self.n, max(0, math.floor(v / self.step))) for v in (px - reach, px + reach + self.step))
        y0, y1 = (min(self.n, max(0, math.floor(v / self.step))) for v in (py - reach, py + reach + self.step))
        area = (slice(y0, y1), slice(x0, x1))
        du, dv = self.u[area] - np.float32(at[0]), self.v[area] - np.float32(at[1])
        du, dv = du * np.float32(1.0 / radius[0]), dv * np.float32(1.0 / radius[1])
        return area, du, dv, np.maximum(np.float32(1.0) - du * du - dv * dv, np.float32(0.0))

    def bump(self, at: tuple[float, float], radius: Sequence[float], height: float, lift: float = 0.0) -> None:
        """Raise the surface around a point, or lower it for a negative height."""
        area, du, dv, kernel = self._kernel(self.head.seen_point(*at, lift), radius)
        slope = kernel * np.float32(4.0 * height)
        self.nx[area] += slope * du * np.float32(1.0 / radius[0])
        self.ny[area] += slope * dv * np.float32(1.0 / radius[1])

    def stain(
        self,
        at: tuple[float, float],
        radius: Sequence[float],
        factor: Colour | float,
        lift: float = 0.0,
    ) -> None:
        """Multiply the colour around a point by a factor per channel (a shadow, a flush)."""
        area, _, _, kernel = self._kernel(self.head.seen_point(*at, lift), radius)
        soft = kernel * kernel
        loss = np.array((factor,) * 3 if isinstance(factor, float) else factor, np.float32)[:, None, None] - np.float32(
            1.0
        )
        self.shade[(slice(None), *area)] *= np.float32(1.0) + soft * loss

    def groove(self, lines: Sequence[np.ndarray], width: float, depth: float) -> None:
        """Add soft furrows along lines in pixels, to be applied all at once. ``width`` is in face units."""
        cover = self._furrows.setdefault(width, np.zeros((self.n, self.n), np.uint8))
        fixed = [np.rint((line / self.step - 0.5) * 64).astype(np.int32) for line in lines]
        level = min(255, round(255 * depth / _DEEPEST))
        thick = max(1, round(0.8 * self._pixels(width)))
        cv2.polylines(cover, fixed, False, level // 2, thick, cv2.LINE_AA, 6)
        middles = [line[len(line) // 5 : len(line) - len(line) // 5] for line in fixed]
        cv2.polylines(cover, middles, False, level, thick, cv2.LINE_AA, 6)

    def _pixels(self, length: float) -> float:
        return length * self.head.scale / self.step

    def _press(self) -> None:
        slope = np.float32(_DEEPEST * self._pixels(1.0) / 510.0)
        for width, cover in self._furrows.items():
            soft = cv2.GaussianBlur(cover, (0, 0), max(8, round(16 * self._pixels(width))) / 16).astype(np.float32)
            self.nx[:, 1:-1] += (soft[:, 2:] - soft[:, :-2]) * slope
            self.ny[1:-1] += (soft[2:] - soft[:-2]) * slope
            self.shade *= np.float32(1.0) - soft * np.float32(0.5 * _DEEPEST / 255.0)
        self._furrows.clear()

    def picture(self, colour: Colour, gloss: float) -> np.ndarray:
        """Return the shaded surface in this colour as (3, size, size) uint16."""
        self._press()
        lx, ly, lz = (np.float32(c) for c in self.lamp.towards)
        one = np.float32(1.0)
        inverse = one / np.sqrt(self.nx * self.nx + self.ny * self.ny + self.nz * self.nz)
        facing = (self.nx * lx + self.ny * ly + self.nz * lz) * inverse
        key = np.maximum(facing + np.float32(_WRAP), np.float32(0.0)) * np.float32(1.0 / (1.0 + _WRAP))
        sky = np.float32(0.86) - np.float32(0.14) * self.ny * inverse
        hx, hy, hz = (np.float32(c) for c in self.lamp.half)
        shine = np.maximum((self.nx * hx + self.ny * hy + self.nz * hz) * inverse, np.float32(0.0))
        for _ in range(4):
            shine = shine * shine
        shine = shine * shine * np.float32(gloss)
        glow = (one - key) * key
        planes = []
        for channel, warmth in enumerate((0.26, 0.05, 0.0)):
            light = key * np.float32(self.lamp.key[channel]) + sky * np.float32(self.lamp.fill[channel])
            light = light + glow * np.float32(warmth * self.lamp.key[channel])
            value = light * self.shade[channel] * np.float32(colour[channel])
            value = value + shine * np.float32(self.lamp.key[channel])
            over = np.maximum(value - np.float32(190.0), np.float32(0.0))
            planes.append(np.minimum(value - over * np.float32(0.4), np.float32(255.0)))
        return enlarge(np.rint(np.stack(planes, axis=2)).astype(np.uint8), self.size)
