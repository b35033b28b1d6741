"""Compute the costs of a network: parameters, operations and memory of activations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ferspec.errors import UserError
from ferspec.reference.models.legacy_h5 import leaves

FLOAT32 = 4
KERNELS = frozenset({"kernel", "depthwise_kernel", "pointwise_kernel"})


@dataclass(frozen=True)
class Cost:
    """Counts for one image: ``flops`` of a forward pass, ``activation_bytes`` of all layers' outputs in float32."""

    parameters: int
    trainable_parameters: int
    flops: int
    activation_bytes: int


def cost(model: Any) -> Cost:
    """Return the costs of a Keras model, which may be weightless.

    A multiplication and its addition count as two operations. Convolutions, dense layers and attention are counted,
    but not biases, normalisation, pooling and activations, which are a few per cent together. The activations are the
    output of every layer once, as if none were freed or computed in place: an upper bound for a forward pass, and about
    what training keeps. ``UserError`` for a model whose sides are not fixed, and for a layer of several outputs.
    """
    layers = [layer for layer in leaves(model) if type(layer).__name__ != "InputLayer"]
    for layer in layers:
        if None in getattr(layer.output, "shape", (None, None))[1:]:
            raise UserError(
                f"what {model.name} costs is not defined: {layer.name} has no single output of a known shape"
            )
    return Cost(
        parameters=model.count_params(),
        trainable_parameters=sum(math.prod(variable.shape) for variable in model.trainable_weights),
        flops=sum(_flops(layer) for layer in layers),
        activation_bytes=sum(FLOAT32 * math.prod(layer.output.shape[1:]) for layer in layers),
    )


def _flops(layer: Any) -> int:
    places = math.prod(layer.output.shape[1:-1])
    multiplications = sum(places * math.prod(variable.shape) for variable in _kernels(layer))
    if type(layer).__name__ == "MultiHeadAttention":
        # each position is compared with all positions, and then is a weighted sum of all
        multiplications += 2 * places**2 * layer.num_heads * layer.key_dim
    return 2 * multiplications


def _kernels(layer: Any) -> Iterator[Any]:
    return (variable for variable in layer.weights if variable.name in KERNELS)
