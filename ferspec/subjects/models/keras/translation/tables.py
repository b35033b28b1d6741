"""List what Keras 2 wrote differently from Keras 3."""

from __future__ import annotations

from typing import Any

from ferspec.subjects.models.keras.classes import LAYER_NAMES

SEPARABLE = {"groups": 1, "kernel_initializer": ..., "kernel_regularizer": None, "kernel_constraint": None}
# Keys of Keras 2 that Keras 3 rejects, with the value that has no effect (... for any value).
OBSOLETE: dict[str, dict[str, Any]] = {
    "BatchNormalization": {"fused": ..., "renorm": False, "virtual_batch_size": None, "adjustment": None},
    "InputLayer": {"ragged": False},
    "MultiHeadAttention": {"query_shape": ..., "key_shape": ..., "value_shape": ...},
    **{kind: {"groups": 1} for rank in (1, 2, 3) for kind in (f"Conv{rank}DTranspose", f"DepthwiseConv{rank}D")},
    **{f"SeparableConv{rank}D": SEPARABLE for rank in (1, 2)},
    **{f"SpatialDropout{rank}D": {"noise_shape": None, "trainable": ...} for rank in (1, 2, 3)},
    **{kind: {"time_major": False} for kind in ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "GRU", "LSTM", "RNN")},
    "SimpleRNN": {"time_major": False},
}
# Keys of any layer: how its random numbers were drawn in training.
OBSOLETE_EVERYWHERE = {"rng_type": ...}
INITIALIZERS = frozenset(
    {"Zeros", "Ones", "Constant", "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Orthogonal"}
    | {f"{family}{kind}" for family in ("Glorot", "He", "Lecun") for kind in ("Uniform", "Normal")}
)
# Augmentation that changes images in training only.
UNCHANGING = frozenset(
    f"Random{kind}" for kind in ("Brightness", "Contrast", "Flip", "Height", "Rotation", "Translation", "Width", "Zoom")
)
MODELS = frozenset({"Functional", "Model", "Sequential"})
# What an object stores about how it was built, trained or shared.
LEFT_OUT = frozenset({"build_config", "compile_config", "registered_name", "shared_object_id"})
# The module in which Keras 3 has a class.
HOMES = dict.fromkeys(LAYER_NAMES.split(), "keras.layers") | {
    "Functional": "keras.src.models.functional",
    "Sequential": "keras",
    "ThresholdedReLU": "keras._legacy.layers",
}
