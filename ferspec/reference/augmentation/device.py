"""Augment on the device that trains, as a layer before the network. Importing this module loads TensorFlow."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import keras
import tensorflow as tf

from ferspec import spec
from ferspec.reference.augmentation.scaling import GRAY_OF_RGB, linear_map
from ferspec.reference.models.preprocessing import Preprocessing

INTERPOLATIONS = {0: "NEAREST", 1: "BILINEAR"}


@keras.saving.register_keras_serializable("ferspec")
class Augmentation(keras.layers.Layer):
    """Augment and scale a batch of images for a network.

    Input: images (b, h, w, 3) uint8 RGB and transforms (b, 8) float32; output: (b, h, w, c) float32. Colour is
    converted first and values are scaled last: both are linear, and a grey image has a third of the values to
    interpolate.
    """

    def __init__(self, preprocessing: Preprocessing, **options: Any) -> None:
        # half precision is not enough for pixel coordinates, whatever the network's dtype
        super().__init__(**options | {"dtype": "float32"})
        self.preprocessing = preprocessing
        # XLA has no ImageProjectiveTransformV3.
        self.supports_jit = False

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        images, transforms = inputs
        book = spec.load()
        warped = tf.raw_ops.ImageProjectiveTransformV3(
            images=self._coloured(tf.cast(images, tf.float32)),
            transforms=transforms,
            output_shape=tf.shape(images)[1:3],
            fill_value=0.0,
            interpolation=INTERPOLATIONS[book.integer("FER-A-07", "interpolation_order")],
            fill_mode=book.text("FER-A-07", "fill").upper(),
        )
        factor, offset = linear_map(self.preprocessing)
        return tf.ensure_shape(warped, (None, *images.shape[1:3], self.preprocessing.channels)) * factor + offset

    def compute_output_shape(self, shapes: tuple[Any, ...]) -> tuple[Any, ...]:
        return (*shapes[0][:3], self.preprocessing.channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "preprocessing": asdict(self.preprocessing)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Augmentation:
        fields = config.pop("preprocessing").items()
        tupled: dict[str, Any] = {name: tuple(field) if isinstance(field, list) else field for name, field in fields}
        return cls(Preprocessing(**tupled), **config)

    def _coloured(self, pixels: tf.Tensor) -> tf.Tensor:
        if self.preprocessing.colour == "rgb":
            return pixels
        if self.preprocessing.colour == "bgr":
            return pixels[..., ::-1]
        gray = tf.tensordot(pixels, tf.constant(GRAY_OF_RGB), 1)[..., tf.newaxis]
        return tf.repeat(gray, self.preprocessing.channels, axis=-1)


def with_augmentation(network: keras.Model, preprocessing: Preprocessing) -> keras.Model:
    """Return a model that augments and scales images on the device before ``network``.

    It takes ``[images, transforms]``: (b, h, w, 3) uint8 RGB, and the (b, 8) float32 that ``matrices.transforms``
    returns. It shares the weights of ``network``: training one trains the other, so save only ``network``. Its pixels
    differ from Keras' by at most as much as those of ``augmented``, since TensorFlow computes coordinates in float32
    too.

    FER-A-06 to FER-A-09.
    """
    height, width = network.input_shape[1:3]
    images = keras.Input((height, width, 3), dtype="uint8", name="images")
    transforms = keras.Input((8,), dtype="float32", name="transforms")
    fed = Augmentation(preprocessing, name="augmentation")([images, transforms])
    return keras.Model([images, transforms], network(fed), name=f"{network.name}_augmented")
