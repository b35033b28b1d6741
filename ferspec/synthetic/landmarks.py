"""The points and curves of one face, moved by its action units. Units are face units, and y points down."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ferspec.synthetic.description import Scene
from ferspec.synthetic.geometry import curve
from ferspec.synthetic.tables import table

SIDES = (-1, 1)
_JAW_OPENS = 0.85
_LIPS_SEAL = 0.02


def movements(scene: Scene) -> tuple[dict[str, float], dict[str, float]]:
    """Return the summed movements of all action units on the left and right side."""
    units = table("action_units")
    sides: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for unit in units.values():
        for name in unit["moves"]:
            sides[0][name] = sides[1][name] = 0.0
    for number, left, right in scene.units:
        for name, amount in units[str(number)]["moves"].items():
            sides[0][name] += left * amount
            sides[1][name] += right * amount
    return sides


class Landmarks:
    """The positions of the parts of one face. ``side`` is -1 for the image's left and 1 for its right."""

    def __init__(self, scene: Scene):
        self.shape = scene.shape
        self._sides = movements(scene)
        self.gaze = scene.pose.gaze

    def move(self, name: str, side: int = 0) -> float:
        """Return the amount of a movement on one side, or its mean over both."""
        left, right = self._sides[0][name], self._sides[1][name]
        return (left, (left + right) / 2, right)[side + 1]

    @cached_property
    def half_width(self) -> float:
        return 0.76 + self.shape.width

    @cached_property
    def jaw(self) -> float:
        """The opening of the jaw."""
        return self.move("jaw") * _JAW_OPENS

    @cached_property
    def chin(self) -> float:
        return 1.0 + self.jaw

    def outline(self, grow: float = 0.0) -> np.ndarray:
        """Return the control points (x, y, z) of the head's outline, clockwise from the crown."""
        w, s, drop = self.half_width, self.shape, self.jaw
        wide = 0.665 + s.width + 0.55 * s.jaw
        half = [
            (0.0, -1.10 - grow, 0.0),
            (0.42 + 0.5 * grow, -1.01 - 0.8 * grow, 0.0),
            (w - 0.07 + 0.8 * grow, -0.66 - 0.5 * grow, 0.0),
            (w + grow, -0.22, 0.0),
            (w - 0.02 + 0.02 * s.cheekbones + grow, 0.16, 0.02),
            (wide + grow, 0.5 + 0.25 * drop, 0.06),
            (0.45 + 0.6 * s.jaw + s.chin * 0.5 + grow * 0.7, 0.81 + 0.75 * drop + 0.6 * grow, 0.2),
            (0.205 + s.chin, self.chin - 0.03 + grow, 0.32),
        ]
        left = [(-x, y, z) for x, y, z in half[:0:-1]]
        return np.array([*half, (0.0, self.chin + grow, 0.34), *left])

    def eye_centre(self, side: int) -> tuple[float, float]:
        return side * (0.325 + self.shape.eye_spacing + 0.25 * self.shape.width), -0.13 + self.shape.eye_height

    @cached_property
    def eye_half_width(self) -> float:
        return 0.158 + self.shape.eye_width

    def lids(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Return both lids of an eye, each from the inner to the outer corner."""
        x, y = self.eye_centre(side)
        w, tilt = self.eye_half_width, self.shape.eye_tilt
        up = max(0.006, 0.074 + self.shape.eye_open + self.move("lid_upper", side))
        low = max(0.012, 0.054 + 0.4 * self.shape.eye_open - self.move("lid_lower", side))
        low = max(low, 0.006 - up)
        inner, outer = (-w, 0.022 + 0.3 * tilt), (w, -0.006 - tilt)
        upper = [
            inner,
            (-0.55 * w, -0.72 * up),
            (0.02 * w, -up - 0.3 * tilt),
            (0.58 * w, -0.74 * up - 0.8 * tilt),
            outer,
        ]
        lower = [inner, (-0.42 * w, 0.8 * low), (0.12 * w, low), (0.62 * w, 0.72 * low - 0.5 * tilt), outer]
        above, below = (curve([(x + side * dx, y + dy) for dx, dy in lid], per=4) for lid in (upper, lower))
        return above, below

    def brow(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the line of a brow, from inner to outer end, and its thickness."""
        s = self.shape
        x, y = self.eye_centre(side)
        y -= 0.185 + s.brow_height
        inner, middle, outer = (self.move(f"brow_{part}", side) for part in ("inner", "middle", "outer"))
        squeeze = self.move("brow_in", side)
        points = [
            (-0.185 - squeeze, 0.024 - 0.6 * s.brow_tilt - inner),
            (-0.08 - 0.6 * squeeze, 0.0 - 0.3 * s.brow_tilt - (0.65 * inner + 0.35 * middle)),
            (0.06, -0.022 - s.brow_arch - middle),
            (0.16, -0.01 - s.brow_arch + 0.4 * s.brow_tilt - (0.4 * middle + 0.6 * outer)),
            (0.245, 0.05 + s.brow_tilt - outer),
        ]
        line = curve([(x + side * dx, y + dy) for dx, dy in points], per=4)
        t = np.arange(len(line)) / (len(line) - 1)
        return line, 0.062 * s.brow_thickness * (0.72 + 1.5 * t - 2.1 * t * t)

    @cached_property
    def nose_tip(self) -> tuple[float, float]:
        return 0.0, 0.27 + self.shape.nose_length - 0.5 * self.move("nose")

    def nose_wing(self, side: int) -> tuple[float, float]:
        x = 0.128 + self.shape.nose_width + self.move("nostril", side)
        return side * x, self.nose_tip[1] + 0.02 - self.move("nose", side)

    @cached_property
    def mouth_y(self) -> float:
        return 0.575 + self.shape.mouth_height + 0.5 * self.shape.nose_length

    def mouth_corner(self, side: int) -> tuple[float, float]:
        out = 0.235 + self.shape.mouth_width + self.move("corner_out", side) - 0.28 * self.jaw
        up = 0.008 + self.shape.mouth_corners + self.move("corner_up", side)
        return side * out, self.mouth_y - up + 0.3 * self.jaw

    @cached_property
    def _mouth_heights(self) -> tuple[float, float, float, float]:
        """The y of both edges of both lips at the centre, from top to bottom."""
        thick = self.shape.lips * self._fullness
        smile, part = 0.25 * self.move("corner_up"), self.move("part")
        top_in = self.mouth_y - 0.85 * self.move("upper_lip") - 0.22 * part - smile
        low_in = self.mouth_y + 0.78 * part + self.jaw + self.move("lower_lip") - self.move("chin_up") + 0.35 * smile
        low_in = max(top_in + 0.002, low_in) if part > _LIPS_SEAL else top_in + 0.004
        return top_in - 0.058 * thick - 0.012, top_in, low_in, low_in + 0.085 * thick + 0.008

    @property
    def _fullness(self) -> float:
        return max(0.2, 1.0 - self.move("lips_thin"))

    @property
    def mouth_gap(self) -> float:
        """The distance between the lips."""
        return self._mouth_heights[2] - self._mouth_heights[1]

    @cached_property
    def mouth(self) -> dict[str, np.ndarray]:
        """Return the outer and inner curves of both lips, each from left to right."""
        (lx, ly), (rx, ry) = self.mouth_corner(-1), self.mouth_corner(1)
        top, top_in, low_in, low = self._mouth_heights
        lift = 0.35 * self.move("chin_up")

        def across(y: float, dip: float, full: float) -> np.ndarray:
            left, right = ly + (y - ly) * full, ry + (y - ry) * full
            points = [(lx, ly), (0.52 * lx, left), (0.0, y + dip), (0.52 * rx, right), (rx, ry)]
            return curve(points, per=6)

        bow = 0.3 * lx, 0.3 * rx
        upper = [
            (lx, ly),
            (0.62 * lx, ly + (top - ly) * 0.66),
            (bow[0] * 0.95, top - 0.006),
            (0.0, top + 0.02 * self.shape.lips * self._fullness),
            (bow[1] * 0.95, top - 0.006),
            (0.62 * rx, ry + (top - ry) * 0.66),
            (rx, ry),
        ]
        return {
            "upper": curve(upper, per=4),
            "upper_inner": across(top_in - lift, 0.012 * self._fullness, 0.8),
            "lower_inner": across(low_in - lift, 0.0, 0.8),
            "lower": across(low, 0.0, 0.84),
        }

    def fold(self, side: int) -> np.ndarray:
        """Return the fold from the wing of the nose past the corner of the mouth."""
        wing, corner = self.nose_wing(side), self.mouth_corner(side)
        out = side * (abs(corner[0]) + 0.085)
        points = [
            (wing[0] + side * 0.035, wing[1] - 0.035),
            (0.45 * wing[0] + 0.55 * out + side * 0.015, 0.62 * wing[1] + 0.38 * corner[1] - 0.02),
            (out, corner[1] - 0.02),
            (out - side * 0.005, corner[1] + 0.085),
        ]
        return curve(points, per=4)
