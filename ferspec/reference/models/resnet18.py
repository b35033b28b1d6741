"""ResNet18 with the dropout, dense layer and second dropout that the protocol puts on it (FER-N-03)."""

from __future__ import annotations

from typing import Any

from ferspec import spec

STAGES = (64, 128, 256, 512)
LARGE = 224


def build(resolution: int, classes: int, profile: str) -> Any:
    """Return an untrained ResNet18: from 224×224 on with the 7×7 stem and pooling, below with a plain 3×3 stem.

    The rate of the second dropout, which the text leaves out, is that of the first.
    """
    from keras import Input, Model, layers

    values = spec.load().clause("FER-N-03")
    inputs = Input((resolution, resolution, 3))
    if resolution >= LARGE:
        x = _convolve(inputs, STAGES[0], kernel=7, strides=2)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    else:
        x = layers.ReLU()(layers.BatchNormalization()(_convolve(inputs, STAGES[0])))
    for filters in STAGES:
        x = _block(x, filters, strides=1 if filters == STAGES[0] else 2)
        x = _block(x, filters)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(values.value("first_dropout"))(x)
    x = layers.Dense(values.value("dense"), activation="relu")(x)
    x = layers.Dropout(values.value("first_dropout"))(x)
    return Model(inputs, layers.Dense(classes, activation="softmax")(x), name="resnet18")


def _block(x: Any, filters: int, strides: int = 1) -> Any:
    from keras import layers

    y = layers.ReLU()(layers.BatchNormalization()(_convolve(x, filters, strides=strides)))
    y = _convolve(y, filters)
    if strides == 1:
        y, shortcut = layers.BatchNormalization()(y), x
    else:
        shortcut = _convolve(x, filters, kernel=1, strides=strides)
        y, shortcut = layers.BatchNormalization()(y), layers.BatchNormalization()(shortcut)
    return layers.ReLU()(layers.Add()([y, shortcut]))


def _convolve(x: Any, filters: int, kernel: int = 3, strides: int = 1) -> Any:
    from keras import layers

    return layers.Conv2D(filters, kernel, strides=strides, padding="same", use_bias=False)(x)
