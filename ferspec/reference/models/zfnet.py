"""ZFNet (FER-N-06): AlexNet with a smaller first kernel and finer strides."""

from __future__ import annotations

from typing import Any

DENSE_DROPOUT = 0.5


def build(resolution: int, classes: int, profile: str) -> Any:
    """Return an untrained ZFNet; pooling windows (3×3, as published) and dropout rates are shown by no source.

    The last pooling is padded: unpadded, a window of three has no room in the two pixels left at 48×48.
    """
    from keras import Input, Model, layers

    inputs = Input((resolution, resolution, 3))
    x = layers.Conv2D(96, 7, strides=2, activation="relu")(inputs)
    x = layers.MaxPooling2D(3, strides=2)(x)
    x = layers.Conv2D(256, 5, strides=2, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(3, strides=2)(x)
    for filters in (384, 384, 256):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.Dense(4096, activation="relu")(x)
        x = layers.Dropout(DENSE_DROPOUT)(x)
    return Model(inputs, layers.Dense(classes, activation="softmax")(x), name="zfnet")
