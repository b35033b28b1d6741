"""SMMB, single model, multiple branches: detection and emotion over shared convolutions (FER-N-12)."""

from __future__ import annotations

from typing import Any

from ferspec import spec

DETECTION = (128, 64)
EMOTION = (128, 256, 128)


def build(resolution: int, classes: int, profile: str) -> Any:
    """Return an untrained SMMB; ``released`` pools twice in the emotion branch, ``paper`` once.

    Attention is over all places of the map at once; the normalisation after it adds no residual.
    """
    from keras import Input, Model, layers

    clause = spec.load().clause("FER-N-12")
    inputs = shared = Input((resolution, resolution, 3))
    for filters in clause.value("shared_filters"):
        shared = _convolve(shared, filters)

    detection = _convolve(layers.MaxPooling2D()(shared), DETECTION[0])
    detection = layers.Dense(DETECTION[1], activation="relu")(layers.Flatten()(detection))

    emotion = layers.MaxPooling2D()(_convolve(shared, EMOTION[0]))
    emotion = _convolve(emotion, EMOTION[1])
    if clause.value("emotion_poolings", profile) == 2:
        emotion = layers.MaxPooling2D()(emotion)
    attention = layers.MultiHeadAttention(clause.value("attention_heads"), clause.value("key_size"))
    emotion = layers.LayerNormalization()(attention(emotion, emotion))
    emotion = layers.Dense(EMOTION[2], activation="relu")(emotion)
    emotion = layers.Flatten()(layers.Dropout(clause.value("dense_dropout"))(emotion))

    both = layers.Concatenate()([detection, emotion])
    return Model(inputs, layers.Dense(classes, activation="softmax")(both), name="smmb")


def _convolve(x: Any, filters: int) -> Any:
    from keras import layers

    return layers.Conv2D(filters, 3, padding=spec.load().value("FER-N-12", "padding"), activation="relu")(x)
