"""Transfer learning: the protocol's head on a library's base, and its two phases (FER-P-03 to FER-P-06, FER-S-07)."""

from __future__ import annotations

from typing import Any

from ferspec.errors import UserError
from ferspec.reference.models.assembly import connected
from ferspec.spec.layers import Pooling
from ferspec.spec.recipes import head_of
from ferspec.spec.records import Profile


def add_head(base: Any, name: str, classes: int, profile: Profile, pooling: Pooling | None = None) -> Any:
    """Return base and head as one model.

    The head is pooling, two dense layers with dropout after the first, and softmax.

    The base stays one layer of the model, so that freezing it is one step. ``released`` has 256 and 128 units and pools
    globally, ``paper`` 256 and 256 with either pooling, global unless ``Flatten`` is asked for.
    """
    from keras import Input, Model

    inputs = Input(base.input_shape[1:])
    plan = head_of(base.output_shape[1:], profile, classes, pooling)
    return Model(inputs, connected(base(inputs), plan), name=name)


def freeze_base(model: Any) -> None:
    """Freeze the base with its batch normalisation, for the first phase: only the head is trained.

    Compile afterwards. ``UserError`` for a self-built network, which is trained in one phase.
    """
    base = base_layer(model)
    if base is None:
        raise UserError(f"{model.name} has no pre-trained base to freeze: it is trained in one phase, from scratch")
    base.trainable = False


def unfreeze(model: Any) -> None:
    """Make all layers trainable, for the second phase. Compile afterwards."""
    # setting ``trainable`` of the model does not unfreeze a base that was frozen itself
    for layer in model.layers:
        layer.trainable = True


def base_layer(model: Any) -> Any | None:
    """Return the layer that is a library's base, or None for a self-built network."""
    return next((layer for layer in model.layers if getattr(layer, "layers", None)), None)
