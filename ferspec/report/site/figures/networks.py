"""Figures 3 to 8: the self-designed networks, layer by layer, as the authors ran them."""

from __future__ import annotations

from ferspec import spec
from ferspec.report.network_plot import draw
from ferspec.report.site.figures.drawn import Drawn, Table
from ferspec.report.site.figures.records import Network
from ferspec.spec.layers import layer_table

HEADINGS = ("layer", "type", "output", "parameters", "inputs", "settings")


def network(figure: Network) -> Drawn:
    """Return the drawn layers of a network."""
    record = spec.load().networks[figure.network]
    layers = layer_table(figure.network, "scratch", figure.resolution)
    total, printed = sum(layer.parameters for layer in layers), record.printed_millions.get(str(figure.resolution))
    rows = tuple(
        (
            layer.number,
            layer.kind,
            " x ".join(map(str, layer.shape)),
            layer.parameters,
            " ".join(map(str, layer.inputs)),
            " ".join(f"{name}={value}" for name, value in layer.settings.items()),
        )
        for layer in layers
    )
    said = f"{len(layers)} layers at {figure.resolution}×{figure.resolution}, {total:,} parameters"
    said += f"; the paper prints about {printed:g} million." if printed else "."
    title = f"{figure.network}, {figure.resolution}×{figure.resolution}"
    return Drawn(Table(HEADINGS, rows), svg=draw(layers, title), svg_class="network", sentences=(said,))
