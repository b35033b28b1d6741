"""Typical mistakes in preparing images, for causes and mutants (FER-P-07 to FER-P-09)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

Values = Callable[[np.ndarray], np.ndarray]

# the preprocessing of the bases, from the documentation of keras.applications and keras-vggface
CAFFE_MEANS = (103.939, 116.779, 123.68)
TORCH_MEANS, TORCH_DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
VGGFACE_1_MEANS, VGGFACE_2_MEANS = (93.5940, 104.7624, 129.1863), (91.4953, 103.8827, 131.0912)
# Functions of RGB values from 0 to 255.
WAYS: Mapping[str, Values] = {
    "x / 255": lambda rgb: rgb / 255,
    "the values 0..255 as they are": lambda rgb: rgb * 1.0,
    "x / 127.5 - 1": lambda rgb: rgb / 127.5 - 1,
    "Caffe's: BGR less the means of ImageNet": lambda rgb: rgb[..., ::-1] - CAFFE_MEANS,
    "Torch's: x / 255, less mean, over deviation": lambda rgb: (rgb / 255 - TORCH_MEANS) / TORCH_DEVIATIONS,
    "VGGFace's: BGR less its means": lambda rgb: rgb[..., ::-1] - VGGFACE_1_MEANS,
    "VGGFace2's: BGR less its means": lambda rgb: rgb[..., ::-1] - VGGFACE_2_MEANS,
}
RESCALED, RAW, SIGNED, CAFFE, TORCH, VGGFACE_1, VGGFACE_2 = WAYS
OWN_WAY = {
    ("VGG16", "imagenet"): CAFFE,
    ("VGG16", "vggface"): VGGFACE_1,
    ("VGG19", "imagenet"): CAFFE,
    ("ResNet50", "imagenet"): CAFFE,
    ("ResNet50", "vggface"): VGGFACE_2,
    ("SENet50", "vggface"): VGGFACE_2,
    ("MobileNet", "imagenet"): SIGNED,
    ("MobileNetV2", "imagenet"): SIGNED,
    ("EfficientNetV2B0", "imagenet"): RAW,
    ("NASNetMobile", "imagenet"): SIGNED,
    ("DenseNet121", "imagenet"): TORCH,
    ("Xception", "imagenet"): SIGNED,
    ("InceptionV3", "imagenet"): SIGNED,
}


def _in_the_other_order(way: Values) -> Values:
    return lambda rgb: way(rgb)[..., ::-1]


FED: Mapping[str, Values] = {
    **WAYS,
    **{f"{name}, but in the other colour order": _in_the_other_order(way) for name, way in WAYS.items()},
}

# the source of each pixel: functions of the pixels (n,), and of the numbers before and after
Places = Callable[[np.ndarray, int, int], np.ndarray]
TAKEN: Mapping[str, Places] = {
    "half a pixel is left out: pixel i is i * before // after, as OpenCV's INTER_NEAREST has it": (
        lambda pixels, before, after: pixels * before // after
    ),
    "corners are aligned with corners": lambda pixels, before, after: np.rint(
        pixels * (before - 1) / max(after - 1, 1)
    ),
    "places are rounded, not cut off": lambda pixels, before, after: np.rint(pixels * before / after).clip(
        0, before - 1
    ),
    "the pixel after the nearest is taken": lambda pixels, before, after: (
        (2 * pixels + 1) * before // (2 * after) + 1
    ).clip(0, before - 1),
}


def _grey(pixels: np.ndarray) -> np.ndarray:
    return np.repeat(pixels[..., :3].mean(axis=-1, keepdims=True), 3, axis=-1)


def _blended(pixels: np.ndarray, ground: float) -> np.ndarray:
    opacity = pixels[..., 3:] / 255
    return pixels[..., :3] * opacity + ground * (1 - opacity)


# Functions of an image, by the number of its channels.
CHANNELS: Mapping[int, Mapping[str, Values]] = {
    1: {
        "the first channel alone is filled": lambda pixels: pixels * (1, 0, 0),
        "a third of the grey in each channel": lambda pixels: np.repeat(pixels / 3, 3, -1),
    },
    3: {
        "blue, green, red": lambda pixels: pixels[..., ::-1],
        "colour is made grey": _grey,
        "values are rescaled here already": lambda pixels: pixels / 255,
    },
    4: {
        "blue, green, red where there is alpha": lambda pixels: pixels[..., 2::-1],
        "alpha is taken for a channel": lambda pixels: pixels[..., 1:],
        "alpha is taken for red": lambda pixels: pixels[..., [3, 0, 1]],
        "alpha is blended with black": lambda pixels: _blended(pixels, 0),
        "alpha is blended with white": lambda pixels: _blended(pixels, 255),
        "images with alpha are made grey": _grey,
    },
}
