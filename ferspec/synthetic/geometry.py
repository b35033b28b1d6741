"""Maps face coordinates to pixels, and draws smooth curves through points.

In face coordinates x points to the image's right, y down and z towards the viewer. The unit is half the height of a
face. The origin lies between the eyes and the tip of the nose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ferspec.synthetic.description import Scene

Points = ArrayLike
Height = float | np.ndarray
_PERSPECTIVE = 0.09
_EXACT = 1 << 20


def turn(degrees: float) -> tuple[float, float]:
    """Return cosine and sine, rounded to 2^-20 because mathematical libraries differ in the last digit."""
    angle = math.radians(degrees)
    return round(math.cos(angle) * _EXACT) / _EXACT, round(math.sin(angle) * _EXACT) / _EXACT


class Head:
    """The head of a scene at one size in pixels. It projects points of the face to the picture."""

    def __init__(self, scene: Scene, size: int):
        pose = scene.pose
        self.scale = pose.scale * size
        self.x, self.y = (0.5 + pose.right) * size, (0.5 + pose.down) * size
        self.yaw, self.pitch, self.roll = turn(pose.yaw), turn(pose.pitch), turn(pose.roll)

    def seen(self, points: Points, lift: Height = 0.0, depth: Height | None = None) -> np.ndarray:
        """Return points (..., 2) after yaw and pitch, in face units, before roll.

        A point lies on the front of the head raised by ``lift``, or at a given ``depth`` (z).
        """
        points = np.asarray(points, dtype=np.float64)
        x, y = points[..., 0], points[..., 1]
        z = surface(x, y) + lift if depth is None else depth
        cosine, sine = self.yaw
        x, z = x * cosine + z * sine, z * cosine - x * sine
        cosine, sine = self.pitch
        y, z = y * cosine + z * sine, z * cosine - y * sine
        nearness = 1.0 + _PERSPECTIVE * z
        return _joined(x * nearness, y * nearness)

    def seen_point(self, x: float, y: float, lift: float = 0.0) -> tuple[float, float]:
        """Return one point on the front of the head, like ``seen`` without arrays."""
        z = 0.82 * math.sqrt(max(1.0 - (x / 0.92) * (x / 0.92) - (y / 1.3) * (y / 1.3), 0.03)) + lift
        cosine, sine = self.yaw
        x, z = x * cosine + z * sine, z * cosine - x * sine
        cosine, sine = self.pitch
        y, z = y * cosine + z * sine, z * cosine - y * sine
        nearness = 1.0 + _PERSPECTIVE * z
        return x * nearness, y * nearness

    def rolled(self, seen: np.ndarray) -> np.ndarray:
        """Return points after yaw and pitch in pixels, after roll."""
        cosine, sine = self.roll
        x, y = seen[..., 0] * self.scale, seen[..., 1] * self.scale
        return _joined(self.x + x * cosine - y * sine, self.y + x * sine + y * cosine)

    def place(self, points: Points, lift: Height = 0.0, depth: Height | None = None) -> np.ndarray:
        """Return points of the face in pixels."""
        return self.rolled(self.seen(points, lift, depth))

    def torso(self, points: Points) -> np.ndarray:
        """Return points of the body, which does not turn with the head, in pixels."""
        points = np.asarray(points, dtype=np.float64)
        lean = 0.07 * self.yaw[1]
        return _joined(self.x + (points[..., 0] - lean) * self.scale, self.y + points[..., 1] * self.scale)


def _joined(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    points = np.empty((*np.shape(x), 2))
    points[..., 0], points[..., 1] = x, y
    return points


def surface(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the depth of the front of the head from the plane of the ears."""
    rest = 1.0 - (x / 0.92) * (x / 0.92) - (y / 1.3) * (y / 1.3)
    return 0.82 * np.sqrt(np.maximum(rest, 0.03))


def _weights(per: int) -> list[tuple[float, float, float, float]]:
    steps = [i / per for i in range(per)]
    return [
        (
            ((2.0 - t) * t - 1.0) * t / 2.0,
            ((3.0 * t - 5.0) * t * t + 2.0) / 2.0,
            ((4.0 - 3.0 * t) * t + 1.0) * t / 2.0,
            (t - 1.0) * t * t / 2.0,
        )
        for t in steps
    ]


_WEIGHTS = {per: np.array(_weights(per)).T[:, None, :, None] for per in (3, 4, 5, 6, 8)}


def curve(points: Points, per: int = 5, closed: bool = False) -> np.ndarray:
    """Return smooth Catmull-Rom curves (..., m, 2) through points (..., n, 2).

    There are ``per`` steps between neighbouring points.
    """
    points = np.asarray(points, dtype=np.float64)
    *many, n, _ = points.shape
    around = np.empty((*many, n + 3 if closed else n + 2, 2))
    around[..., 1 : n + 1, :] = points
    if closed:
        around[..., 0, :], around[..., n + 1 :, :] = points[..., -1, :], points[..., :2, :]
    else:
        around[..., 0, :] = 2 * points[..., 0, :] - points[..., 1, :]
        around[..., -1, :] = 2 * points[..., -1, :] - points[..., -2, :]
    pieces = n if closed else n - 1
    a, b, c, d = (around[..., i : pieces + i, None, :] for i in range(4))
    w = _WEIGHTS[per]
    path = np.empty((*many, pieces * per + (not closed), 2))
    path[..., : pieces * per, :] = (a * w[0] + b * w[1] + c * w[2] + d * w[3]).reshape(*many, pieces * per, 2)
    if not closed:
        path[..., -1, :] = points[..., -1, :]
    return path


_RING = np.array([turn(360.0 * i / 24) for i in range(24)])


def ellipse(centre: Sequence[float] | np.ndarray, width: float, height: float, angle: float = 0.0) -> np.ndarray:
    """Return the outline of an ellipse with centre, half-axes and angle in degrees."""
    x, y = _RING[:, 0] * width, _RING[:, 1] * height
    cosine, sine = turn(angle) if angle else (1.0, 0.0)
    return _joined(centre[0] + x * cosine - y * sine, centre[1] + x * sine + y * cosine)


def ribbon(line: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Return the outline of a line (n, 2) of varying ``widths`` (n)."""
    step = np.empty_like(line)
    step[1:-1] = line[2:] - line[:-2]
    step[0], step[-1] = line[1] - line[0], line[-1] - line[-2]
    length = np.sqrt(step[:, 0] * step[:, 0] + step[:, 1] * step[:, 1]) + 1e-9
    across = _joined(-step[:, 1], step[:, 0]) * (widths / (2.0 * length))[:, None]
    return np.concatenate([line + across, (line - across)[::-1]])
