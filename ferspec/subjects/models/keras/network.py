"""Describe and run a Keras model that is in memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.models.base import (
    Activation,
    Layout,
    Model,
    Run,
    Signature,
    Sink,
    cast,
    file_digest,
    image_axes,
    require_image_input,
)
from ferspec.subjects.models.keras.cost import cost_of
from ferspec.subjects.models.quiet import tensorflow

WIDEST = 10
PREPROCESSING = frozenset({"Rescaling", "Normalization", "Resizing", "CenterCrop"})
ACTIVATIONS: dict[str, Activation] = {"softmax": "softmax", "sigmoid": "sigmoid", "linear": "linear"}


def model_of(network: Any, path: Path, kind: str) -> Model:
    """Wrap a Keras model that was loaded from a file."""
    signature = signature_of(network, path.name)
    run, count_cost = traced(network), partial(cost_of, network)
    return Model(path.name, kind, file_digest(path), signature, run, count_cost=count_cost, network=network)


def signature_of(network: Any, name: str) -> Signature:
    """Describe the input and outputs of a Keras model. Raise ``UserError`` unless it has one input."""
    if not getattr(network, "inputs", None):
        raise UserError(f"{name} was saved without an input shape: call it on a batch, then save it again")
    require_image_input(name, len(network.inputs), len(network.inputs[0].shape))
    shape, layers = list(network.inputs[0].shape), list(_layers(network))
    axes = image_axes(shape, None)
    guessed = {} if axes["layout"] else {"layout": "that of the first layer"}
    return Signature(
        **(axes if axes["layout"] else image_axes(shape, _layout(layers))),
        guessed=guessed,
        dtype=network.inputs[0].dtype,
        batch=shape[0],
        outputs=tuple(_sinks(network)),
        preprocessing=tuple(_preprocessing(layers)),
        range=_range(layers),
    )


def traced(network: Any) -> Run:
    """Return the function that runs a Keras model; it is traced once, for any batch size."""
    tf = tensorflow()
    shape, dtype = list(network.inputs[0].shape), network.inputs[0].dtype

    @tf.function(input_signature=[tf.TensorSpec(shape, dtype)])
    def forward(batch):
        return network(batch, training=False)

    def run(batch: np.ndarray) -> tuple[np.ndarray, ...]:
        answers = tf.nest.flatten(forward(tf.constant(cast(batch, tf.as_dtype(dtype).as_numpy_dtype))))
        return tuple(map(np.asarray, answers))

    return run


def _layers(network: Any) -> Any:
    for layer in network.layers:
        if getattr(layer, "layers", None):
            yield from _layers(layer)
        else:
            yield layer


def _layout(layers: list[Any]) -> Layout:
    """Return the layout of the first layer that has one; others may differ from it."""
    return next((layer.data_format for layer in layers if getattr(layer, "data_format", None)), "channels_last")


def _sinks(network: Any) -> Iterator[Sink]:
    operations = [output._keras_history.operation for output in network.outputs]
    names = getattr(network, "output_names", [operation.name for operation in operations])
    for name, output, operation in zip(names, network.outputs, operations, strict=True):
        yield Sink(name=name, shape=tuple(output.shape), activation=_activation(operation))


def _activation(last: Any) -> Activation:
    if getattr(last, "layers", None):
        return _activation(last.layers[-1])
    name = getattr(getattr(last, "activation", None), "__name__", type(last).__name__.lower())
    return ACTIVATIONS.get(name, "unknown")


def _preprocessing(layers: list[Any]) -> list[str]:
    names = []
    for layer in layers:
        kind = type(layer).__name__
        if kind == "Rescaling":
            names.append(f"Rescaling(scale={layer.scale}, offset={layer.offset})")
        elif kind in PREPROCESSING:
            names.append(kind)
    return names


def _range(layers: list[Any]) -> tuple[float, float] | None:
    # A Rescaling that maps 256 grey levels to a few units expects 0 to 255.
    scale = next((np.asarray(layer.scale) for layer in layers if type(layer).__name__ == "Rescaling"), None)
    return (0.0, 255.0) if scale is not None and float(np.max(np.abs(scale))) * 255 <= WIDEST else None
