"""Count parameters and multiply-adds of a Keras model, by its layers."""

from __future__ import annotations

from typing import Any

from ferspec.errors import UserError
from ferspec.reference.models.costs import cost
from ferspec.subjects.models.cost import Cost, Image


def cost_of(network: Any, image: Image) -> Cost:
    """Return the cost of one image; ``image`` is ignored: without fixed shapes, the multiply-adds are unknown."""
    parameters = network.count_params()
    try:
        return Cost(parameters=parameters, multiply_adds=cost(network).flops // 2)
    except UserError:
        return Cost(parameters=parameters)
