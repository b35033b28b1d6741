"""RepVGG in two forms: the published one is fused into one convolution per block, the released one is not."""

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.reference import models
from ferspec.reference.models.building import build
from ferspec.reference.models.published_repvgg import BLOCK


@pytest.fixture(scope="module")
def trained(images):
    """The published RepVGG, its normalisation as training leaves it: other factors and statistics in every channel."""
    model = build("RepVGG", 48, profile="paper").model
    rng = np.random.default_rng(11)
    norms = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    for layer in norms:
        layer.gamma.assign(rng.uniform(0.3, 1.3, layer.gamma.shape))
        layer.beta.assign(rng.uniform(-0.3, 0.3, layer.beta.shape))
        layer.momentum = 0.0
    model(images, training=True)
    return model


@pytest.fixture(scope="module")
def fused(trained):
    return models.fuse(trained)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(12).random((8, 48, 48, 3), np.float32)


def test_the_fused_network_answers_as_the_trained_one(trained, fused, images):
    answers = np.asarray(trained(images))
    assert answers.std(0).max() > 1e-3, "the images must not all be answered alike"
    np.testing.assert_allclose(np.asarray(fused(images)), answers, rtol=0, atol=1e-4)


def test_the_fused_network_has_the_same_features_before_the_classifier(trained, fused, images):
    import keras

    features = [np.asarray(keras.Model(m.input, m.get_layer("pool").output)(images)) for m in (trained, fused)]
    assert np.abs(features[0]).max() > 0
    np.testing.assert_allclose(features[1], features[0], rtol=0, atol=1e-4 * np.abs(features[0]).max())


def test_a_block_is_one_convolution_of_three_by_three(trained, fused):
    blocks = [layer for layer in trained.layers if BLOCK.fullmatch(layer.name)]
    convolutions = [layer for layer in fused.layers if type(layer).__name__ == "Conv2D"]
    assert len(convolutions) == len(blocks) == 22
    assert {layer.kernel_size for layer in convolutions} == {(3, 3)}
    assert not any(type(layer).__name__ in ("BatchNormalization", "Add") for layer in fused.layers)


def test_the_fused_network_has_the_parameters_its_authors_publish(fused):
    """Ding et al. 2021, Table 4: RepVGG-A2 deployed, 25.49 million with 1000 classes, cut off and not rounded."""
    features = fused.get_layer("classifier").input.shape[-1]
    assert (fused.count_params() + (features + 1) * (1000 - 7)) // 10_000 == 2549


def test_leaving_out_a_branch_is_noticed(trained, fused, images):
    """The tolerance is not so wide that a forgotten branch passes."""
    import keras

    wrong = keras.models.clone_model(fused)
    wrong.set_weights(fused.get_weights())
    layer = wrong.get_layer("stage2_block2_fused")
    kernel, bias = layer.get_weights()
    norm = trained.get_layer("stage2_block2_identity_bn")
    scale = np.asarray(norm.gamma) / np.sqrt(np.asarray(norm.moving_variance) + norm.epsilon)
    kernel[1, 1] -= np.diag(scale)
    layer.set_weights([kernel, bias])
    assert np.abs(np.asarray(wrong(images)) - np.asarray(trained(images))).max() > 1e-4


@pytest.mark.parametrize("network", ["RepVGG", "LeNet5"])
def test_a_network_without_branches_is_not_fused(network):
    with pytest.raises(UserError, match=f"{network.lower()} has no three-branch blocks to fuse: build RepVGG with"):
        models.fuse(models.outline(network, 48))


def test_between_its_blocks_the_released_network_stops_the_gradient_of_half_the_channels():
    import tensorflow as tf

    from ferspec.reference.models.repvgg_layers import GradientCheckpointing

    x = tf.random.normal((2, 4, 4, 6))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = GradientCheckpointing()(x)
        loss = tf.reduce_sum(y**2)
    gradient = tape.gradient(loss, x).numpy()
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(gradient[..., :3], 0)
    np.testing.assert_allclose(gradient[..., 3:], 2 * x[..., 3:], rtol=1e-6)


@pytest.mark.parametrize(("filters", "strides", "parameters"), [(64, 1, 74_240), (128, 2, 230_400), (64, 2, 78_336)])
def test_a_released_block_is_the_sum_of_two_convolutions_and_a_shortcut(filters, strides, parameters):
    """Against the same computation written with Keras' own layers."""
    from keras import layers, ops

    from ferspec.reference.models.repvgg_layers import RepVGGBlock

    x = np.random.default_rng(3).normal(size=(2, 8, 8, 64)).astype(np.float32)
    block = RepVGGBlock(filters, strides=strides)
    y = block(x)
    assert block.count_params() == parameters
    first, second = (layers.Conv2D(filters, 3, s, padding="same", use_bias=False) for s in (strides, 1))
    scale = 1 / np.sqrt(1 + 1e-3)  # a fresh normalisation divides by √(1 + ε)
    for layer in (first, second):
        layer.build((None, 8, 8, 64) if layer is first else (None, 8, 8, filters))
    first.set_weights(block.first.get_weights())
    second.set_weights(block.second.get_weights())
    expected = second(ops.relu(first(x) * scale)) * scale
    if block.shortcut is None:
        expected += x
    else:
        shortcut = layers.Conv2D(filters, 1, strides, use_bias=False)
        shortcut.build((None, 8, 8, 64))
        shortcut.set_weights(block.shortcut.get_weights())
        expected += shortcut(x)
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)
