"""Draws hair, headscarves and hats, behind the head and on it."""

from __future__ import annotations

import numpy as np

from ferspec.synthetic.canvas import Mask
from ferspec.synthetic.description import Colour
from ferspec.synthetic.geometry import curve, ellipse
from ferspec.synthetic.landmarks import SIDES
from ferspec.synthetic.portrait import Portrait, darker, mixed
from ferspec.synthetic.tables import table


def style_of(portrait: Portrait) -> dict:
    """Return the table row of the scene's hair style."""
    return table("looks")["styles"][portrait.scene.looks.style]


def _colour(p: Portrait) -> Colour:
    return p.scene.looks.cloth if style_of(p)["texture"] == "cloth" else p.scene.looks.hair


def draw_back_hair(portrait: Portrait) -> None:
    """Draw the hair that hangs behind head and neck."""
    p, style = portrait, style_of(portrait)
    if style["front"] != "none":
        scalp = p.canvas.shape(_crown(p, style), soft=p.px(0.012))
        p.canvas.paint(scalp, p.lamp.lit(_colour(p), (0.0, 0.25, 0.97), 0.6))
    if style["back"] < -1:
        if p.scene.looks.style == "bun":
            _bun(p)
        return
    w, off, low = p.marks.half_width, style["width"], style["back"]
    top = -1.1 - style["volume"]
    right = [(0.0, top), (0.5, top + 0.12), (w + 0.55 * off, -0.6), (w + off, 0.0), (w + off * 1.15, 0.5 * low + 0.2)]
    right += [(w + off * 0.9, max(0.3, low - 0.15)), (w * 0.75, low), (0.0, low)]
    points = np.array(right + [(-x, y) for x, y in right[-2:0:-1]])
    edge = _wavy(p, p.head.place(points, depth=-0.15), style["texture"])
    mask = p.canvas.shape(edge, soft=p.px(0.012))
    colour = _colour(p)
    p.canvas.paint(mask, p.lamp.lit(colour, (0.0, 0.25, 0.97), 0.6))
    for side in SIDES:
        band = [(side * (w + 0.5 * off), -0.9), (side * (w + 1.6 * off), -0.2), (side * (w + 1.4 * off), low)]
        glow = p.head.place([*band, (side * w * 0.98, low), (side * (w - 0.02), -0.4)], depth=-0.15)
        canvas_mask = p.canvas.shape(glow, soft=p.px(0.07)).within(mask)
        p.canvas.paint(canvas_mask, p.lamp.lit(colour, p.side_light(side), 0.85), 0.75)
        if style["texture"] != "cloth":
            _locks(p, side, mask, style)


def draw_wrap(portrait: Portrait) -> None:
    """Draw the part of a headscarf that lies around neck and shoulders."""
    p = portrait
    if p.scene.looks.style != "headscarf":
        return
    right = [(0.74, 0.2), (0.86, 0.8), (0.98, 1.3), (1.3, 1.7), (0.7, 2.05), (0.0, 2.15)]
    edge = curve(p.head.torso(right + [(-x, y) for x, y in right[-2::-1]]), closed=True)
    mask, colour = p.canvas.shape(edge, soft=p.px(0.012)), _colour(p)
    p.canvas.paint(mask, p.lamp.lit(colour, (0.0, 0.1, 0.99), 0.85))
    for side in SIDES:
        zone = p.head.torso(ellipse((side * 1.1, 1.2), 0.5, 1.0))
        shade = p.lamp.lit(colour, p.side_light(side), 0.8)
        p.canvas.paint(p.canvas.shape(zone, soft=p.px(0.12)).within(mask), shade, 0.8)
    folds = [[(-0.8, 0.7 + y), (-0.2, 1.3 + y), (0.5, 1.25 + y), (0.95, 0.8 + y)] for y in (-0.05, 0.18, 0.42, 0.7)]
    p.canvas.tint(p.canvas.strokes(curve(p.head.torso(folds)), p.px(0.04), p.px(0.03)).within(mask), 0.66, 0.7)
    shadow = p.head.place(ellipse((0.0, 0.75), 0.55, 0.5), depth=0.2)
    p.canvas.tint(p.canvas.shape(shadow, soft=p.px(0.1)).within(mask), 0.6, 0.7)


def _locks(p: Portrait, side: int, mask: Mask, style: dict) -> None:
    """Draw strands from the temples to the ends. Neighbours are similar, so that they form locks."""
    chance = p.chance(f"locks{side}")
    w, off, low = p.marks.half_width, style["width"], style["back"]
    wave = {"straight": 0.008, "wavy": 0.045, "curly": 0.06}.get(style["texture"], 0.0)
    n = 70
    across = chance.numbers(n, 1)
    heights = np.array([-0.75, -0.3, 0.1, 0.5 * (low + 0.1), low])
    phase = np.array([0.0, 1.0, -1.0, 1.0, -1.0]) * (1.0 - 2.0 * ((across * 5.0).astype(int) % 2))
    fan = np.array([0.72, 0.92, 1.0, 1.04, 1.0])
    x = fan * (w * 0.75 + (0.25 * w + 1.15 * off) * across) + wave * phase + chance.around(n, 5, spread=0.015)
    points = np.stack([side * x, np.broadcast_to(heights, x.shape) + chance.around(n, 5, spread=0.06)], axis=2)
    _strands(p, curve(p.head.place(points, depth=-0.12)), mask, _colour(p), 0.5)


def _bun(p: Portrait) -> None:
    knot = p.head.place(ellipse((0.12 * p.scene.looks.parting, -1.28), 0.3, 0.25), depth=-0.2)
    mask = p.canvas.shape(knot, soft=p.px(0.01))
    p.canvas.paint(mask, p.lamp.lit(_colour(p), (0.0, -0.3, 0.95), 0.75))
    centre = (0.12 * p.scene.looks.parting, -1.25)
    radii = p.chance("bun").numbers(24, low=0.05, high=0.29)
    rings = np.stack([ellipse(centre, r, 0.85 * r) for r in radii.tolist()])
    _strands(p, p.head.place(rings, depth=-0.2), mask, _colour(p), 0.5)


def _wavy(p: Portrait, edge: np.ndarray, texture: str) -> np.ndarray:
    """Return the outline of the hair: even for straight hair, ragged for curls."""
    path = curve(edge, per=6, closed=True)
    if texture == "cloth":
        return path
    middle = path[::6].sum(axis=0) / len(path[::6])
    amount = {"straight": 0.012, "wavy": 0.03, "curly": 0.06}.get(texture, 0.008)
    wobble = 1.0 + amount * p.chance("edge").numbers(len(path), 1, low=-1, high=1)
    return curve(middle + (path - middle) * wobble, per=3, closed=True)


_LINES = {
    "parted": [(1.04, 0.72), (0.95, 0.25), (0.89, -0.18), (0.79, -0.5), (0.5, -0.78)],
    "swept": [(0.99, 0.1), (0.93, -0.2), (0.88, -0.42), (0.72, -0.64), (0.38, -0.74)],
    "fringe": [(0.99, 0.12), (0.92, -0.2), (0.84, -0.4), (0.55, -0.47), (0.28, -0.45)],
    "high": [(1.0, 0.04), (0.94, -0.22), (0.88, -0.48), (0.7, -0.72), (0.36, -0.82)],
    "wrapped": [(0.9, 0.5), (0.93, 0.1), (0.92, -0.25), (0.8, -0.58), (0.45, -0.8)],
    "cap": [(1.03, -0.28), (0.95, -0.36), (0.75, -0.46), (0.5, -0.51), (0.25, -0.53)],
}
_MIDDLE = {"parted": -0.9, "swept": -0.72, "fringe": -0.45, "high": -0.84, "wrapped": -0.86, "cap": -0.54}


def draw_front_hair(portrait: Portrait) -> None:
    """Draw the hair above the hairline, and its shadow on the forehead."""
    p, style = portrait, style_of(portrait)
    front = style["front"]
    if front == "none":
        return
    inner, outer = _hairline(p, front), _crown(p, style)
    n = min(len(inner), len(outer))
    a, b = inner[_spread(len(inner), n)], outer[_spread(len(outer), n)]
    texture = style["texture"]
    mask = p.canvas.band(a, b, soft=p.px(0.03 if texture == "stubble" else 0.012))
    if texture != "stubble":
        below = np.array([-0.02 * p.lamp.towards[0], 0.055]) * p.head.scale
        p.canvas.tint(p.canvas.band(a + below, b, soft=p.px(0.03)), (0.62, 0.52, 0.5), 0.55)
    colour = _colour(p)
    p.canvas.paint(mask, p.lamp.lit(colour, (0.0, 0.1, 0.99), 0.78), 0.82 if texture == "stubble" else 1.0)
    _volume(p, mask, colour, style)
    if texture == "curly":
        _curls(p, mask, a, b, colour)
    elif texture == "cloth":
        _cloth(p, mask, a, b)
    elif texture != "stubble":
        _combed(p, mask, a, b, colour, front)


def _spread(have: int, want: int) -> np.ndarray:
    return np.arange(want) * (have - 1) // (want - 1)


def _hairline(p: Portrait, front: str) -> np.ndarray:
    w, age, part = p.marks.half_width, p.scene.looks.age, p.scene.looks.parting
    recede = 0.1 * max(0.0, age - 0.35) if front in ("high", "swept") else 0.0
    side = [(x * w, y - (recede if y < -0.5 else 0.0)) for x, y in _LINES[front]]
    shift = 0.3 * part if front in ("parted", "swept") else 0.0
    lean = 0.1 * part if front == "swept" else 0.0
    right = [(x + (shift * (1.0 - x / w)), y + lean * (1.0 - x / w)) for x, y in side]
    left = [(-x + (shift * (1.0 - x / w)), y - lean * (1.0 - x / w)) for x, y in side]
    path = curve(p.head.place([*left, (shift, _MIDDLE[front] - recede), *right[::-1]], lift=0.02), per=6)
    ragged = {"wrapped": 0.0, "cap": 0.0, "fringe": 0.022}.get(front, 0.014)
    return path + p.chance("hairline").around(*path.shape, spread=p.px(ragged))


def _crown(p: Portrait, style: dict) -> np.ndarray:
    w, up, off = p.marks.half_width, style["volume"], style["width"]
    tall = 0.05 * p.scene.looks.parting if style["front"] == "swept" else 0.0
    low = {"cap": -0.3, "parted": 0.74, "wrapped": 0.6}.get(style["front"], 0.05)
    right = [
        (w + (0.1 if low > 0.7 else 0.5) * off, low),
        (w + 0.03 + 0.6 * off, -0.3),
        (w - 0.03 + 0.6 * off, -0.68 - 0.4 * up),
    ]
    right += [(0.44, -1.02 - 0.85 * up)]
    left = [(-x, y - tall) for x, y in right]
    points = [*left, (0.05 * p.scene.looks.parting, -1.11 - up), *right[::-1]]
    path = curve(p.head.place(points, depth=0.0), per=6)
    amount = {"curly": 0.035, "wavy": 0.014, "straight": 0.006}.get(style["texture"], 0.0)
    chance = p.chance("crown")
    middle = p.head.place([(0.0, -0.4)], depth=0.0)
    return curve(middle + (path - middle) * (1.0 + amount * chance.numbers(len(path), 1, low=-1, high=1)), per=3)


def _volume(p: Portrait, mask: Mask, colour: Colour, style: dict) -> None:
    """Shade the hair like a rounded body: bright at the lamp, dark at the temples."""
    lamp, up = p.lamp, style["volume"]
    for side in SIDES:
        lit = lamp.lit(colour, (0.7 * side, -0.35, 0.62), 1.0)
        zone = p.head.place(ellipse((side * 0.62, -0.66 - 0.4 * up), 0.4, 0.46), depth=0.1)
        p.canvas.paint(p.canvas.shape(zone, soft=p.px(0.12)).within(mask), lit, 0.75)
    top = p.head.place(ellipse((0.25 * lamp.towards[0], -0.98 - 0.55 * up), 0.6, 0.14 + 0.3 * up), depth=0.2)
    shine = mixed(lamp.lit(colour, (0.0, -0.62, 0.78), 1.25), lamp.lit((255, 250, 245)), 0.1)
    p.canvas.paint(p.canvas.shape(top, soft=p.px(0.07)).within(mask), shine, 0.6)


def _strands(p: Portrait, lines: np.ndarray, mask: Mask, colour: Colour, strength: float) -> None:
    """Draw hairs: the first half darker than their surroundings, the second lighter."""
    half = len(lines) // 2
    light = mixed(p.lamp.lit(colour, (0.0, -0.5, 0.86), 1.3), p.lamp.lit((255, 244, 230)), 0.05)
    dark = p.lamp.lit(colour, (0.0, 0.5, 0.86), 0.45)
    p.canvas.paint(p.canvas.strokes(lines[:half], p.px(0.008)).within(mask), dark, strength)
    p.canvas.paint(p.canvas.strokes(lines[half:], p.px(0.007)).within(mask), light, strength)


def _between(path: np.ndarray, at: np.ndarray) -> np.ndarray:
    step = at.astype(int)
    return path[step] + (path[step + 1] - path[step]) * (at - step)[:, None]


def _combed(p: Portrait, mask: Mask, inner: np.ndarray, outer: np.ndarray, colour: Colour, front: str) -> None:
    """Draw strands from the crown to the hairline, combed away from the parting."""
    chance = p.chance("strands")
    n = len(inner)
    many = 130
    start = chance.numbers(many, low=0, high=n - 1.001)
    away = np.where(start > n / 2, 1.0, -1.0)
    leans = {"swept": np.full(many, 6.0 * p.scene.looks.parting), "parted": 3.0 * away, "high": -2.0 * away}
    lean = leans.get(front, np.zeros(many))
    end = np.clip(start + lean * (0.85 + chance.around(many, spread=0.3)), 0, n - 1.001)
    a, b = _between(inner, end), _between(outer, start)
    bulge = p.px(0.05) * (chance.around(many, 2, spread=0.35) + np.array([0.0, -0.3]))
    short = chance.numbers(many, 1, low=-0.04, high=0.3)
    points = np.stack(
        [a + (b - a) * short, 0.5 * (a + b) + bulge, b - (b - a) * chance.numbers(many, 1, high=0.35)], axis=1
    )
    _strands(p, curve(points), mask, colour, 0.48)


def _curls(p: Portrait, mask: Mask, inner: np.ndarray, outer: np.ndarray, colour: Colour) -> None:
    chance = p.chance("curls")
    many = 240
    at = chance.numbers(many, low=0, high=len(inner) - 1.001)
    a, b = _between(inner, at), _between(outer, at)
    centre = a + (b - a) * chance.numbers(many, 1)
    radius = p.px(1.0) * chance.numbers(many, 1, 1, low=0.02, high=0.05)
    arc = (chance.numbers(many, 1, high=24).astype(int) + np.arange(13)) % 24
    _strands(p, centre[:, None, :] + ellipse((0.0, 0.0), 1.0, 0.85)[arc] * radius, mask, colour, 0.55)


def _cloth(p: Portrait, mask: Mask, inner: np.ndarray, outer: np.ndarray) -> None:
    chance = p.chance("cloth")
    knitted = p.scene.looks.style == "beanie"
    low = np.arange(0, len(inner), 1 if knitted else 4)
    high = low if knitted else np.clip(low + chance.numbers(len(low), high=5).astype(int) - 2, 0, len(inner) - 1)
    lines = np.stack([inner[low], 0.5 * (inner[low] + outer[high]) + p.px(0.01), outer[high]], axis=1)
    p.canvas.tint(p.canvas.strokes(lines, p.px(0.02), p.px(0.01)).within(mask), 0.68, 0.5)
    if knitted:
        brim = inner + 0.25 * (outer - inner)
        band = p.canvas.shape(np.concatenate([inner, brim[::-1]]), soft=p.px(0.008)).within(mask)
        p.canvas.tint(band, 0.85, 0.6)
        p.canvas.tint(p.canvas.strokes([brim], p.px(0.03), p.px(0.012)).within(mask), 0.55, 0.7)
    else:
        hem = inner + 0.06 * (outer - inner)
        p.canvas.tint(p.canvas.strokes([hem], p.px(0.02), p.px(0.012)).within(mask), 0.6, 0.6)


def draw_beard(portrait: Portrait, face: Mask) -> None:
    """Draw moustache and beard on the face, hair by hair over a soft ground."""
    p, kind = portrait, portrait.scene.looks.beard
    if kind in ("none", "stubble"):
        return
    marks, chance = p.marks, p.chance("beard")
    mouth, tip = marks.mouth, marks.nose_tip
    corner = abs(marks.mouth_corner(1)[0])
    top_lip, low_lip = float(mouth["upper"][:, 1].min()), float(mouth["lower"][:, 1].max())
    colour = p.lamp.lit(darker(mixed(p.scene.looks.hair, (96, 62, 44), 0.2), 0.85))
    outlines = []
    if kind in ("full", "goatee", "moustache"):
        ends = [marks.mouth_corner(side) for side in SIDES]
        under = [(ends[0][0] - 0.05, ends[0][1] + 0.02), (-0.6 * corner, top_lip + 0.015), (0.0, top_lip + 0.01)]
        under += [(0.6 * corner, top_lip + 0.015), (ends[1][0] + 0.05, ends[1][1] + 0.02)]
        over = [(ends[1][0] + 0.02, ends[1][1] - 0.07), (0.1, tip[1] + 0.13), (-0.1, tip[1] + 0.13)]
        outlines.append(np.concatenate([curve(under), curve([*over, (ends[0][0] - 0.02, ends[0][1] - 0.07)])]))
    if kind == "goatee":
        y = low_lip + 0.03
        chin = [(-0.17, y + 0.02), (0.0, y + 0.01), (0.17, y + 0.02), (0.19, marks.chin - 0.05), (0, marks.chin + 0.06)]
        outlines.append(curve([*chin, (-0.19, marks.chin - 0.05)], closed=True))
    if kind == "full":
        outlines.append(_full_beard(p, corner, low_lip))
    masks = [p.canvas.shape(p.head.place(outline, lift=0.03), soft=p.px(0.022)).within(face) for outline in outlines]
    for outline, mask in zip(outlines, masks, strict=True):
        p.canvas.paint(mask, colour, 0.86)
        low, high = outline.min(axis=0), outline.max(axis=0)
        at = low + (high - low) * chance.numbers(160, 2)
        reach = np.stack([0.1 * at[:, 0], np.full(160, 0.06)], axis=1)
        hairs = p.head.place(np.stack([at, at + reach], axis=1), lift=0.03)
        p.canvas.paint(p.canvas.strokes(hairs[:90], p.px(0.008)).within(mask), darker(colour, 0.55), 0.55)
        p.canvas.paint(p.canvas.strokes(hairs[90:], p.px(0.008)).within(mask), darker(colour, 1.5), 0.35)


def _full_beard(p: Portrait, corner: float, low_lip: float) -> np.ndarray:
    marks = p.marks
    w, chin, y = marks.half_width, marks.chin, marks.mouth_y
    outer = [
        (w * 0.97, 0.0),
        (w * 0.95, 0.4),
        (w * 0.72, 0.8 + 0.5 * marks.jaw),
        (0.32, chin + 0.05),
        (0.0, chin + 0.1),
    ]
    inner = [(w * 0.88, 0.15), (w * 0.74, 0.38), (corner + 0.14, y - 0.06), (corner + 0.05, y + 0.05)]
    inner += [(0.6 * corner, low_lip + 0.035), (0.0, low_lip + 0.045)]
    right_outer, right_inner = outer, inner
    ring = [(-x, b) for x, b in right_outer[:-1]] + right_outer[::-1]
    hole = right_inner + [(-x, b) for x, b in right_inner[-2::-1]]
    return np.concatenate([curve(ring), curve(hole)])
