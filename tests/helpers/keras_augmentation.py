"""What tests of augmentation share: Keras' own generator, and its pixels for given parameters."""

import numpy as np
import pytest

from ferspec.checks.implementation.augmentation.witness import DEGREES, SHIFT, ZOOM

# Grey levels that computing in float32 may cost.
TOLERANCE = 0.01

# Keras asks SciPy for affine_transform by an old name, once for every channel of every image.
ignore_old_name = pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")


def generator(**options):
    """Return Keras' generator, as TensorFlow 2.21 has it, with the ranges of the paper; ``options`` replace them."""
    import tensorflow as tf

    protocol = {
        "rotation_range": DEGREES,
        "width_shift_range": SHIFT,
        "height_shift_range": SHIFT,
        "zoom_range": ZOOM,
        "horizontal_flip": True,
        "fill_mode": "nearest",
    }
    return tf.keras.preprocessing.image.ImageDataGenerator(**protocol | options)


def noise(count, height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), np.uint8)


def keras_transform(parameters, index):
    """Return the dictionary in which Keras keeps what it drew for an image."""
    return {
        "theta": parameters.rotation[index],
        "tx": parameters.height_shift[index],
        "ty": parameters.width_shift[index],
        "shear": 0,
        "zx": parameters.zoom[index, 0],
        "zy": parameters.zoom[index, 1],
        "flip_horizontal": parameters.flip[index],
        "flip_vertical": False,
    }


def keras_pixels(images, parameters, **options):
    """Return what ``ImageDataGenerator.apply_transform`` makes of the images."""
    apply = generator(**options).apply_transform
    return np.stack(
        [apply(image.astype(np.float32), keras_transform(parameters, index)) for index, image in enumerate(images)]
    )


def assert_same_pixels(*, observed, expected):
    __tracebackhide__ = True
    difference = np.abs(observed.astype(np.float64) - expected).max()
    assert difference <= TOLERANCE, f"{difference:.4f} grey levels apart"
