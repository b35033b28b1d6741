"""Build a Keras model from the planned layers of the specification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ferspec.spec.recipes import PlannedLayer, layers_of
from ferspec.spec.records import Profile

# Keras' names of settings that differ from those of the tables
KERAS = {"kernel": "kernel_size", "pool": "pool_size", "heads": "num_heads", "key": "key_dim", "bias": "use_bias"}
MERGING = frozenset({"Add", "Average", "Concatenate"})


def assembled(network: str, resolution: int, classes: int, profile: Profile) -> Any:
    """Return an untrained self-built network: (n, resolution, resolution, channels) -> (n, classes)."""
    from keras import Input, Model, Sequential

    first, *others = plan = layers_of(network, resolution, profile, classes)
    inputs = Input(first.shape)
    if all(planned.inputs == (planned.number - 1,) for planned in others):
        return Sequential([inputs, *map(_layer, others)], name=network.lower())
    return Model(inputs, connected(inputs, plan), name=network.lower())


def connected(inputs: Any, plan: Sequence[PlannedLayer]) -> Any:
    """Return the output of the last layer of a plan applied to ``inputs``."""
    tensors = [inputs]
    for planned in plan[1:]:
        read = [tensors[number - 1] for number in planned.inputs]
        layer = _layer(planned)
        tensors.append(layer(read) if planned.type in MERGING else layer(*read))
    return tensors[-1]


def _layer(planned: PlannedLayer) -> Any:
    from keras import layers

    from ferspec.reference.models import repvgg_layers

    kind = getattr(layers, planned.type, None) or getattr(repvgg_layers, planned.type)
    return kind(name=planned.name, **{KERAS.get(key, key): _argument(value) for key, value in planned.settings.items()})


def _argument(text: str) -> Any:
    """Return a setting as an argument of Keras: ``3x3`` as 3, ``yes`` as True, ``1/255`` as a number."""
    if text in ("yes", "no"):
        return text == "yes"
    numerator, slash, denominator = text.partition("/")
    if slash:
        return float(numerator) / float(denominator)
    if not text[:1].isdigit():
        return text
    side = text.partition("x")[0]
    return int(side) if side.isdigit() else float(side)
