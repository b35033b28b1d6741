"""Draws the surroundings of the face: backdrop, shoulders and clothes."""

from __future__ import annotations

import numpy as np

from ferspec.synthetic.chance import Chance
from ferspec.synthetic.description import Colour
from ferspec.synthetic.geometry import curve, ellipse
from ferspec.synthetic.landmarks import SIDES
from ferspec.synthetic.portrait import Portrait, darker, mixed


def draw_backdrop(portrait: Portrait) -> None:
    """Fill the picture with the scene's backdrop."""
    p, canvas, n = portrait, portrait.canvas, portrait.size
    kind = p.scene.setting.backdrop
    bright = 0.45 + 0.55 * min(1.0, sum(p.scene.light.key) / 3)
    one, two = (darker(c, bright) for c in p.scene.setting.backdrop_colours)
    canvas.pixels[...] = np.array([round(min(255, c)) for c in one], np.uint16)[:, None, None]
    chance = p.chance("backdrop")
    if kind == "plain":
        two = darker(one, 0.72)
    if kind in ("plain", "gradient"):
        at = (n * chance.uniform(0, 1), n * chance.uniform(0.5, 1.1))
        canvas.paint(canvas.shape(ellipse(at, 0.8 * n, 0.6 * n), soft=0.16 * n), two, 0.75)
    elif kind == "panels":
        _panels(p, chance, two)
    elif kind == "window":
        x, w = n * chance.uniform(-0.1, 0.8), n * chance.uniform(0.3, 0.5)
        frame = np.array([[x, -n], [x + w, -n], [x + w, 0.7 * n], [x, 0.7 * n]])
        canvas.paint(canvas.shape(frame, soft=0.025 * n), darker((240, 244, 248), bright), 0.85)
        bar = np.array([[x + 0.48 * w, -n], [x + 0.53 * w, -n], [x + 0.53 * w, 0.7 * n], [x + 0.48 * w, 0.7 * n]])
        canvas.paint(canvas.shape(bar, soft=0.015 * n), two, 0.8)
    else:
        _blobs(p, chance, kind, (one, two))


def _panels(p: Portrait, chance: Chance, colour: Colour) -> None:
    n, x = p.size, -0.1 * p.size
    while x < n:
        width = n * chance.uniform(0.06, 0.3)
        panel = np.array([[x, -5.0], [x + width, -5.0], [x + width, n + 5.0], [x, n + 5.0]])
        shade = mixed(colour, darker(colour, 0.55), chance.uniform())
        p.canvas.paint(p.canvas.shape(panel, soft=0.012 * n), shade, chance.uniform(0.2, 0.9))
        x += width + n * chance.uniform(0.03, 0.2)


def _blobs(p: Portrait, chance: Chance, kind: str, colours: tuple[Colour, Colour]) -> None:
    n = p.size
    for _ in range(9):
        at = (n * chance.uniform(-0.05, 1.05), n * chance.uniform(-0.05, 0.8))
        radius = n * (chance.uniform(0.03, 0.11) if kind == "bokeh" else chance.uniform(0.08, 0.2))
        colour = mixed(*colours, chance.uniform())
        colour = darker(colour, chance.uniform(1.0, 1.5) if kind == "bokeh" else chance.uniform(0.5, 1.1))
        if kind == "foliage":
            colour = mixed(colour, (70, 104, 60), 0.5)
        soft = 0.008 * n if kind == "bokeh" else 0.04 * n
        p.canvas.paint(p.canvas.shape(ellipse(at, radius, radius), soft=soft), colour, chance.uniform(0.35, 0.8))


def draw_clothes(portrait: Portrait) -> None:
    """Draw shoulders and collar."""
    p, canvas = portrait, portrait.canvas
    cloth, kind = p.scene.setting.clothes, p.scene.setting.collar
    neck = {"crew": 1.32, "vee": 1.3, "shirt": 1.2, "turtleneck": 1.12, "hood": 1.28}[kind]
    dip = {"crew": 1.52, "vee": 1.95, "shirt": 1.62, "turtleneck": 1.22, "hood": 1.55}[kind]
    half = 0.46 if kind != "turtleneck" else 0.44
    left = [(-1.75, 3.0), (-1.6, 2.0), (-1.25, 1.62), (-0.7, neck + 0.12), (-half, neck)]
    line = curve(
        [(-half, neck), (-0.28, 0.45 * neck + 0.55 * dip), (0.0, dip), (0.28, 0.45 * neck + 0.55 * dip), (half, neck)]
    )
    if kind == "vee":
        line = np.array([(-half, neck), (0.0, dip), (half, neck)])
    right = [(-x, y) for x, y in reversed(left)]
    body = canvas.shape(p.head.torso(np.concatenate([curve(left), line, curve(right)])), soft=p.px(0.008))
    canvas.paint(body, p.lamp.lit(cloth, (0.0, -0.2, 0.98), 0.85))
    for side in SIDES:
        zone = p.head.torso([(side * 0.75, 1.2), (side * 2.2, 1.2), (side * 2.2, 3.0), (side * 1.0, 3.0)])
        shade = p.lamp.lit(cloth, (0.72 * side, -0.1, 0.68), 0.72)
        canvas.paint(canvas.shape(zone, soft=p.px(0.14)).within(body), shade, 0.85)
    collar = p.head.torso(line)
    if kind == "shirt":
        for side in SIDES:
            flap = [
                (side * half, neck - 0.02),
                (side * 0.04, dip + 0.02),
                (side * 0.36, dip + 0.22),
                (side * 0.62, neck + 0.15),
            ]
            wing = canvas.shape(p.head.torso(flap), soft=p.px(0.006))
            canvas.paint(wing, p.lamp.lit(cloth, (0.3 * side, -0.4, 0.86), 1.05))
            canvas.tint(canvas.strokes([p.head.torso(flap[1:])], p.px(0.02), p.px(0.012)), 0.6, 0.7)
        return
    width = {"hood": 0.16, "turtleneck": 0.02}.get(kind, 0.045)
    if kind == "turtleneck":
        for side in SIDES:
            edge = p.head.torso(curve([(side * half, neck), (side * 0.46, 1.45), (side * 0.62, 1.6)]))
            canvas.tint(canvas.strokes([edge], p.px(0.03), p.px(0.03)).within(body), 0.6, 0.6)
    canvas.paint(
        canvas.strokes([collar], p.px(width), p.px(0.01)).within(body), p.lamp.lit(cloth, (0, -0.5, 0.86), 0.95)
    )
    under = collar + np.array([0.0, p.px(width * 0.7)])
    canvas.tint(canvas.strokes([under], p.px(0.025), p.px(0.02)).within(body), 0.6, 0.7)
