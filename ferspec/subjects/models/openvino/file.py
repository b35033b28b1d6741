"""Load OpenVINO models: a network in XML with its weights in a .bin file of the same name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.files import read_head
from ferspec.subjects.models.base import (
    Activation,
    MissingFiles,
    Model,
    Signature,
    Sink,
    cast,
    folder_digest,
    image_axes,
    loading,
    require_image_input,
)
from ferspec.subjects.models.openvino.cost import cost_of
from ferspec.subjects.models.openvino.screening import refuse_foreign_operations
from ferspec.subjects.models.quiet import quiet
from ferspec.subjects.models.worker.settings import threads_or

WEIGHTS = ".bin"
# computed in the precision of the file, since bfloat16 would give other metrics on some processors
SETTINGS = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
ACTIVATIONS: dict[str, Activation] = {"Softmax": "softmax", "Sigmoid": "sigmoid", "MatMul": "linear", "Add": "linear"}
PASSING = frozenset({"Reshape", "Squeeze", "Convert", "FakeQuantize", "Result"})


def load(path: Path, trust_code: bool = False) -> Model:
    """Load a network and the weights beside it, and run it on the processor.

    Safe to load: operations of OpenVINO's own sets only compute. Others need an extension library; they are refused,
    also with ``trust_code``. The digest covers both files. Not covered: time and memory of a run, and defects of the
    runtime.
    """
    name, weights = path.name, path.with_suffix(WEIGHTS)
    _require_readable(name, weights)
    refuse_foreign_operations(path)
    from openvino import Core

    with loading(name, "OpenVINO"), quiet():
        network = Core().read_model(path, weights)
        require_image_input(name, len(network.inputs), _rank(network.inputs[0]) if network.inputs else 0)
        source = network.inputs[0]
        dtype = np.dtype(source.get_element_type().to_dtype())
        if not np.issubdtype(dtype, np.number):
            raise UserError(f"{name} has an input of type {dtype}, which cannot represent images")
        threads = threads_or(os.cpu_count() or 1)
        compiled = Core().compile_model(network, "CPU", {**SETTINGS, "INFERENCE_NUM_THREADS": threads})
        shape = _sizes(source)
        sinks = tuple(
            Sink(
                name=_name_of(output, index),
                shape=_sizes(output) if output.get_partial_shape().rank.is_static else None,
                activation=_activation(output),
            )
            for index, output in enumerate(network.outputs)
        )

    def run(batch: np.ndarray) -> tuple[np.ndarray, ...]:
        answers = compiled([cast(batch, dtype)])
        return tuple(np.asarray(answers[index], np.float32) for index in range(len(sinks)))

    return Model(
        name=name,
        format="openvino",
        digest=folder_digest(path.parent, [path, weights]),
        signature=Signature(**image_axes(shape, None), dtype=dtype.name, batch=shape[0], outputs=sinks),
        run=run,
        files=(weights,),
        count_cost=lambda image: cost_of(network, image),
    )


def _require_readable(name: str, weights: Path) -> None:
    """Raise ``MissingFiles`` unless the weights can be opened; a sandbox may show a file that it does not open."""
    try:
        read_head(weights, 1)
    except (OSError, UserError):
        message = f"{name} is the network of an OpenVINO model: put its weights, {weights.name}, beside it"
        raise MissingFiles(message, [weights]) from None


def _rank(port: Any) -> int:
    rank = port.get_partial_shape().rank
    return int(rank.get_length()) if rank.is_static else 4


def _sizes(port: Any) -> tuple[int | None, ...]:
    shape = port.get_partial_shape()
    if shape.rank.is_dynamic:
        return (None,) * 4
    return tuple(int(axis.get_length()) if axis.is_static else None for axis in shape)


def _name_of(output: Any, index: int) -> str:
    return min(output.get_names(), default=str(index))


def _activation(output: Any) -> Activation:
    node = output.get_node()
    while node.get_type_name() in PASSING:
        node = node.input_value(0).get_node()
    kind = node.get_type_name()
    return ACTIVATIONS.get("Softmax" if kind.lower() == "softmax" else kind, "unknown")
