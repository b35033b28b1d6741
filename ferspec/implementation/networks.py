"""The section "networks" of the catalogue: every network of the zoo, built without values in its variables."""

from __future__ import annotations

from functools import cache
from typing import Any

from ferspec.spec.layers import Layer
from ferspec.spec.records import Profile


class Networks:
    """What the reference zoo answers about architectures, starting weights, parameters, layers and head."""

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
        # VGG16 is the one base that has weights of every kind at 48x48.
        table = _measured("VGG16", weights, 48, self.profile)[1]
        return [_part(layer) for layer in table if len(layer.shape) == 1]


def _part(layer: Layer) -> dict[str, Any]:
    part: dict[str, Any] = {"layer": layer.type}
    if layer.type == "Dense":
        part |= {"units": layer.shape[0], "activation": layer.settings["activation"]}
    if layer.type == "Dropout":
        part["rate"] = float(layer.settings["rate"])
    return part


@cache
def _measured(architecture: str, weights: str, resolution: int, profile: Profile) -> tuple[int, tuple[Layer, ...]]:
    """Return the parameters that Keras counts in a network, and its layers."""
    from ferspec.reference.models import outline, table_of

    model = outline(architecture, resolution, weights, profile=profile)
    return model.count_params(), table_of(model)
