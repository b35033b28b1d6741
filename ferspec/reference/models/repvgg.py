"""RepVGG as it was run: residual blocks that no re-parameterisation folds (FER-N-04)."""

from __future__ import annotations

from typing import Any

from ferspec.reference.models import repvgg_published

STAGES = ((64, 1), (128, 2), (256, 3), (512, 5))


def build(resolution: int, classes: int, profile: str) -> Any:
    """Return an untrained RepVGG: under ``released`` the network that was run, under ``paper`` the published one."""
    if profile == "paper":
        return repvgg_published.build(resolution, classes)
    from keras import Input, Model, layers

    from ferspec.reference.models.repvgg_layers import GradientCheckpointing, RepVGGBlock

    inputs = Input((resolution, resolution, 3))
    x = layers.Conv2D(STAGES[0][0], 3, strides=2, padding="same")(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for filters, depth in STAGES:
        for number in range(depth):
            strides = 2 if number == 0 and filters != STAGES[0][0] else 1
            x = RepVGGBlock(filters, strides=strides)(GradientCheckpointing()(x))
    x = layers.GlobalAveragePooling2D()(x)
    return Model(inputs, layers.Dense(classes, activation="softmax")(x), name="repvgg")
