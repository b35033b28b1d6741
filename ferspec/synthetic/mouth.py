"""Draws lips, teeth and tongue."""

from __future__ import annotations

import numpy as np

from ferspec.synthetic.canvas import Mask
from ferspec.synthetic.geometry import curve, ellipse
from ferspec.synthetic.landmarks import SIDES
from ferspec.synthetic.portrait import Portrait, mixed

_OPEN = 0.012
_LIFT = 0.05
_TEETH = (-0.66, -0.47, -0.24, 0.0, 0.24, 0.47, 0.66)


def draw_mouth(portrait: Portrait) -> None:
    """Draw the mouth, with teeth and tongue if the lips are apart."""
    p = portrait
    mouth = p.marks.mouth
    curves = {name: p.head.place(mouth[name], _LIFT) for name in ("upper", "upper_inner", "lower_inner", "lower")}
    if p.marks.mouth_gap > _OPEN:
        _inside(p, curves, mouth)
    _lips(p, curves)


def _inside(p: Portrait, curves: dict[str, np.ndarray], mouth: dict[str, np.ndarray]) -> None:
    canvas, lamp, head = p.canvas, p.lamp, p.head
    cavity = canvas.shape(np.concatenate([curves["upper_inner"], curves["lower_inner"][::-1]]))
    canvas.paint(cavity, lamp.lit((62, 22, 24), shade=0.75))
    gap, half = p.marks.mouth_gap, abs(p.marks.mouth_corner(1)[0])
    top = float(mouth["upper_inner"][:, 1].min())
    low = float(mouth["lower_inner"][:, 1].max())
    if gap > 0.11:
        tongue = ellipse((0.0, low - 0.005), half * 0.62, min(0.11, gap * 0.42))
        body = canvas.shape(head.place(tongue), soft=p.px(0.012)).within(cavity)
        canvas.paint(body, lamp.lit((186, 84, 84), shade=0.78))
        groove = head.place(curve([(0.0, low - 0.09), (0.004, low - 0.04), (0.0, low)]))
        canvas.tint(canvas.strokes([groove], p.px(0.014), p.px(0.012)).within(body), 0.7, 0.6)
    enamel = mixed((236, 230, 220), (222, 204, 168), 0.7 * p.scene.looks.age)
    drop = min(0.085, gap * 0.85)
    edge = mouth["upper_inner"]
    rows = [_row(edge * np.array([0.86, 1.0]), drop)]
    if p.marks.move("lower_lip") > 0.02 or p.marks.move("corner_out") > 0.05:
        rows.append(_row(mouth["lower_inner"] * np.array([0.74, 1.0]), -min(0.05, gap * 0.35)))
    for row in rows:
        teeth = canvas.shape(head.place(row), soft=p.px(0.004)).within(cavity)
        canvas.paint(teeth, lamp.lit(enamel, shade=0.9))
        gaps = [head.place([(x * half, top - 0.06), (x * half * 0.98, low + 0.06)]) for x in _TEETH]
        canvas.tint(canvas.strokes(gaps, p.px(0.007)).within(teeth), (0.72, 0.64, 0.6), 0.55)
        for side in SIDES:
            dark = ellipse((side * half * 0.86, 0.5 * (top + low)), half * 0.34, 0.2)
            canvas.tint(canvas.shape(head.place(dark), soft=p.px(0.03)).within(teeth), (0.45, 0.4, 0.4), 0.75)
    under = curves["upper_inner"]
    band = np.concatenate([under - np.array([0, p.px(0.03)]), (under + np.array([0, p.px(0.022)]))[::-1]])
    canvas.tint(canvas.shape(band, soft=p.px(0.012)).within(cavity), 0.5, 0.6)


def _row(edge: np.ndarray, drop: float) -> np.ndarray:
    """Return a row of teeth that hangs from the edge of a lip. A negative drop makes it stand."""
    t = np.arange(len(edge)) / (len(edge) - 1)
    end = edge + np.stack([np.zeros_like(t), drop * (0.25 + 0.75 * 4.0 * t * (1.0 - t))], axis=1)
    return np.concatenate([edge - np.array([0.0, 0.3 * drop]), end[::-1]])


def _lips(p: Portrait, curves: dict[str, np.ndarray]) -> None:
    canvas, lamp, looks = p.canvas, p.lamp, p.scene.looks
    soft = p.px(0.009 if looks.makeup > 0.3 else 0.014)
    upper = canvas.shape(np.concatenate([curves["upper"], curves["upper_inner"][::-1]]), soft=soft)
    lower = canvas.shape(np.concatenate([curves["lower_inner"], curves["lower"][::-1]]), soft=soft)
    strength = 0.78 + 0.2 * looks.makeup
    canvas.paint(upper, lamp.lit(looks.lips, (0.0, 0.42, 0.91), 0.86), strength)
    canvas.paint(lower, lamp.lit(looks.lips, (0.0, -0.3, 0.95)), strength)
    _shine(p, curves, lower)
    line = curves["upper_inner"]
    closed = canvas.strokes([line], p.px(0.014), p.px(0.006))
    canvas.tint(closed, (0.42, 0.26, 0.26), 0.85)
    canvas.tint(canvas.strokes([curves["lower_inner"]], p.px(0.01), p.px(0.008)), (0.6, 0.4, 0.4), 0.45)
    for end in (0, -1):
        corner = ellipse(line[end], p.px(0.026), p.px(0.02))
        canvas.tint(canvas.shape(corner, soft=p.px(0.014)), (0.5, 0.36, 0.36), 0.75)


def _shine(p: Portrait, curves: dict[str, np.ndarray], lower: Mask) -> None:
    middle = 0.55 * curves["lower_inner"] + 0.45 * curves["lower"]
    n = len(middle)
    gloss = p.canvas.strokes([middle[n // 3 : n - n // 3]], p.px(0.022), p.px(0.016)).within(lower)
    colour = mixed(p.lamp.lit(p.scene.looks.lips), p.lamp.lit((255, 240, 236)), 0.6)
    p.canvas.paint(gloss, colour, 0.42 + 0.25 * p.scene.looks.makeup)
    creases = []
    for x in (-0.5, -0.3, -0.1, 0.12, 0.32, 0.52):
        i = round((x + 1.0) / 2.0 * (n - 1))
        creases.append(np.stack([curves["lower_inner"][i], 0.3 * curves["lower_inner"][i] + 0.7 * curves["lower"][i]]))
    p.canvas.tint(p.canvas.strokes(creases, p.px(0.008)).within(lower), (0.8, 0.7, 0.7), 0.4)
