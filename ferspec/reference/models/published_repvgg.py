"""RepVGG-A2 as published: three branches in training, one 3×3 convolution after fusion.

Ding et al. 2021: in training every block sums a 3×3 convolution, a 1×1 convolution and, where shapes allow, the input
itself, each normalised. All three are linear, so that they fold into the kernel and bias of one 3×3 convolution.
"""

from __future__ import annotations

import re
from itertools import zip_longest
from typing import Any

import numpy as np

from ferspec.errors import UserError
from ferspec.reference.models.assembly import assembled
from ferspec.reference.models.weightless import weightless

NETWORK = "RepVGG"
BLOCK = re.compile(r"(stage\d+_block\d+)_add")
TOLERANCE, IMAGES, SEED = 1e-4, 4, 20240617


def fuse(model: Any) -> Any:
    """Return the fused network of a trained RepVGG: one 3×3 convolution per block.

    Before the fused network is returned, both are run on the same noise: features, relative to the largest, and
    outputs agree to 1e-4. ``UserError`` for any other network, including the released RepVGG, which does not fold
    (FER-N-04).
    """
    from keras import Input, Model, layers

    prefixes = [match[1] for layer in model.layers if (match := BLOCK.fullmatch(layer.name))]
    if not prefixes:
        raise UserError(f"{model.name} has no three-branch blocks to fuse: build RepVGG with the profile 'paper'")
    _require_plain(model)
    inputs = x = Input(model.input_shape[1:])
    for prefix in prefixes:
        trained = model.get_layer(f"{prefix}_3x3")
        x = _padded(x, f"{prefix}_pad")
        convolution = layers.Conv2D(
            trained.filters, 3, strides=trained.strides, activation="relu", name=f"{prefix}_fused"
        )
        x = convolution(x)
        convolution.set_weights(_folded(model, prefix))
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    classifier = layers.Dense(model.output_shape[-1], activation="softmax", name="classifier")
    fused = Model(inputs, classifier(x), name=f"{model.name}_fused")
    classifier.set_weights(model.get_layer("classifier").get_weights())
    _require_equal(model, fused)
    return fused


def _require_plain(model: Any) -> None:
    """Raise ``UserError`` unless a network has the layers of RepVGG-A2 in training form.

    Names, types and order are compared.
    """
    shapes = [tuple(tensor.shape[1:]) for tensor in (*model.inputs, *model.outputs)]
    if len(shapes) != 2 or len(shapes[0]) != 3 or None in shapes[0] or shapes[0][0] != shapes[0][1]:
        raise UserError(f"{model.name} does not fold: RepVGG-A2 reads square images of a known size")
    plain = weightless(lambda: assembled(NETWORK, shapes[0][0], shapes[1][-1], "paper"))
    # the name of the input varies
    for wanted, layer in zip_longest(*([_signature(layer) for layer in m.layers[1:]] for m in (plain, model))):
        if wanted != layer:
            observed, expected = (f"{row[0]} ({row[1]})" if row else "nothing" for row in (layer, wanted))
            raise UserError(f"{model.name} does not fold: it has {observed} where RepVGG-A2 has {expected}")


def _signature(layer: Any) -> tuple[str, str, tuple[int, ...]]:
    return layer.name, type(layer).__name__, tuple(layer.output.shape[1:])


def _require_equal(model: Any, fused: Any) -> None:
    from keras import Model

    images = np.random.default_rng(SEED).random((IMAGES, *model.input_shape[1:]), np.float32)
    both = [Model(m.input, [m.get_layer("pool").output, *m.outputs]) for m in (model, fused)]
    (features, answers), (fused_features, fused_answers) = ([np.asarray(a) for a in m(images)] for m in both)
    difference = np.abs(fused_features - features).max() / max(np.abs(features).max(), 1e-30)
    difference = max(difference, np.abs(fused_answers - answers).max())
    # this form of the comparison refuses NaN too
    if not difference <= TOLERANCE:
        raise UserError(
            f"{model.name} does not fold: the fused network answers differently, by {difference:.2g} on noise"
        )


def _padded(x: Any, name: str) -> Any:
    # With stride 2, Keras' 'same' pads an even side by 0 and 1. The centre of the 3×3 kernel then lies beside the pixel
    # that the 1×1 kernel reads, and the two do not fold.
    from keras import layers

    return layers.ZeroPadding2D(1, name=name)(x)


def _folded(model: Any, prefix: str) -> list[np.ndarray]:
    """Return the kernel and bias that are equivalent to all branches of a block."""
    kernel, bias = _scaled(model.get_layer(f"{prefix}_3x3").get_weights()[0], model.get_layer(f"{prefix}_3x3_bn"))
    ones, ones_bias = _scaled(model.get_layer(f"{prefix}_1x1").get_weights()[0], model.get_layer(f"{prefix}_1x1_bn"))
    kernel[1, 1] += ones[0, 0]
    bias += ones_bias
    if any(layer.name == f"{prefix}_identity_bn" for layer in model.layers):
        identity = np.eye(kernel.shape[2])[np.newaxis, np.newaxis]
        itself, itself_bias = _scaled(identity, model.get_layer(f"{prefix}_identity_bn"))
        kernel[1, 1] += itself[0, 0]
        bias += itself_bias
    return [kernel.astype(np.float32), bias.astype(np.float32)]


def _scaled(kernel: np.ndarray, norm: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the float64 kernel and bias of a convolution with its normalisation.

    The convolution has no bias of its own.
    """
    gamma, beta, mean, variance = (np.asarray(array, np.float64) for array in norm.get_weights())
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return kernel.astype(np.float64) * scale, beta - mean * scale
