"""Count parameters and multiply-adds of an OpenVINO network, by its tensors."""

from __future__ import annotations

from math import prod
from typing import Any

from ferspec.subjects.models.cost import Cost, Image

INDICES = frozenset({"i32", "i64", "boolean", "string"})
# the first axes of the weights that are not multiplied: channels, or groups and channels
CONVOLUTIONS = {"Convolution": 1, "GroupConvolution": 2}
# a network of other operations that multiply has an unknown cost
OTHERS = (
    "Backprop",
    "LSTM",
    "GRU",
    "RNN",
    "Loop",
    "TensorIterator",
    "If",
    "Attention",
    "Einsum",
    "Deformable",
    "Binary",
)


def cost_of(network: Any, image: Image) -> Cost:
    """Return the cost of one image, whose shape is in the layout of the network."""
    constants = [node.output(0) for node in network.get_ordered_ops() if node.get_type_name() == "Constant"]
    stored = [port for port in constants if port.get_element_type().get_type_name() not in INDICES]
    return Cost(parameters=sum(prod(port.get_shape()) for port in stored) or None, multiply_adds=_adds(network, image))


def _adds(network: Any, image: Image) -> int | None:
    single = network.clone()
    single.reshape([1, *image])
    total = 0
    for node in single.get_ordered_ops():
        kind = node.get_type_name()
        if any(other in kind for other in OTHERS):
            return None
        if kind in CONVOLUTIONS:
            total += prod(node.output(0).get_shape()) * prod(node.input(1).get_shape()[CONVOLUTIONS[kind] :])
        elif kind == "MatMul":
            shape = node.input(0).get_shape()
            total += prod(node.output(0).get_shape()) * shape[-2 if node.get_attributes()["transpose_a"] else -1]
    return total
