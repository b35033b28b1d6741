"""The bases from Keras: its networks without classifiers, and their preprocessing."""

from __future__ import annotations

from typing import Any

from ferspec.reference.models.preprocessing import Preprocessing

CAFFE = Preprocessing(colour="bgr", range=(0.0, 255.0), mean=(103.939, 116.779, 123.68))
SIGNED = Preprocessing(range=(-1.0, 1.0))
TORCH = Preprocessing(range=(0.0, 1.0), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
# EfficientNetV2B0 rescales and normalises inside.
RAW = Preprocessing(range=(0.0, 255.0))

# the preprocessing of each network on ImageNet, and its least side
NETWORKS: dict[str, tuple[Preprocessing, int]] = {
    "VGG16": (CAFFE, 32),
    "VGG19": (CAFFE, 32),
    "ResNet50": (CAFFE, 32),
    "MobileNet": (SIGNED, 32),
    "MobileNetV2": (SIGNED, 32),
    "EfficientNetV2B0": (RAW, 32),
    "NASNetMobile": (SIGNED, 32),
    "DenseNet121": (TORCH, 32),
    "Xception": (SIGNED, 71),
    "InceptionV3": (SIGNED, 75),
}


def build_base(name: str, resolution: int) -> Any:
    """Return one of Keras' networks without its classifier and without weights."""
    import keras

    build = getattr(keras.applications, name)
    return build(include_top=False, weights=None, input_shape=(resolution, resolution, 3))
