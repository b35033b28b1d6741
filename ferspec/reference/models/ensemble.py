"""Ensemble: three networks in one, whose softmax outputs are averaged (FER-N-10)."""

from __future__ import annotations

from typing import Any

from ferspec import spec


def build(resolution: int, classes: int, profile: str) -> Any:
    """Return an untrained Ensemble of three members.

    ``released``: pairs of convolutions, a pooling after each. ``paper``: three convolutions, a pooling after the
    second and the third; its text does not give the third member, which is twice as wide as the first, as in the run.
    """
    from keras import Input, Model, layers

    clause = spec.load().clause("FER-N-10")
    first = clause.value("first_filters", profile)
    third = clause.value("third_filters", profile) if profile == "released" else [2 * filters for filters in first]
    pooled_after = (1, 3, 5) if profile == "released" else (1, 2)
    inputs = Input((resolution, resolution, 3))
    outputs = []
    for widths in (first, first, third):
        x = inputs
        for number, filters in enumerate(widths):
            x = layers.Conv2D(filters, 3, padding="same")(x)
            x = layers.Activation("relu")(layers.BatchNormalization()(x))
            if number in pooled_after:
                x = layers.Dropout(clause.value("pool_dropout"))(layers.MaxPooling2D()(x))
        x = layers.GlobalAveragePooling2D()(x)
        x = layers.Dense(clause.value("dense"), activation="relu")(x)
        x = layers.Dropout(clause.value("last_dropout", profile))(x)
        outputs.append(layers.Dense(classes, activation="softmax")(x))
    return Model(inputs, layers.Average()(outputs), name="ensemble")
