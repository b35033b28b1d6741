"""Adapt objects of Keras, PyTorch, ONNX Runtime, scikit-learn and Python to models."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.subjects.models.base import Layout, Model, Run, Signature, cast, image_axes, with_missing_rows
from ferspec.subjects.models.cost import Cost, CountCost, Image


def from_keras(network: Any) -> Model:
    """Adapt a ``keras.Model`` with one image input, on the backend that this process uses."""
    import keras

    from ferspec.subjects.models.keras.cost import cost_of
    from ferspec.subjects.models.keras.network import signature_of, traced

    def run(batch: np.ndarray) -> tuple[np.ndarray, ...]:
        answers = keras.tree.flatten(network(cast(batch, network.inputs[0].dtype), training=False))
        return tuple(np.asarray(keras.ops.convert_to_numpy(answer)) for answer in answers)

    answer = traced(network) if keras.backend.backend() == "tensorflow" else run
    signature, count = signature_of(network, network.name), partial(cost_of, network)
    return _model(network, "keras in memory", answer, signature, network.get_weights(), count)


def from_torch(module: Any) -> Model:
    """Adapt a ``torch.nn.Module``; it is evaluated in evaluation mode, and left in the mode it had."""
    import torch

    from ferspec.subjects.models.torchscript.cost import cost_of

    parameter = next(module.parameters(), torch.zeros(0))

    @contextmanager
    def evaluating() -> Iterator[None]:
        was_training = module.training
        module.eval()
        try:
            yield
        finally:
            module.train(was_training)

    def run(batch: np.ndarray) -> Any:
        with evaluating(), torch.inference_mode():
            return module(torch.from_numpy(batch).to(parameter.device, parameter.dtype))

    def count(image: Image) -> Cost:
        with evaluating():
            return cost_of(module, image)

    weights = (value.detach().cpu().numpy() for value in module.state_dict().values())
    signature = Signature(layout="channels_first", guessed={"layout": "the usual one of PyTorch"})
    return _model(module, "pytorch in memory", run, signature, weights, count)


def from_session(session: Any) -> Model:
    """Adapt an ``onnxruntime.InferenceSession`` with one input."""
    inputs = session.get_inputs()
    name = type(session).__name__
    if len(inputs) != 1 or len(inputs[0].shape) != 4:
        raise UserError(f"{name} must have one input, a batch of images with 4 dimensions")
    shape = [size if isinstance(size, int) else None for size in inputs[0].shape]
    dtype = {"tensor(float16)": "float16", "tensor(uint8)": "uint8"}.get(inputs[0].type, "float32")

    def run(batch: np.ndarray) -> dict[str, np.ndarray]:
        names = [output.name for output in session.get_outputs()]
        return dict(zip(names, session.run(names, {inputs[0].name: cast(batch, dtype)}), strict=True))

    signature = Signature(**image_axes(shape, None), dtype=dtype, batch=shape[0])
    return _model(session, "onnx runtime in memory", run, signature, ())


def from_estimator(estimator: Any) -> Model:
    """Adapt an estimator with ``predict_proba``, which gets one row of pixels per image."""

    def run(batch: np.ndarray) -> np.ndarray:
        return np.asarray(estimator.predict_proba(batch.reshape(len(batch), -1)))

    return _model(estimator, "scikit-learn in memory", run, _plain("softmax"), ())


def from_callable(function: Any) -> Model:
    """Adapt a function from images (n, height, width, channels) to outputs (n, k)."""

    def run(batch: np.ndarray) -> Any:
        return with_missing_rows(function(batch), len(batch))

    return _model(function, "function in memory", run, _plain(), ())


def _plain(activation: Any = "unknown", layout: Layout = "channels_last") -> Signature:
    return Signature(layout=layout, activation=activation)


def _model(
    thing: Any,
    kind: str,
    run: Run,
    signature: Signature,
    weights: Iterable[np.ndarray],
    count: CountCost | None = None,
) -> Model:
    name = getattr(thing, "name", None) or getattr(thing, "__name__", None) or type(thing).__name__
    return Model(
        name=str(name), format=kind, digest=_digest(thing, weights), signature=signature, run=run, count_cost=count
    )


def _digest(thing: Any, weights: Iterable[np.ndarray]) -> str:
    """Return the sha256 of the weights, and of the source code where there is one."""
    total = hashlib.sha256()
    for array in weights:
        total.update(f"{array.dtype} {array.shape}:".encode())
        total.update(np.ascontiguousarray(array).data)
    try:
        total.update(inspect.getsource(thing if inspect.isroutine(thing) else type(thing)).encode())
    except (OSError, TypeError):
        # typed into an interpreter, or compiled: there is no source
        total.update(repr(type(thing)).encode())
    return total.hexdigest()
