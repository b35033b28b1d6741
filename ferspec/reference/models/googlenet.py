"""GoogLeNet without its auxiliary classifiers, in the two forms that were run."""

from __future__ import annotations

from typing import Any

# Filters of: 1×1 before 3×3, 3×3, 1×1 before 5×5, 5×5, 1×1 after pooling, plain 1×1.
MODULES = (
    (64, 96, 128, 16, 32, 32),
    (128, 128, 192, 32, 96, 64),
    (192, 96, 208, 16, 48, 64),
    (160, 112, 224, 24, 64, 64),
    (128, 128, 256, 24, 64, 64),
    (112, 144, 288, 32, 64, 64),
    (256, 160, 320, 32, 128, 128),
    (256, 160, 320, 32, 128, 128),
    (384, 192, 384, 48, 128, 128),
)
LARGE = 224
POOLED_AFTER = {"large": (1, 6), "small": (1, 3, 6)}
DROPOUT = 0.4


def build(resolution: int, classes: int, profile: str) -> Any:
    """Return an untrained GoogLeNet: from 224×224 on with the published 7×7 stem, below with a 3×3 one.

    The small form pools once more, between its inception modules, and globally at the end. The dropout's rate, which
    no source gives, is that of its publication.
    """
    from keras import Input, Model, layers

    large = resolution >= LARGE
    inputs = Input((resolution, resolution, 3))
    x = _convolve(inputs, 64, 7, strides=2) if large else _convolve(inputs, 64, 3)
    x = _halve(x)
    x = _convolve(_convolve(x, 64, 1), 192, 3)
    x = _halve(x)
    for number, filters in enumerate(MODULES):
        x = _inception(x, *filters)
        if number in POOLED_AFTER["large" if large else "small"]:
            x = _halve(x)
    x = layers.Flatten()(layers.AveragePooling2D(x.shape[1])(x)) if large else layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(DROPOUT)(x)
    return Model(inputs, layers.Dense(classes, activation="softmax")(x), name="googlenet")


def _inception(x: Any, before3: int, filters3: int, before5: int, filters5: int, pooled: int, plain: int) -> Any:
    from keras import layers

    threes = _convolve(_convolve(x, before3, 1), filters3, 3)
    fives = _convolve(_convolve(x, before5, 1), filters5, 5)
    pool = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    return layers.Concatenate()([threes, fives, _convolve(pool, pooled, 1), _convolve(x, plain, 1)])


def _convolve(x: Any, filters: int, kernel: int, strides: int = 1) -> Any:
    from keras import layers

    return layers.Conv2D(filters, kernel, strides=strides, padding="same", activation="relu")(x)


def _halve(x: Any) -> Any:
    from keras import layers

    return layers.MaxPooling2D(3, strides=2, padding="same")(x)
