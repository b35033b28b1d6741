"""Draws a network layer by layer as an SVG: layers of equal depth are side by side.

A line that would pass under the box of another layer goes around all boxes between its two ends.
"""

from collections.abc import Sequence
from html import escape

from ferspec.spec.layers import Layer

WIDTH, HEIGHT, GAP = 230, 36, 26
COLOURS = {
    "Conv2D": "#cfe2f3",
    "DepthwiseConv2D": "#cfe2f3",
    "SeparableConv2D": "#cfe2f3",
    "RepVGGBlock": "#cfe2f3",
    "Dense": "#d9ead3",
    "MultiHeadAttention": "#d9d2e9",
    "InputLayer": "#eeeeee",
}
OTHER = "#fff7e0"
# the class of the style of a layer, for pages with colours of their own
STYLES = {
    "#cfe2f3": "layer weighted",
    "#d9ead3": "layer dense",
    "#d9d2e9": "layer attention",
    "#eeeeee": "layer input",
    OTHER: "layer",
}


def draw(layers: Sequence[Layer], title: str) -> str:
    """Return a layer table as the text of an SVG: type, shape and parameters, input at the top."""
    depths: dict[int, int] = {}
    for layer in layers:
        depths[layer.number] = 1 + max((depths[read] for read in layer.inputs), default=0)
    levels = [
        [layer for layer in layers if depths[layer.number] == depth] for depth in range(1, max(depths.values()) + 1)
    ]
    columns = max(map(len, levels))
    full = columns * (WIDTH + GAP) + GAP
    places = {
        layer.number: (full / 2 + (column - (len(level) - 1) / 2) * (WIDTH + GAP), depth * (HEIGHT + GAP) + 2 * GAP)
        for depth, level in enumerate(levels)
        for column, layer in enumerate(level)
    }
    height = len(levels) * (HEIGHT + GAP) + 3 * GAP
    lines = []
    for layer in layers:
        for read in layer.inputs:
            source, target = places[read], places[layer.number]
            between = [
                places[other.number] for level in levels[depths[read] : depths[layer.number] - 1] for other in level
            ]
            hidden = any(_is_under(source, target, box) for box in between)
            lines.append(_detour(source, target, between) if hidden else _line(source, target))
    boxes = [_box(layer, *places[layer.number]) for layer in layers]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full:g} {height:g}" width="{full:g}" '
            f'role="img" aria-label="{escape(title, quote=True)}" font-family="sans-serif">',
            f'<rect class="back" width="{full:g}" height="{height:g}" fill="white"/>',
            f'<text x="{full / 2:g}" y="{GAP}" text-anchor="middle" font-size="16">{escape(title)}</text>',
            *lines,
            *boxes,
            "</svg>\n",
        )
    )


def _line(source: tuple[float, float], target: tuple[float, float]) -> str:
    points = f'x1="{source[0]:g}" y1="{source[1] + HEIGHT / 2:g}" x2="{target[0]:g}" y2="{target[1] - HEIGHT / 2:g}"'
    return f'<line {points} stroke="#999"/>'


def _is_under(source: tuple[float, float], target: tuple[float, float], box: tuple[float, float]) -> bool:
    """Return whether a third box hides the line from one box to a lower one."""
    top, bottom = source[1] + HEIGHT / 2, target[1] - HEIGHT / 2
    at = [source[0] + (target[0] - source[0]) * (box[1] + side * HEIGHT / 2 - top) / (bottom - top) for side in (-1, 1)]
    return min(at) < box[0] + WIDTH / 2 and max(at) > box[0] - WIDTH / 2


def _detour(source: tuple[float, float], target: tuple[float, float], between: Sequence[tuple[float, float]]) -> str:
    """Return a curve around the boxes between its ends, on their left side."""
    lane = min(x for x, _ in between) - WIDTH / 2 - GAP / 2
    top, bottom = source[1] + HEIGHT / 2, target[1] - HEIGHT / 2
    leave = f"C {source[0]:g} {top + GAP:g} {lane:g} {top:g} {lane:g} {top + GAP:g}"
    arrive = f"C {lane:g} {bottom:g} {target[0]:g} {bottom - GAP:g} {target[0]:g} {bottom:g}"
    return f'<path d="M {source[0]:g} {top:g} {leave} V {bottom - GAP:g} {arrive}" fill="none" stroke="#999"/>'


def _box(layer: Layer, x: float, y: float) -> str:
    shape = " x ".join(map(str, layer.shape))
    parameters = f", {layer.parameters:,}" if layer.parameters else ""
    corner = f'x="{x - WIDTH / 2:g}" y="{y - HEIGHT / 2:g}" width="{WIDTH}" height="{HEIGHT}"'
    colour = COLOURS.get(layer.type, OTHER)
    return (
        f'<g text-anchor="middle" font-size="12"><rect class="{STYLES[colour]}" {corner} rx="4" fill="{colour}" '
        f'stroke="#777"/>'
        f'<text x="{x:g}" y="{y - 3:g}">{escape(layer.type)}</text>'
        f'<text x="{x:g}" y="{y + 12:g}" fill="#555">{shape}{parameters}</text></g>'
    )
