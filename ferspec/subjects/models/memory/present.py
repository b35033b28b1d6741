"""Present an object of the caller's process as a model. It is not isolated, so that it never earns a certificate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ferspec.errors import UserError
from ferspec.subjects.models.base import Model
from ferspec.subjects.models.memory.adapters import (
    from_callable,
    from_estimator,
    from_keras,
    from_session,
    from_torch,
)
from ferspec.subjects.models.outputs import ASSUMED, Choice, choose

# the class by which an object is recognised, without importing its package, and its adapter
ADAPTERS: dict[str, Callable[[Any], Model]] = {
    "keras.src.models.model.Model": from_keras,
    "torch.nn.modules.module.Module": from_torch,
    "onnxruntime.capi.onnxruntime_inference_collection.InferenceSession": from_session,
}


def in_memory(model: object, choice: Choice = ASSUMED) -> Model:
    """Present an object as a model, which answers with the output that a contract chooses.

    It is a Keras model, PyTorch module, ONNX Runtime session, scikit-learn estimator or function.

    A function and an estimator get float32 images (n, height, width, channels), flattened to (n, features) for an
    estimator; a module gets (n, channels, height, width). The digest is that of the weights, where the object has them,
    else of the source of its class or function.

    Raise ``UserError`` for an object of another kind.
    """
    bases = {f"{base.__module__}.{base.__qualname__}" for base in type(model).__mro__}
    for name, adapter in ADAPTERS.items():
        if name in bases:
            return choose(adapter(model), choice)
    if callable(getattr(model, "predict_proba", None)):
        return choose(from_estimator(model), choice)
    if callable(model):
        return choose(from_callable(model), choice)
    raise UserError(
        f"an object of type {type(model).__name__} cannot be judged: give a path, a Keras model, a PyTorch module, "
        "an ONNX Runtime session, an estimator with predict_proba, a function, or a pandas frame of predictions"
    )
