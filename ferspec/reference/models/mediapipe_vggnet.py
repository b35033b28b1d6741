"""The network of MediaPipe + VGGNet: a small VGG on grey faces, which a detector in front cuts out."""

from __future__ import annotations

from typing import Any

STAGES = (64, 128, 256, 512)
STAGE_DROPOUT = 0.25
DENSE_DROPOUT = 0.5


def build(resolution: int, classes: int, profile: str) -> Any:
    """Return an untrained network for grey faces of values 0..255, which it rescales itself.

    The released table shows where its dropouts stand but not their rates; they are those of the Ensemble.
    """
    from keras import Input, Sequential, layers

    model = Sequential([Input((resolution, resolution, 1)), layers.Rescaling(1 / 255)], name="mediapipe_vggnet")
    for filters in STAGES:
        for second in (False, True):
            padding = "same" if second or filters != STAGES[0] else "valid"
            model.add(layers.Conv2D(filters, 3, padding=padding, activation="relu"))
            model.add(layers.BatchNormalization())
        model.add(layers.MaxPooling2D())
        model.add(layers.Dropout(STAGE_DROPOUT))
    model.add(layers.Flatten())
    model.add(layers.Dense(1024, activation="relu"))
    model.add(layers.Dropout(DENSE_DROPOUT))
    model.add(layers.Dense(256, activation="relu"))
    model.add(layers.Dense(classes, activation="softmax"))
    return model
