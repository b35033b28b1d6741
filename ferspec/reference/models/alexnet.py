"""AlexNet (FER-N-05): kernels of 11, 5 and three times 3, overlapping pooling, global pooling before its classifier."""

from __future__ import annotations

from typing import Any

from ferspec import spec

DENSE_DROPOUT = 0.5


def build(resolution: int, classes: int, profile: str) -> Any:
    """Return an untrained AlexNet; the rate of its two dropouts, which no source gives, is that of its publication.

    The last pooling is padded, as one pixel is left before and after it in the released table at 48×48.
    """
    from keras import Input, Model, layers

    size, stride = spec.load().value("FER-N-05", "pool_size"), spec.load().value("FER-N-05", "pool_stride")
    inputs = Input((resolution, resolution, 3))
    x = layers.Conv2D(96, 11, strides=4, activation="relu")(inputs)
    x = layers.MaxPooling2D(size, strides=stride)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Conv2D(256, 5, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(size, strides=stride)(x)
    x = layers.BatchNormalization()(x)
    for filters in (384, 384, 256):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(size, strides=stride, padding="same")(x)
    x = layers.BatchNormalization()(x)
    x = layers.GlobalAveragePooling2D()(x)
    for _ in range(2):
        x = layers.Dense(4096, activation="relu")(x)
        x = layers.Dropout(DENSE_DROPOUT)(x)
    return Model(inputs, layers.Dense(classes, activation="softmax")(x), name="alexnet")
