"""Answer the "networks" capabilities from models that are built without weight values."""

from __future__ import annotations

from functools import cache
from typing import Any

from ferspec.spec.layers import Layer
from ferspec.spec.records import Profile


class NetworkCapabilities:
    """Answer for architectures, initial weights, parameters, layers and heads."""

    profile: Profile

    def architectures(self) -> list[str]:
        from ferspec import spec
        from ferspec.reference.models import rows

        if self.profile == "released":
            return list(spec.load().networks)
        return [row.network for row in rows() if row.place == "Table 2"]

    def starting_weights(self, architecture: str) -> list[str]:
        from ferspec.reference.models import find, rows

        name = find(architecture).name
        return list(dict.fromkeys(row.weights for row in rows() if row.network == name))

    def parameter_total(self, architecture: str, weights: str, resolution: int) -> int:
        return _measured(architecture, weights, resolution, self.profile)[0]

    def layer_table(self, architecture: str, weights: str, resolution: int) -> list[dict[str, Any]]:
        return [layer.model_dump() for layer in _measured(architecture, weights, resolution, self.profile)[1]]

    def head(self, weights: str) -> list[dict[str, Any]]:
        # VGG16 is the only base with every kind of initial weights at 48x48.
        table = _measured("VGG16", weights, 48, self.profile)[1]
        return [_head_layer(layer) for layer in table if len(layer.shape) == 1]


def _head_layer(layer: Layer) -> dict[str, Any]:
    description: dict[str, Any] = {"layer": layer.type}
    if layer.type == "Dense":
        description |= {"units": layer.shape[0], "activation": layer.settings["activation"]}
    if layer.type == "Dropout":
        description["rate"] = float(layer.settings["rate"])
    return description


@cache
def _measured(architecture: str, weights: str, resolution: int, profile: Profile) -> tuple[int, tuple[Layer, ...]]:
    """Build a network and return its number of parameters and its layer table."""
    from ferspec.reference.models import outline, table_of
    from ferspec.subjects.models.quiet import keras

    keras()
    model = outline(architecture, resolution, weights, profile=profile)
    return model.count_params(), table_of(model)
