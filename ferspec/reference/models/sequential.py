"""The three sequential networks of paper 3.3 (FER-N-07 to FER-N-09)."""

from __future__ import annotations

from typing import Any

from ferspec import spec
from ferspec.spec.records import Clause


def build_three(resolution: int, classes: int, profile: str) -> Any:
    """Return an untrained Sequential 3 Conv; both profiles agree on it."""
    from keras import layers

    clause = spec.load().clause("FER-N-07")
    first, second, third, fourth, fifth = clause.value("filters", profile)
    return _network(
        "sequential_3_conv",
        resolution,
        _convolution(first, "same"),
        _convolution(second),
        layers.MaxPooling2D(),
        layers.Dropout(clause.value("first_dropout")),
        _convolution(third),
        layers.MaxPooling2D(),
        _convolution(fourth),
        _unnamed_dropout(clause),
        _convolution(fifth, "same"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(),
        _unnamed_dropout(clause),
        layers.GlobalAveragePooling2D(),
        layers.Dense(clause.value("dense"), activation="relu"),
        _unnamed_dropout(clause),
        layers.Dense(classes, activation="softmax"),
    )


def build_four(resolution: int, classes: int, profile: str) -> Any:
    """Return an untrained Sequential 4 Conv; its pooling before the dense layer is the profile's."""
    from keras import layers

    clause = spec.load().clause("FER-N-08")
    first, second, third, fourth, fifth, sixth, seventh = clause.value("filters", profile)
    return _network(
        "sequential_4_conv",
        resolution,
        _convolution(first, "same"),
        _convolution(second),
        layers.MaxPooling2D(),
        layers.Dropout(clause.value("first_dropout")),
        _convolution(third),
        layers.MaxPooling2D(),
        _convolution(fourth),
        _unnamed_dropout(clause),
        _convolution(fifth),
        layers.MaxPooling2D(),
        _convolution(sixth),
        _unnamed_dropout(clause),
        _convolution(seventh, "same"),
        layers.BatchNormalization(),
        layers.Dropout(clause.value("last_block_dropout")),
        getattr(layers, clause.value("pooling", profile))(),
        layers.Dense(clause.value("dense"), activation="relu"),
        layers.Dropout(clause.value("dense_dropout")),
        layers.Dense(classes, activation="softmax"),
    )


def build_simple(resolution: int, classes: int, profile: str) -> Any:
    """Return an untrained Sequential Simple; the text's second block has one convolution more and no dropout."""
    from keras import layers

    clause = spec.load().clause("FER-N-09")
    first, second, *later = clause.value("filters", profile)
    parts = [
        _convolution(first),
        _convolution(second),
        layers.MaxPooling2D(),
        layers.Dropout(clause.value("first_dropout")),
    ]
    for number, filters in enumerate(later):
        parts += [_convolution(filters), layers.MaxPooling2D()]
        if number < clause.value("second_block_dropouts", profile):
            parts.append(layers.Dropout(clause.value("first_dropout")))
    return _network(
        "sequential_simple",
        resolution,
        *parts,
        layers.Flatten(),
        layers.Dense(clause.value("dense"), activation="relu"),
        layers.Dropout(clause.value("dense_dropout")),
        layers.Dense(classes, activation="softmax"),
    )


def _unnamed_dropout(clause: Clause) -> Any:
    """Return a dropout that the text does not name and whose rate no table shows: it gets the text's first."""
    from keras import layers

    return layers.Dropout(clause.value("first_dropout"))


def _network(name: str, resolution: int, *parts: Any) -> Any:
    from keras import Input, Sequential

    return Sequential([Input((resolution, resolution, 3)), *parts], name=name)


def _convolution(filters: int, padding: str = "valid") -> Any:
    from keras import layers

    return layers.Conv2D(filters, 3, padding=padding, activation="relu")
