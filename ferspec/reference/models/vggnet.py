"""VGGNet: the sixteen layers of VGG16 with its own classifier, built for any size."""

from __future__ import annotations

from typing import Any

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
CLASSIFIER = 4096


def build(resolution: int, classes: int, profile: str) -> Any:
    """Return an untrained VGGNet: five stages of 3×3 convolutions, two dense layers of 4096, softmax."""
    from keras import Input, Sequential, layers

    model = Sequential([Input((resolution, resolution, 3))], name="vggnet")
    for filters, depth in STAGES:
        for _ in range(depth):
            model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(CLASSIFIER, activation="relu"))
    model.add(layers.Dense(CLASSIFIER, activation="relu"))
    model.add(layers.Dense(classes, activation="softmax"))
    return model
