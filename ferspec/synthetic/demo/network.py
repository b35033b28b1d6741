"""Builds the network of the demo model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

SIZE = 48
# (filters, stride) of each 3 by 3 convolution, each followed by batch normalisation and ReLU
_CONVOLUTIONS = ((24, 1), (32, 2), (32, 1), (64, 2), (64, 1), (96, 2), (96, 1))


def small_cnn(classes: int, seed: int) -> keras.Model:
    """Return an untrained small convolutional network: (n, 48, 48, 3) in [0, 1] to (n, classes) probabilities."""
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((SIZE, SIZE, 3), name="image")
    x = inputs
    for filters, stride in _CONVOLUTIONS:
        x = keras.layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.ReLU()(x)
    x = keras.layers.Dropout(0.3)(keras.layers.Flatten()(keras.layers.AveragePooling2D(2)(x)))
    outputs = keras.layers.Dense(classes, activation="softmax", name="expression")(x)
    return keras.Model(inputs, outputs, name="ferspec_demo")
