"""Draws glasses, a mask, a hand, hair or a scarf over the face."""

from __future__ import annotations

import numpy as np

from ferspec.synthetic.geometry import curve, ellipse
from ferspec.synthetic.landmarks import SIDES
from ferspec.synthetic.portrait import Portrait, darker, mixed


def draw_occlusion(portrait: Portrait) -> None:
    """Draw the occlusion of the scene, if it has one."""
    kind = portrait.scene.occlusion.kind
    if kind != "none":
        _DRAW[kind](portrait)


def _lens(p: Portrait, side: int) -> np.ndarray:
    """Return the outline of a lens; ``where`` ranges from round (0) to rectangular (1) frames."""
    x, y = p.marks.eye_centre(side)
    square = p.scene.occlusion.where
    w, h = 0.235, 0.2 - 0.055 * square
    ring = ellipse((0.0, 0.0), 1.0, 1.0)
    fourth = ring * ring * ring * ring
    box = ring / np.sqrt(np.sqrt(fourth[:, :1] + fourth[:, 1:]))
    ring = ring + square * (box - ring)
    return np.stack([x + side * 0.02 + ring[:, 0] * w, y + 0.03 + ring[:, 1] * h], axis=1)


def _glasses(p: Portrait) -> None:
    canvas, head, lamp = p.canvas, p.head, p.lamp
    dark = p.scene.occlusion.kind == "sunglasses"
    frame = lamp.lit(darker(p.scene.occlusion.colour, 0.35 if p.scene.occlusion.where < 0.6 else 0.7))
    thick = p.px(0.022 + 0.022 * p.scene.occlusion.where)
    w = p.marks.half_width
    for side in SIDES:
        rim = head.place(_lens(p, side), lift=0.1)
        lens = canvas.shape(rim)
        canvas.tint(canvas.shape(rim + np.array([0, p.px(0.04)]), soft=p.px(0.02)), 0.8, 0.35)
        if dark:
            canvas.paint(lens, lamp.lit((26, 26, 32)), 0.93)
        low, high = rim.min(axis=0), rim.max(axis=0)
        span = high - low
        corners = [(0.1, 1.0), (0.42, 0.0), (0.62, 0.0), (0.3, 1.0)]
        glare = np.array([low + span * np.array(c) for c in corners])
        canvas.paint(canvas.shape(glare, soft=p.px(0.02)).within(lens), lamp.lit((235, 240, 248)), 0.2)
        closed = np.concatenate([rim, rim[:1]])
        canvas.paint(canvas.strokes([closed], thick), frame, 0.95)
        x, y = p.marks.eye_centre(side)
        near = head.place([(x + side * 0.25, y - 0.03)], lift=0.1)
        far = head.place([(side * (w + 0.02), y - 0.06)], depth=-0.02)
        canvas.paint(canvas.strokes([np.concatenate([near, far])], thick), frame, 0.9)
    (lx, y), (rx, _) = p.marks.eye_centre(-1), p.marks.eye_centre(1)
    bridge = head.place(curve([(lx + 0.22, y - 0.01), (0.0, y - 0.05), (rx - 0.22, y - 0.01)]), lift=0.14)
    canvas.paint(canvas.strokes([bridge], thick), frame, 0.95)


def _mask(p: Portrait) -> None:
    canvas, head, marks = p.canvas, p.head, p.marks
    w, top = marks.half_width, 0.02 + 0.1 * p.scene.occlusion.where
    ends = [(-0.9 * w, top + 0.14), (-0.45, top + 0.06), (0.0, top - 0.02), (0.45, top + 0.06), (0.9 * w, top + 0.14)]
    low = [(0.8 * w, 0.62), (0.42, 0.95 + 0.8 * marks.jaw), (0.0, marks.chin + 0.07), (-0.42, 0.95 + 0.8 * marks.jaw)]
    outline = np.concatenate([curve(ends), curve([*low, (-0.8 * w, 0.62)])])
    lift = np.where(np.abs(outline[:, 0]) < 0.3, 0.12, 0.04)
    edge = head.place(outline, lift)
    colour = mixed((214, 226, 232), p.scene.occlusion.colour, 0.35)
    canvas.tint(canvas.shape(edge + np.array([0, p.px(0.03)]), soft=p.px(0.03)), 0.7, 0.5)
    for side in SIDES:
        strap = head.place([(side * 0.86 * w, top + 0.18), (side * (w + 0.03), -0.02)], depth=0.1)
        canvas.paint(canvas.strokes([strap], p.px(0.018)), p.lamp.lit((236, 236, 236)))
    cloth = canvas.shape(edge)
    canvas.paint(cloth, p.lamp.lit(colour, (0.0, 0.1, 0.99)))
    for side in SIDES:
        zone = head.place(ellipse((side * 0.62, 0.5), 0.34, 0.6), lift=0.05)
        shade = p.lamp.lit(colour, p.side_light(side), 0.92)
        canvas.paint(canvas.shape(zone, soft=p.px(0.1)).within(cloth), shade, 0.8)
    canvas.tint(canvas.shape(head.place(ellipse((0, 0.98), 0.6, 0.25)), soft=p.px(0.09)).within(cloth), 0.72, 0.7)
    pleats = [head.place(curve([(-0.7 * w, y), (0.0, y + 0.05), (0.7 * w, y)]), lift=0.08) for y in (0.36, 0.52, 0.68)]
    canvas.tint(canvas.strokes(pleats, p.px(0.02), p.px(0.014)).within(cloth), 0.7, 0.6)


def _finger(points: np.ndarray, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the outline and the tip of a finger along points in pixels."""
    line = curve(points, per=5)
    n = len(line)
    step = line[1:] - line[:-1]
    first = np.concatenate([step, step[-1:]])
    length = np.sqrt(first[:, 0] * first[:, 0] + first[:, 1] * first[:, 1]) + 1e-9
    normal = np.stack([-first[:, 1], first[:, 0]], axis=1) / length[:, None]
    t = np.arange(n) / (n - 1)
    half = width * (0.56 - 0.1 * t)
    end = np.maximum(0.0, (t - 0.86) / 0.14)
    half = half * np.sqrt(np.maximum(0.0, 1.0 - 0.85 * end * end))
    across = normal * half[:, None]
    return np.concatenate([line + across, (line - across)[::-1]]), line[-2]


def _hand(p: Portrait) -> None:
    """Draw a hand with four fingers at the mouth, cheek or brow."""
    canvas, lamp, skin = p.canvas, p.lamp, p.scene.looks.skin
    where = p.scene.occlusion.where
    side = 1 if where * 10 % 1 < 0.5 else -1
    if where < 0.5:
        vectors = ((0.4, p.marks.mouth_y + 0.16), (-0.95, -0.12), (0.04, 1.0))
    elif where < 0.7:
        vectors = ((0.5, 0.62), (-0.12, -0.85), (1.0, 0.12))
    else:
        vectors = ((0.72, -0.5), (-0.9, 0.16), (-0.03, 1.0))
    base, direction, spread = (np.array([side * x, y]) for x, y in vectors)
    for i, length in enumerate((0.51, 0.57, 0.54, 0.43)):
        root = base + spread * (0.015 + 0.135 * i)
        tip = root + direction * length
        middle = 0.5 * (root + tip) + np.array([0.0, -0.035])
        outline, end = _finger(_before(p, np.array([root - direction * 0.2, root, middle, tip])), p.px(0.135))
        canvas.tint(canvas.shape(outline + np.array([0, p.px(0.028)]), soft=p.px(0.02)), (0.55, 0.45, 0.42), 0.6)
        finger = canvas.shape(outline)
        canvas.paint(finger, lamp.lit(skin, (0.25 * side, -0.05, 0.96), 0.97))
        rim = canvas.strokes([outline], p.px(0.03), p.px(0.016)).within(finger)
        canvas.tint(rim, (0.62, 0.5, 0.46), 0.6)
        nail = ellipse(end, p.px(0.036), p.px(0.03))
        canvas.paint(canvas.shape(nail).within(finger), lamp.lit(mixed(skin, (240, 196, 188), 0.5)), 0.7)
        joint = ellipse(0.5 * (outline[len(outline) // 4] + outline[-len(outline) // 4]), p.px(0.04), p.px(0.05))
        canvas.tint(canvas.shape(joint, soft=p.px(0.02)).within(finger), (0.86, 0.76, 0.74), 0.6)
    _back_of_hand(p, base, direction, spread, side)


def _back_of_hand(p: Portrait, base: np.ndarray, direction: np.ndarray, spread: np.ndarray, side: int) -> None:
    canvas, lamp, skin = p.canvas, p.lamp, p.scene.looks.skin
    wrist = base - direction * 0.55 + spread * 0.3 + np.array([0.06 * side, 0.35])
    arm = wrist + np.array([0.25 * side, 1.6])
    points = [base - spread * 0.055, base + direction * 0.05 + spread * 0.21, base + spread * 0.49]
    out = side if abs(direction[1]) > abs(direction[0]) else -side
    thick, thin = np.array([0.22 * out, 0.0]), np.array([0.18 * out, 0.12])
    points += [wrist + thin, arm + thick, arm - thick, wrist - thin]
    points += [base - direction * 0.32 - spread * 0.01]
    edge = _before(p, curve(np.array(points), closed=True))
    back = canvas.shape(edge, soft=p.px(0.014))
    canvas.paint(back, lamp.lit(skin, (0.3 * side, 0.05, 0.95), 0.95))
    canvas.tint(canvas.strokes([edge], p.px(0.07), p.px(0.05)).within(back), (0.66, 0.54, 0.5), 0.6)
    for i in range(4):
        root = base + spread * (0.015 + 0.135 * i)
        knuckle = ellipse(_before(p, (root - direction * 0.05)[None])[0], p.px(0.045), p.px(0.04))
        canvas.paint(canvas.shape(knuckle, soft=p.px(0.025)).within(back), lamp.lit(skin, (0.0, -0.4, 0.9), 1.08), 0.7)
        tendon = _before(p, np.array([root - direction * 0.1, root - direction * 0.32 + spread * 0.03 * (1.5 - i)]))
        canvas.tint(canvas.strokes([tendon], p.px(0.02), p.px(0.02)).within(back), (0.8, 0.7, 0.68), 0.5)


def _before(p: Portrait, points: np.ndarray) -> np.ndarray:
    """Return points just in front of the face in pixels."""
    return p.head.place(points, depth=0.62)


def _lock(p: Portrait) -> None:
    """Draw a lock of hair that falls over one eye and the cheek."""
    canvas, head = p.canvas, p.head
    side = 1 if p.scene.occlusion.where < 0.5 else -1
    w, low = p.marks.half_width, 0.1 + 0.7 * (p.scene.occlusion.where * 2 % 1)
    outer = [(side * 0.05, -1.02), (side * 0.6, -0.85), (side * (w + 0.01), -0.3), (side * (w + 0.02), low + 0.2)]
    inner = [(side * 0.52, low), (side * 0.3, -0.1), (side * 0.08, -0.5), (side * -0.02, -0.95)]
    edge = np.concatenate([curve(head.place(outer, lift=0.06)), curve(head.place(inner, lift=0.06))])
    canvas.tint(canvas.shape(edge - np.array([side * p.px(0.04), -p.px(0.03)]), soft=p.px(0.03)), 0.6, 0.6)
    mask = canvas.shape(edge, soft=p.px(0.008))
    colour = p.scene.looks.hair
    canvas.paint(mask, p.lamp.lit(colour, (0.3 * side, 0.0, 0.95), 0.85))
    chance = p.chance("lock")
    a, b = curve(head.place(outer, lift=0.06)), curve(head.place(inner, lift=0.06))[::-1]
    lines = []
    for _ in range(40):
        share = chance.uniform(0.02, 0.98)
        lines.append(a + (b - a) * share + p.px(chance.near(0, 0.02)))
    canvas.paint(canvas.strokes(lines[:22], p.px(0.012)).within(mask), p.lamp.lit(colour, shade=0.45), 0.5)
    light = mixed(p.lamp.lit(colour, (0, -0.4, 0.9), 1.3), p.lamp.lit((255, 244, 230)), 0.08)
    canvas.paint(canvas.strokes(lines[22:], p.px(0.01)).within(mask), light, 0.45)


def _scarf(p: Portrait) -> None:
    """Draw a scarf over the chin, or over the mouth as well."""
    canvas, lamp, colour = p.canvas, p.lamp, p.scene.occlusion.colour
    top = 0.86 - 0.5 * p.scene.occlusion.where
    upper = [(-1.0, top + 0.12), (-0.7, top), (-0.3, top + 0.1), (0.0, top + 0.13), (0.35, top + 0.06)]
    upper += [(0.72, top - 0.04), (1.0, top + 0.12)]
    lower = [(1.15, top + 0.7), (1.05, 2.6), (-1.05, 2.6), (-1.15, top + 0.7)]
    upper_px = p.head.place(curve(upper), depth=0.3)
    edge = np.concatenate([upper_px, curve(p.head.torso(lower))])
    canvas.tint(canvas.shape(edge - np.array([0, p.px(0.05)]), soft=p.px(0.04)), (0.55, 0.48, 0.46), 0.6)
    mask = canvas.shape(edge, soft=p.px(0.012))
    canvas.paint(mask, lamp.lit(colour, (0.0, 0.0, 1.0), 0.9))
    for side in SIDES:
        zone = p.head.place(ellipse((side * 1.0, top + 0.5), 0.4, 0.9), depth=0.3)
        canvas.paint(canvas.shape(zone, soft=p.px(0.12)).within(mask), lamp.lit(colour, p.side_light(side), 0.8), 0.8)
    folds = []
    for row in range(4):
        y = 0.09 + 0.2 * row
        points = [
            (-0.98, top + y + 0.08),
            (-0.4, top + y + 0.1),
            (0.2, top + y + 0.16 - 0.05 * row),
            (0.98, top + y - 0.02),
        ]
        folds.append(p.head.place(curve(points), depth=0.3))
    canvas.tint(canvas.strokes(folds, p.px(0.05), p.px(0.03)).within(mask), 0.6, 0.7)
    light = [line - np.array([0, p.px(0.06)]) for line in folds]
    canvas.paint(
        canvas.strokes(light, p.px(0.03), p.px(0.03)).within(mask), lamp.lit(colour, (0, -0.5, 0.87), 1.2), 0.5
    )


_DRAW = {"glasses": _glasses, "sunglasses": _glasses, "mask": _mask, "hand": _hand, "hair": _lock, "scarf": _scarf}
