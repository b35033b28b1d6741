"""Modular: a local and a global network side by side, which differ in their kernels (FER-N-11)."""

from __future__ import annotations

from typing import Any

from ferspec import spec

FILTERS = (32, 64, 128)
DENSE = (512, 256)


def build(resolution: int, classes: int, profile: str) -> Any:
    """Return an untrained Modular; both profiles agree on it."""
    from keras import Input, Model, layers

    clause = spec.load().clause("FER-N-11")
    inputs = Input((resolution, resolution, 3))
    branches = []
    for kernel in ("local_kernel", "global_kernel"):
        x = inputs
        for filters in FILTERS:
            x = layers.Conv2D(filters, clause.value(kernel), padding="same", activation="relu")(x)
            x = layers.MaxPooling2D()(x)
        x = layers.Flatten()(x)
        for units in DENSE:
            x = layers.Dense(units, activation="relu")(x)
            x = layers.Dropout(clause.value("dense_dropout"))(x)
        branches.append(x)
    x = layers.Concatenate()(branches)
    return Model(inputs, layers.Dense(classes, activation="softmax")(x), name="modular")
