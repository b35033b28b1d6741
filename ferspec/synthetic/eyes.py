"""Draws eyes and brows."""

from __future__ import annotations

import numpy as np

from ferspec.synthetic.geometry import ellipse, ribbon
from ferspec.synthetic.landmarks import SIDES
from ferspec.synthetic.portrait import Portrait, darker, mixed

_IRIS = 0.079
_HAIRS = 48


def draw_eyes(portrait: Portrait) -> None:
    """Draw both eyes: white, iris, pupil, highlight, lids, crease and lashes."""
    for side in SIDES:
        _eye(portrait, side)


def _eye(p: Portrait, side: int) -> None:
    canvas, head, lamp, looks = p.canvas, p.head, p.lamp, p.scene.looks
    upper, lower = p.marks.lids(side)
    x, y = p.marks.eye_centre(side)
    lift = 0.02
    top, bottom = head.place(upper, lift), head.place(lower, lift)
    eye = canvas.shape(np.concatenate([top, bottom[::-1]]))
    facing = (0.2 * side, 0.0, 0.98)
    white = lamp.lit((232, 226, 222), facing, 0.92)
    canvas.paint(eye, white)
    corner = head.place([(x - side * p.marks.eye_half_width * 0.94, y + 0.024)], lift)[0]
    canvas.paint(canvas.shape(ellipse(corner, p.px(0.026), p.px(0.02))).within(eye), lamp.lit((206, 138, 128)), 0.8)

    gx, gy = p.marks.gaze
    centre = (x + 0.045 * gx, y - 0.008 + 0.022 * gy)
    iris = canvas.shape(head.place(ellipse(centre, _IRIS, _IRIS), lift)).within(eye)
    colour = lamp.lit(looks.iris, facing)
    canvas.paint(iris, darker(colour, 0.45))
    inner = canvas.shape(head.place(ellipse(centre, _IRIS * 0.86, _IRIS * 0.86), lift), soft=p.px(0.008)).within(eye)
    canvas.paint(inner, colour)
    glow = ellipse((centre[0], centre[1] + 0.035), _IRIS * 0.6, _IRIS * 0.42)
    light = mixed(darker(colour, 1.35), (200, 170, 130), 0.12)
    canvas.paint(canvas.shape(head.place(glow, lift), soft=p.px(0.012)).within(iris), light, 0.7)
    canvas.paint(canvas.shape(head.place(ellipse(centre, 0.034, 0.034), lift)).within(iris), (14, 10, 10))

    shadow = np.concatenate([top - np.array([0.0, p.px(0.05)]), (top + np.array([0.0, p.px(0.026)]))[::-1]])
    canvas.tint(canvas.shape(shadow, soft=p.px(0.014)).within(eye), (0.5, 0.47, 0.48), 0.75)
    spark = (centre[0] + 0.045 * lamp.towards[0], centre[1] - 0.026 + 0.03 * lamp.towards[1])
    shine = canvas.shape(head.place(ellipse(spark, 0.017, 0.017), lift)).within(eye)
    canvas.paint(shine, lamp.lit((255, 255, 255), lamp.towards, 1.1), 0.92)
    _lids(p, side, upper, lower)


def _lids(p: Portrait, side: int, upper: np.ndarray, lower: np.ndarray) -> None:
    canvas, head, looks, lift = p.canvas, p.head, p.scene.looks, 0.02
    t = np.arange(len(upper)) / (len(upper) - 1)
    rise = 0.2 + 0.8 * (4.0 * t * (1.0 - t))
    gap = 0.022 + 0.028 * p.scene.shape.crease
    crease = upper - np.stack([np.zeros_like(t), rise * gap], axis=1)
    lid = canvas.shape(head.place(np.concatenate([upper, crease[::-1]]), lift), soft=p.px(0.006))
    canvas.tint(lid, mixed((0.86, 0.8, 0.78), (0.55, 0.42, 0.46), 0.8 * looks.makeup), 0.8)
    line = ribbon(head.place(crease, lift), p.px(0.02) * (0.25 + 0.75 * 4.0 * t * (1.0 - t)))
    canvas.tint(canvas.shape(line, soft=p.px(0.008)), (0.5, 0.38, 0.36), 0.35 + 0.4 * p.scene.shape.crease)

    lash = mixed(darker(p.scene.looks.hair, 0.3), (18, 12, 12), 0.7)
    thick = p.px(0.019 + 0.014 * looks.makeup) * (0.35 + 1.4 * t - 0.75 * t * t)
    wing = upper.copy()
    wing[-1] += np.array([side * 0.022, -0.012])
    canvas.paint(canvas.shape(ribbon(head.place(wing, lift), thick), soft=p.px(0.004)), lash, 0.92)
    low = ribbon(head.place(lower, lift), p.px(0.011) * (0.3 + 0.9 * t))
    canvas.tint(canvas.shape(low, soft=p.px(0.005)), (0.52, 0.38, 0.36), 0.6 + 0.3 * looks.makeup)
    rim = lower + np.array([0.0, 0.013])
    canvas.paint(canvas.strokes([head.place(rim[2:-2], lift)], p.px(0.012), p.px(0.008)), p.lamp.lit(looks.skin), 0.22)


def draw_brows(portrait: Portrait) -> None:
    """Draw both brows: a soft body with single hairs along it."""
    p = portrait
    chance = p.chance("brows")
    hair = mixed(p.scene.looks.hair, darker(p.scene.looks.skin, 0.5), 0.25)
    colour = p.lamp.lit(darker(hair, 0.72))
    bushy = p.scene.shape.brow_thickness
    for side in SIDES:
        line, thickness = p.marks.brow(side)
        middle = p.head.place(line, lift=0.03)
        body = p.canvas.shape(ribbon(middle, p.px(1.0) * thickness * 0.9), soft=p.px(0.012))
        p.canvas.paint(body, colour, 0.42 + 0.18 * bushy)
        at = chance.numbers(_HAIRS, low=0, high=len(line) - 1.001)
        step = at.astype(int)
        start = line[step] + (line[step + 1] - line[step]) * (at - step)[:, None]
        start[:, 1] += chance.numbers(_HAIRS, low=-0.5, high=0.45) * thickness[step]
        share = at / (len(line) - 1)
        reach = np.stack([side * (0.014 + 0.04 * share), -0.032 + 0.046 * share], axis=1)
        hairs = p.head.place(np.stack([start, start + reach], axis=1), lift=0.03)
        p.canvas.paint(p.canvas.strokes(hairs, p.px(0.007)), darker(colour, 0.7), 0.7)
