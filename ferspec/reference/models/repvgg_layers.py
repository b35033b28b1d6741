"""The two layers of the released RepVGG; importing this module makes its models loadable."""

from __future__ import annotations

import keras
from keras import layers, ops

PACKAGE = "ferspec"


@keras.saving.register_keras_serializable(PACKAGE)
class RepVGGBlock(layers.Layer):
    """conv-BN-ReLU-conv-BN plus a shortcut, linear or a 1×1 convolution, with no activation after the sum.

    Input (batch, height, width, channels); output (batch, height / strides, width / strides, filters). Convolutions
    have no bias.
    """

    def __init__(self, filters: int, strides: int = 1, **options) -> None:
        super().__init__(**options)
        self.filters, self.strides = filters, strides
        self.first = layers.Conv2D(filters, 3, strides=strides, padding="same", use_bias=False)
        self.first_norm = layers.BatchNormalization()
        self.second = layers.Conv2D(filters, 3, padding="same", use_bias=False)
        self.second_norm = layers.BatchNormalization()
        self.shortcut = None

    def build(self, shape) -> None:
        if self.strides != 1 or shape[-1] != self.filters:
            shortcut = layers.Conv2D(self.filters, 1, strides=self.strides, use_bias=False)
            shortcut.build(shape)
            self.shortcut = shortcut
        inner = self.first.compute_output_shape(shape)
        self.first.build(shape)
        for part in (self.first_norm, self.second, self.second_norm):
            part.build(inner)
        self.built = True

    def call(self, x, training=None):
        y = ops.relu(self.first_norm(self.first(x), training=training))
        y = self.second_norm(self.second(y), training=training)
        return y + (x if self.shortcut is None else self.shortcut(x))

    def compute_output_shape(self, shape):
        return self.first.compute_output_shape(shape)

    def get_config(self):
        return {**super().get_config(), "filters": self.filters, "strides": self.strides}


@keras.saving.register_keras_serializable(PACKAGE)
class GradientCheckpointing(layers.Layer):
    """Return the input unchanged; stop the gradient of half of the channels.

    These are the first half. The runs stopped the gradient of some channels; their tables do not say which. Despite the
    name, nothing is recomputed.
    """

    def call(self, x):
        half = x.shape[-1] // 2
        return ops.concatenate([ops.stop_gradient(x[..., :half]), x[..., half:]], axis=-1)

    def compute_output_shape(self, shape):
        return shape
