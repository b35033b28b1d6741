"""Keras models: old files, built-in rescaling, and unsupported models."""

import sys

import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.subjects.models import quiet
from ferspec.subjects.models.formats import load_model
from helpers.processes import run_python

LOADED = """
import sys
from ferspec.subjects.models import quiet
from ferspec.subjects.models.formats import load_model

model = load_model(sys.argv[1])
print([name for name in quiet.OPTIONAL if name in sys.modules])
import pandas
"""


def test_hdf5_without_a_network_is_recognised(tmp_path):
    import h5py
    import keras

    keras.Sequential([keras.Input((4,)), keras.layers.Dense(7)]).save_weights(tmp_path / "only.weights.h5")
    with h5py.File(tmp_path / "data.h5", "w") as file:
        file["numbers"] = np.arange(3)
    with pytest.raises(UserError, match="weights without a network"):
        load_model(tmp_path / "only.weights.h5")
    with pytest.raises(UserError, match="without a Keras model"):
        load_model(tmp_path / "data.h5")


def test_packages_that_no_saved_network_needs_are_not_loaded_with_it_and_can_be_loaded_later(tmp_path):
    import keras

    keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(7)]).save(tmp_path / "m.keras")
    ran = run_python(LOADED, tmp_path / "m.keras")
    assert (ran.returncode, ran.stdout) == (0, "[]\n"), ran.stderr


def test_a_package_that_is_loaded_already_is_kept(monkeypatch):
    monkeypatch.setattr(quiet, "OPTIONAL", ("numpy", "wave"))
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    with quiet.without_optional_packages():
        assert sys.modules["numpy"] is np
        with pytest.raises(ImportError):
            import wave
    import wave

    assert wave.__name__ == "wave"


def test_rescaling_inside_a_keras_model_is_reported(tmp_path):
    import keras

    scale = keras.layers.Rescaling(1 / 127.5, offset=-1)
    keras.Sequential([keras.Input((8, 8, 1)), scale, keras.layers.Flatten(), keras.layers.Dense(7)]).save(
        tmp_path / "scaled.keras"
    )
    signature = load_model(tmp_path / "scaled.keras").signature
    assert signature.range == (0, 255)
    assert [text.split("(")[0] for text in signature.preprocessing] == ["Rescaling"]
    assert signature.activation == "linear"


def test_a_model_of_two_inputs_is_refused(tmp_path):
    import keras

    two = [keras.Input((8, 8, 1)), keras.Input((8, 8, 1))]
    outputs = keras.layers.Dense(7)(keras.layers.Flatten()(keras.layers.Add()(two)))
    keras.Model(two, outputs).save(tmp_path / "two.keras")
    with pytest.raises(UserError, match="has 2 inputs"):
        load_model(tmp_path / "two.keras")


def test_one_pooling_layer_of_another_layout_does_not_decide_the_layout(tmp_path):
    from ferspec.subjects.models.quiet import keras as loaded

    keras = loaded()
    pooling = keras.layers.MaxPooling2D(2, data_format="channels_first", name="pooling")
    layers = [keras.layers.Conv2D(4, 3), pooling, keras.layers.Flatten(), keras.layers.Dense(7)]
    for channels in (1, 4):
        network = keras.Sequential([keras.Input((12, 12, channels)), *layers])
        network.save(tmp_path / f"{channels}.h5")
        signature = load_model(tmp_path / f"{channels}.h5").signature
        assert (signature.layout, signature.height, signature.channels) == ("channels_last", 12, channels)
        layers = [keras.layers.Flatten(), keras.layers.Dense(7)]


def test_a_network_in_json_and_its_weights_are_one_model(tmp_path):
    import keras

    network = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(7)])
    network.save_weights(tmp_path / "fer.weights.h5")
    (tmp_path / "fer.json").write_text(network.to_json())
    images = np.random.default_rng(3).uniform(0, 1, (3, 8, 8, 1)).astype(np.float32)
    np.testing.assert_allclose(load_model(tmp_path / "fer.json").predict(images), network(images).numpy(), atol=1e-6)
