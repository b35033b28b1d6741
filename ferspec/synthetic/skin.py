"""Draws head, neck and ears, with the relief, folds, flush and freckles of the face."""

from __future__ import annotations

import numpy as np

from ferspec.synthetic.canvas import Mask
from ferspec.synthetic.geometry import Points, curve, ellipse
from ferspec.synthetic.landmarks import SIDES
from ferspec.synthetic.portrait import Portrait, darker, mixed
from ferspec.synthetic.relief import Relief

_SHALLOW = 0.015


def outline(portrait: Portrait, grow: float = 0.0) -> np.ndarray:
    """Return the smooth outline of the head in pixels."""
    points = portrait.marks.outline(grow)
    return curve(portrait.head.place(points[:, :2], depth=points[:, 2]), per=5, closed=True)


def draw_neck(portrait: Portrait) -> None:
    """Draw the neck, darker under the chin and towards the shadow side."""
    p, canvas = portrait, portrait.canvas
    skin, lamp = p.scene.looks.skin, p.lamp
    width = 0.4 + 0.4 * p.scene.shape.width + 0.15 * p.scene.shape.jaw
    points = [(-width, 0.5), (-width, 1.15), (-width - 0.1, 1.5), (-1.0, 1.75), (-1.0, 2.4)]
    sides = [[(x * -side, y) for x, y in points] for side in (1, -1)]
    neck = canvas.shape(np.concatenate([curve(p.head.torso(sides[0])), curve(p.head.torso(sides[1]))[::-1]]))
    canvas.paint(neck, lamp.lit(skin, (0.0, 0.1, 0.99), 0.86))
    for side in SIDES:
        shade = lamp.lit(skin, p.side_light(side), 0.74)
        band = [
            (side * width * 0.72, 0.4),
            (side * (width + 0.4), 0.4),
            (side * (width + 0.4), 2.4),
            (side * width, 2.4),
        ]
        canvas.paint(canvas.shape(p.head.torso(band), soft=p.px(0.09)).within(neck), shade, 0.8)
    drop = 0.24 - 0.25 * lamp.towards[1]
    under = outline(p, grow=0.02) + np.array([-0.16 * lamp.towards[0], drop]) * p.head.scale
    canvas.tint(canvas.shape(under, soft=p.px(0.06)).within(neck), (0.62, 0.52, 0.5), 0.85)
    for side in SIDES:
        tendon = curve(p.head.torso([(side * 0.34, 1.15), (side * 0.22, 1.5), (side * 0.1, 1.72)]))
        canvas.tint(canvas.strokes([tendon], p.px(0.03), p.px(0.03)).within(neck), 0.75, 0.4)


def draw_ears(portrait: Portrait) -> None:
    """Draw both ears, unless a headscarf hides them."""
    p = portrait
    if p.scene.looks.style == "headscarf":
        return
    size = 1.0 + p.scene.shape.ears
    w = p.marks.half_width
    for side in SIDES:
        outer = [(w - 0.06, -0.2), (w + 0.07 * size, -0.27), (w + 0.13 * size, -0.16), (w + 0.115 * size, 0.02)]
        outer += [(w + 0.06 * size, 0.17), (w - 0.02, 0.22), (w - 0.1, 0.1)]
        ear = p.canvas.shape(curve(p.head.place([(side * x, y) for x, y in outer], depth=-0.08), closed=True))
        p.canvas.paint(ear, p.lamp.lit(p.scene.looks.skin, p.side_light(side), 0.9))
        inner = [(w + 0.0, -0.12), (w + 0.06, -0.19), (w + 0.09, -0.1), (w + 0.06, 0.02), (w + 0.02, 0.1), (w, 0.02)]
        hollow = p.canvas.shape(curve(p.head.place([(side * x, y) for x, y in inner], depth=-0.06), closed=True))
        p.canvas.tint(hollow.within(ear), (0.72, 0.58, 0.56), 0.75)
        if p.scene.looks.earrings:
            at = p.head.place([(side * (w + 0.035), 0.25)], depth=-0.04)[0]
            p.canvas.paint(p.canvas.shape(ellipse(at, p.px(0.035), p.px(0.045))), p.lamp.lit((226, 196, 120)))


def draw_head(portrait: Portrait) -> Mask:
    """Draw the skin of the head with its relief, stains and nose; return its mask."""
    p = portrait
    relief = Relief(p.head, p.lamp, p.size)
    _form(p, relief)
    _folds(p, relief)
    _stains(p, relief)
    p.skin = relief.picture(p.scene.looks.skin, gloss=26.0 - 1.2 * p.scene.looks.tone + 10 * p.scene.looks.makeup)
    face = p.canvas.shape(outline(p))
    p.canvas.paint(face, p.skin)
    _freckles(p, face)
    _nose(p, face)
    return face


def _form(p: Portrait, relief: Relief) -> None:
    marks, shape = p.marks, p.scene.shape
    tip, age = marks.nose_tip, p.scene.looks.age
    for side in SIDES:
        ex, ey = marks.eye_centre(side)
        relief.bump((ex, ey + 0.01), (0.27, 0.2), -0.075)
        relief.bump(
            (ex * 0.95, ey - 0.2 - shape.brow_height), (0.3, 0.12), 0.026 + 0.03 * max(0.0, marks.move("furrow"))
        )
        relief.bump((ex, ey), (0.2, 0.13), 0.05)
        cheek = marks.move("cheek", side)
        relief.bump((side * 0.45, 0.2 - 0.06 * cheek), (0.3, 0.26), 0.045 + 0.02 * shape.cheekbones + 0.05 * cheek)
        relief.bump((side * 0.5, 0.5), (0.26, 0.3), -0.014 - 0.014 * shape.cheekbones)
        relief.bump((ex * 0.92, ey + 0.115), (0.15, 0.05), 0.012 + 0.02 * age + 0.012 * cheek)
        wing = marks.nose_wing(side)
        relief.bump((wing[0] * 0.9, wing[1]), (0.085, 0.085), 0.05, lift=0.06)
    bridge = 1.0 + 0.5 * shape.nose_bridge
    relief.bump((0.0, -0.04), (0.14, 0.36), 0.048 * bridge, lift=0.06)
    relief.bump((0.0, tip[1] - 0.15), (0.14 + 0.5 * shape.nose_width, 0.3), 0.055 * bridge, lift=0.1)
    relief.bump((0.0, tip[1] - 0.02), (0.14 + 0.7 * shape.nose_width, 0.14), 0.062, lift=0.15)
    relief.bump((0.0, marks.mouth_y), (0.36, 0.25), 0.04)
    relief.bump((0.0, 0.5 * (marks.mouth_y + tip[1]) + 0.05), (0.05, 0.09), -0.012)
    relief.bump((0.0, marks.chin - 0.19), (0.27, 0.19), 0.036 + 0.03 * shape.chin)
    relief.bump((0.0, marks.chin - 0.31), (0.24, 0.09), -0.02)
    relief.bump((0.0, -0.62), (0.5, 0.3), 0.05)


def _folds(p: Portrait, relief: Relief) -> None:
    marks, age = p.marks, p.scene.looks.age
    for side in SIDES:
        cheek, crow = marks.move("cheek", side), marks.move("crow", side)
        fold = 0.01 + 0.07 * age + 0.115 * marks.move("fold", side)
        _fold(p, relief, marks.fold(side)[None], 0.022, fold)
        ex, ey = marks.eye_centre(side)
        w = marks.eye_half_width
        bag = [(ex - side * 0.75 * w, ey + 0.085), (ex, ey + 0.125), (ex + side * 0.7 * w, ey + 0.095)]
        _fold(p, relief, [bag], 0.022, 0.02 + 0.08 * age + 0.06 * cheek)
        near, far = ex + side * (w + 0.05), ex + side * (w + 0.15)
        feet = [
            [(near, ey + dy), (0.5 * (near + far), ey + 1.7 * dy), (far, ey + 2.4 * dy)] for dy in (-0.025, 0.012, 0.05)
        ]
        _fold(p, relief, feet, 0.012, crow * (0.045 + 0.1 * age) + 0.07 * max(0.0, age - 0.4))
        x, y = marks.mouth_corner(side)
        line = [(x + side * dx, y + dy) for dx, dy in ((0.02, 0.01), (0.035, 0.06), (0.04, 0.13))]
        _fold(p, relief, [line], 0.022, 0.07 * marks.move("marionette", side) + 0.04 * max(0.0, age - 0.4))
    inner, outer = marks.move("brow_inner"), marks.move("brow_outer")
    forehead = []
    for y in (-0.5, -0.6, -0.7):
        end, lift = y + 0.03 - 0.3 * outer, y - 0.3 * (inner + outer)
        forehead.append([(-0.4, end), (-0.2, lift), (0.0, y + 0.012 - 0.5 * inner), (0.2, lift), (0.4, end)])
    raised = min(1.0, marks.move("forehead"))
    _fold(p, relief, forehead, 0.012, raised * (0.05 + 0.08 * age) + 0.05 * max(0.0, age - 0.25))
    by = marks.eye_centre(1)[1] - 0.19
    furrows = [[(0.9 * x, by - 0.085), (x, by - 0.01), (0.8 * x, by + 0.05)] for x in (-0.055, 0.06)]
    _fold(p, relief, furrows, 0.012, 0.105 * min(1.0, marks.move("furrow")) + 0.03 * max(0.0, age - 0.3))
    wrinkles = [[(-0.09, y - 0.025), (0.0, y + 0.012), (0.09, y - 0.025)] for y in (-0.13, -0.08, -0.03)]
    wrinkles += [[(side * 0.08, 0.0), (side * 0.15, 0.09), (side * 0.16, 0.17)] for side in SIDES]
    _fold(p, relief, wrinkles, 0.012, 0.11 * min(1.0, marks.move("wrinkle")), lift=0.05)
    cy = marks.chin - 0.2
    dimple = [[(-0.13, cy - 0.03), (0.0, cy - 0.085), (0.13, cy - 0.03)]]
    _fold(p, relief, dimple, 0.022, 0.1 * min(1.0, marks.move("dimple")) + 0.02)


def _fold(p: Portrait, relief: Relief, lines: Points, width: float, depth: float, lift: float = 0.0) -> None:
    if depth > _SHALLOW:
        relief.groove(list(p.head.place(curve(lines), lift)), width, depth)


def _stains(p: Portrait, relief: Relief) -> None:
    marks, looks = p.marks, p.scene.looks
    lamp, tip = p.lamp, marks.nose_tip
    red = 0.13 * looks.flush + 0.14 * looks.makeup
    for side in SIDES:
        ex, ey = marks.eye_centre(side)
        cheek = marks.move("cheek", side)
        relief.stain((side * 0.44, 0.24 - 0.06 * cheek), (0.3, 0.24), (1.0, 1.0 - red, 1.0 - 0.9 * red))
        relief.stain((ex * 0.93, ey), (0.24, 0.17), (0.86, 0.8, 0.8))
        relief.stain((ex * 0.72, ey - 0.03), (0.12, 0.14), 0.82)
        relief.stain((ex * 0.95, ey + 0.1), (0.17, 0.07), (0.93, 0.88, 0.91))
        relief.stain((side * 0.84, 0.05), (0.34, 0.9), 0.8)
        wing = marks.nose_wing(side)
        relief.stain((wing[0] * 1.15, wing[1] + 0.03), (0.07, 0.08), (0.84, 0.76, 0.74), lift=0.03)
    relief.stain((0.0, tip[1]), (0.17, 0.14), (1.0, 1.0 - 0.7 * red, 1.0 - 0.6 * red), lift=0.12)
    across = -0.09 * lamp.towards[0] - 0.1 * p.head.yaw[1]
    strength = 0.26 * min(1.0, 2.4 * abs(lamp.towards[0]))
    relief.stain((across * 1.6, tip[1] - 0.02), (0.12, 0.22), (1 - 0.8 * strength, 1 - strength, 1 - strength))
    below = max(0.08, 0.26 - 0.5 * lamp.towards[1])
    relief.stain((across, tip[1] + 0.1), (0.2, 0.1), (1 - 0.75 * below, 1 - 0.9 * below, 1 - 0.9 * below))
    mouth = marks.mouth
    low = float(mouth["lower"][:, 1].max())
    relief.stain((0.0, low + 0.035), (0.2, 0.06), (0.8, 0.72, 0.7))
    relief.stain((0.0, -1.0), (0.8, 0.25), 0.9)
    if looks.beard in ("stubble", "full"):
        for at, radius in (((0.0, 0.82), (0.5, 0.3)), ((-0.42, 0.62), (0.3, 0.4)), ((0.42, 0.62), (0.3, 0.4))):
            relief.stain(at, radius, (0.85, 0.86, 0.88))
        relief.stain((0.0, 0.5 * (marks.mouth_y + tip[1]) + 0.05), (0.3, 0.1), (0.8, 0.82, 0.86))


def _freckles(p: Portrait, face: Mask) -> None:
    looks = p.scene.looks
    chance = p.chance("freckles")
    many = round(46 * looks.freckles) + round(8 * max(0.0, looks.age - 0.4)) + chance.index(3)
    if many:
        at = chance.around(many, 2) * (0.62, 0.3) + (0.0, 0.14)
        radius = p.px(1.0) * chance.numbers(many, 1, 1, low=0.006, high=0.016)
        spots = p.head.place(at)[:, None, :] + radius * ellipse((0.0, 0.0), 1.0, 1.0)
        p.canvas.tint(p.canvas.shape(*spots).within(face), (0.78, 0.62, 0.52), 0.6)


def _nose(p: Portrait, face: Mask) -> None:
    tip, canvas, skin = p.marks.nose_tip, p.canvas, p.scene.looks.skin
    dark = mixed(darker(p.lamp.lit(skin), 0.25), (40, 16, 14), 0.4)
    for side in SIDES:
        wing = p.marks.nose_wing(side)
        hole = ellipse((wing[0] * 0.52, tip[1] + 0.067), 0.3 * abs(wing[0]) + 0.008, 0.021, side * -14.0)
        canvas.paint(canvas.shape(p.head.place(hole, lift=0.07), soft=p.px(0.008)).within(face), dark, 0.8)
        edge = [
            (wing[0] * 0.98, wing[1] - 0.075),
            (wing[0] * 1.12, wing[1] - 0.01),
            (wing[0] * 0.99, wing[1] + 0.055),
            (wing[0] * 0.7, wing[1] + 0.058),
        ]
        line = p.head.place(curve(edge), lift=0.05)
        canvas.tint(canvas.strokes([line], p.px(0.016), p.px(0.012)).within(face), (0.6, 0.46, 0.42), 0.62)
    base = p.head.place(curve([(-0.05, tip[1] + 0.085), (0.0, tip[1] + 0.1), (0.05, tip[1] + 0.085)]), lift=0.1)
    canvas.tint(canvas.strokes([base], p.px(0.02), p.px(0.014)).within(face), (0.62, 0.5, 0.46), 0.6)
