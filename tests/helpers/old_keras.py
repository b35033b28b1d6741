"""Networks of Keras 2, which write the files in ``fixtures/keras2``.

``python tests/helpers/old_keras.py FOLDER`` writes them with the Keras of the installed TensorFlow, 2.12 to 2.15.
"""

import json
import sys
from pathlib import Path

import numpy as np

SIZE = 12


def images(count=3, size=SIZE):
    """Return images (count, size, size, 3) from 0 to 1, the same everywhere."""
    return ((np.arange(count * size * size * 3) * 37 % 101) / 100).reshape(count, size, size, 3).astype(np.float32)


def fill(network):
    """Give a network weights that differ in every element, and return it."""
    weights = []
    for index, variable in enumerate(network.weights):
        wave = np.sin(1 + np.arange(np.prod(variable.shape, dtype=int)) + index).reshape(variable.shape)
        weights.append((1.5 + wave if "variance" in variable.name else 0.6 * wave).astype(np.float32))
    network.set_weights(weights)
    return network


def base(keras, name="base"):
    layers = keras.layers
    inputs = layers.Input((SIZE, SIZE, 3), name=f"{name}_input")
    left = layers.Conv2D(3, 3, name="conv1/7x7_s2")(inputs)
    left = layers.ReLU(6.0, name=f"{name}_relu")(layers.BatchNormalization(name=f"{name}_norm1")(left))
    right = layers.Conv2D(3, 1, name=f"{name}_conv2")(left)
    right = layers.BatchNormalization(name=f"{name}_norm2")(right)
    network = keras.Model(inputs, layers.Add(name=f"{name}_add")([left, right]), name=name)
    # the first layers frozen, the last ones trained: the order in which an older file lists the weights
    for layer in network.layers[:3]:
        layer.trainable = False
    return network


def transfer(keras):
    """Return a Sequential network of base, pooling and dense layers."""
    layers = keras.layers
    dense = [layers.Dense(5, activation="relu"), layers.Dense(7, activation="softmax")]
    return fill(keras.Sequential([base(keras), layers.GlobalAveragePooling2D(), *dense]))


def mixed(keras):
    """Return a functional network of what differs most between Keras 2 and 3."""
    layers = keras.layers
    inputs = layers.Input((SIZE, SIZE, 3))
    augmented = [layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), layers.RandomZoom(0.1)]
    grown = keras.Sequential(augmented, name="augmentation")(inputs)
    grown = keras.applications.mobilenet_v2.preprocess_input(grown * 255.0)
    grown = base(keras)(grown, training=False)
    shared = layers.Conv2D(3, 3, padding="same", activation="hard_sigmoid")
    grown = shared(shared(grown))
    grown = 1.0 - layers.RandomCrop(8, 8)(grown)[:, :, :, ::-1]
    rows = layers.Reshape((-1, 3))(grown)
    rows = layers.LayerNormalization()(rows)
    rows = layers.MultiHeadAttention(2, 2)(rows, value=rows)
    rows = layers.Bidirectional(layers.LSTM(2, recurrent_activation="hard_sigmoid"))(rows)
    return fill(keras.Model(inputs, layers.Dense(7, activation="softmax")(rows)))


NETWORKS = {"transfer": transfer, "mixed": mixed}


def write(keras, version, folder):
    """Write each network in every form of its Keras, with its answers."""
    answers = {}
    for name, make in NETWORKS.items():
        network = make(keras)
        path = folder / f"{name}-{version}"
        archive = {"2.12": "keras_v3"}.get(version, "keras")
        network.save(f"{path}.h5")
        network.save(f"{path}.keras", save_format=archive)
        answers[path.name] = network.predict(images(), verbose=0).round(7).tolist()
    network.save_weights(folder / f"weights-{version}.h5")
    (folder / f"model-{version}.json").write_text(network.to_json())
    (folder / f"answers-{version}.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    import tensorflow as tf

    write(tf.keras, ".".join(tf.__version__.split(".")[:2]), Path(sys.argv[1]))
