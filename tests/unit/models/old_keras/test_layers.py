"""Layers of Keras 2 answer as in the package tf-keras, which still has Keras 2."""

import numpy as np
import pytest

from ferspec.subjects.models.formats import load_model
from ferspec.subjects.models.quiet import quiet
from helpers.old_keras import SIZE, fill, images

keras = pytest.importorskip("tf_keras", reason="tf-keras is not installed, which has the layers of Keras 2")
L = keras.layers


def convolutions(x):
    x = L.ReLU(6.0, negative_slope=0.1)(L.Conv2DTranspose(3, 3)(L.SeparableConv2D(4, 3)(L.ZeroPadding2D()(x))))
    x = L.LeakyReLU(0.2)(L.BatchNormalization()(L.DepthwiseConv2D(3)(x)))
    x = L.SpatialDropout2D(0.1)(L.PReLU(shared_axes=[1, 2])(L.UpSampling2D(interpolation="bilinear")(x)))
    x = L.ThresholdedReLU(0.01)(L.Softmax()(L.Cropping2D()(x)))
    return L.Flatten()(L.GlobalAveragePooling2D(keepdims=True)(L.GaussianNoise(0.1)(x)))


def operations(x):
    import tensorflow as tf

    x = keras.applications.vgg16.preprocess_input(x)  # flips the channels and adds a bias
    x = (1 - x / 2) * x - tf.maximum(x, 0.1) ** 2
    x = tf.reshape(tf.transpose(tf.concat([x, -x], axis=-1), [0, 2, 1, 3]), [-1, SIZE, SIZE, 6])
    x = tf.nn.softmax(tf.nn.relu6(tf.abs(x) + tf.exp(-x / 200)))
    return tf.squeeze(tf.reduce_mean(tf.expand_dims(x, 1), axis=[2, 3]), axis=1) + tf.reduce_max(x, axis=[1, 2])


def preprocessing(x):
    x = L.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 3.0])(L.Rescaling([1.0, 0.5, 2.0])(x))
    x = L.RandomContrast(0.1)(L.RandomTranslation(0.1, 0.1)(L.RandomBrightness(0.1)(x)))
    return L.GlobalAveragePooling2D()(L.GroupNormalization(3)(L.CenterCrop(6, 6)(L.Resizing(9, 9)(x))))


def sequences(x):
    x = L.TimeDistributed(L.GlobalAveragePooling1D())(L.ConvLSTM1D(3, 3, return_sequences=True)(x))
    return L.SimpleRNN(4)(L.GRU(5, return_sequences=True)(L.TimeDistributed(L.Dense(4))(x)))


@pytest.mark.parametrize("body", [convolutions, operations, preprocessing, sequences])
def test_layers_answer_as_in_keras_2(tmp_path, body):
    inputs = L.Input((SIZE, SIZE, 3), name="images")
    outputs = L.Dense(7, activation="softmax")(body(inputs))
    network = fill(keras.Model({"images": inputs}, outputs))
    with quiet():
        network.save(tmp_path / "old.h5")
    answers = load_model(tmp_path / "old.h5").predict(images())
    np.testing.assert_allclose(answers, network.predict({"images": images()}, verbose=0), atol=1e-5)
