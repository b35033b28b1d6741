"""Draws a network layer for layer as an SVG: layers that read the same depth stand side by side."""

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


def draw(layers: Sequence[Layer], title: str) -> str:
    """Return a layer table as the text of an SVG, input at the top; every layer with type, shape and parameters."""
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
    lines = [_line(places[read], places[layer.number]) for layer in layers for read in layer.inputs]
    boxes = [_box(layer, *places[layer.number]) for layer in layers]
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full:g} {height:g}" font-family="sans-serif">',
            f'<rect width="{full:g}" height="{height:g}" fill="white"/>',
            f'<text x="{full / 2:g}" y="{GAP}" text-anchor="middle" font-size="16">{escape(title)}</text>',
            *lines,
            *boxes,
            "</svg>\n",
        )
    )


def _line(source: tuple[float, float], target: tuple[float, float]) -> str:
    points = f'x1="{source[0]:g}" y1="{source[1] + HEIGHT / 2:g}" x2="{target[0]:g}" y2="{target[1] - HEIGHT / 2:g}"'
    return f'<line {points} stroke="#999"/>'


def _box(layer: Layer, x: float, y: float) -> str:
    shape = " x ".join(map(str, layer.shape))
    parameters = f", {layer.parameters:,}" if layer.parameters else ""
    corner = f'x="{x - WIDTH / 2:g}" y="{y - HEIGHT / 2:g}" width="{WIDTH}" height="{HEIGHT}"'
    colour = COLOURS.get(layer.type, OTHER)
    return (
        f'<g text-anchor="middle" font-size="12"><rect {corner} rx="4" fill="{colour}" stroke="#777"/>'
        f'<text x="{x:g}" y="{y - 3:g}">{escape(layer.type)}</text>'
        f'<text x="{x:g}" y="{y + 12:g}" fill="#555">{shape}{parameters}</text></g>'
    )
