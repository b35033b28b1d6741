"""LeNet5, with rectified units and max pooling as it was run."""

from __future__ import annotations

from typing import Any


def build(resolution: int, classes: int, profile: str) -> Any:
    """Return an untrained LeNet5: two 5×5 convolutions, dense layers of 120 and 84, softmax."""
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((resolution, resolution, 3)),
            layers.Conv2D(6, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(classes, activation="softmax"),
        ],
        name="lenet5",
    )
