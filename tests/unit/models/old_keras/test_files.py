"""Files that TensorFlow 2.12 and 2.15 wrote answer as they did there."""

import json
import shutil

import h5py
import numpy as np
import pytest

from ferspec.errors import UserError
from ferspec.subjects.models import open_model
from ferspec.subjects.models.formats import load_model
from helpers.old_keras import images
from helpers.places import ROOT

FOLDER = ROOT / "fixtures" / "keras2"
NETWORK, WEIGHTS = "model-2.15.json", "weights-2.15.h5"
VERSIONS = pytest.mark.parametrize("version", ["2.12", "2.15"])


def answers(name):
    return json.loads((FOLDER / f"answers-{name.rpartition('-')[2]}.json").read_text())[name]


def refusal(path):
    with pytest.raises(UserError) as caught:
        load_model(path)
    return str(caught.value)


@VERSIONS
@pytest.mark.parametrize("suffix", ["keras", "h5"])
@pytest.mark.parametrize("name", ["transfer", "mixed"])
def test_a_model_of_keras_2_answers_as_keras_2_did(version, suffix, name):
    model = load_model(FOLDER / f"{name}-{version}.{suffix}")
    np.testing.assert_allclose(model.predict(images()), answers(f"{name}-{version}"), atol=1e-5)


@VERSIONS
def test_a_network_and_its_weights_in_two_files_are_one_model(version):
    model = load_model(FOLDER / f"model-{version}.json", beside=FOLDER / f"weights-{version}.h5")
    np.testing.assert_allclose(model.predict(images()), answers(f"mixed-{version}"), atol=1e-5)


def test_either_half_opens_the_same_model_in_the_sandbox(tmp_path):
    for name in (NETWORK, WEIGHTS):
        shutil.copy(FOLDER / name, tmp_path)
    halves = [open_model(tmp_path / name) for name in (NETWORK, WEIGHTS)]
    first, second = (half.predict(images()) for half in halves)
    assert halves[0].digest == halves[1].digest
    np.testing.assert_array_equal(first, second)
    (tmp_path / WEIGHTS).write_bytes((tmp_path / WEIGHTS).read_bytes() + b"\0")
    assert halves[0].digest_now() != halves[0].digest
    for half in halves:
        half.close()


def test_a_half_alone_or_with_several_others_is_one_line(tmp_path):
    network, weights = tmp_path / "net.json", tmp_path / "a_weights.h5"
    shutil.copy(FOLDER / NETWORK, network)
    assert "put its weights (.h5) beside it" in refusal(network)
    shutil.copy(FOLDER / WEIGHTS, weights)
    shutil.copy(FOLDER / WEIGHTS, tmp_path / "b_weights.h5")
    assert "several files (a_weights.h5, b_weights.h5)" in refusal(network)
    network.rename(tmp_path / "a_model.json")
    assert load_model(tmp_path / "a_model.json").files == (weights,)
    (tmp_path / "a_model.json").unlink()
    assert "weights without a network: put the network as JSON" in refusal(weights)


def test_weights_of_another_network_are_never_filled_in(tmp_path):
    shutil.copy(FOLDER / "transfer-2.15.h5", tmp_path / "swapped.h5")
    with h5py.File(tmp_path / "swapped.h5", "r+") as file:
        del file["model_weights"]["dense_1"]
        file["model_weights"].attrs["layer_names"] = ["base", "dense"]
    assert "cannot be loaded as Keras" in refusal(tmp_path / "swapped.h5")


def test_augmentation_that_stored_its_random_state_is_read(tmp_path):
    path = tmp_path / "random.h5"
    shutil.copy(FOLDER / "mixed-2.15.h5", path)
    with h5py.File(path, "r+") as file:
        group = file["model_weights"]["augmentation"]
        group["random_flip/StateVar:0"] = np.arange(3)
        group.attrs["weight_names"] = [b"random_flip/StateVar:0"]
    np.testing.assert_allclose(load_model(path).predict(images()), answers("mixed-2.15"), atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ({"class_name": "TFOpLambda", "config": {"function": "io.read_file"}}, "tf.io.read_file (TFOpLambda)"),
        ({"class_name": "LocallyConnected2D", "config": {"filters": 3}}, "LocallyConnected2D of Keras 2"),
    ],
)
def test_what_keras_3_cannot_read_is_named_with_the_way_out(tmp_path, layer, words):
    config = json.loads((FOLDER / NETWORK).read_text())
    config["config"]["layers"].append({"name": "last", "inbound_nodes": []} | layer)
    (tmp_path / NETWORK).write_text(json.dumps(config))
    shutil.copy(FOLDER / WEIGHTS, tmp_path)
    line = refusal(tmp_path / NETWORK)
    assert words in line
    assert "SavedModel" in line
    assert "damaged" not in line


def test_the_cause_of_a_failure_is_said_before_anything_is_cut_off(tmp_path):
    config = json.loads((FOLDER / NETWORK).read_text())
    config["config"]["layers"][-1]["config"]["colour"] = "red"
    (tmp_path / NETWORK).write_text(json.dumps(config))
    shutil.copy(FOLDER / WEIGHTS, tmp_path)
    assert refusal(tmp_path / NETWORK).endswith("Unrecognized keyword arguments passed to Dense: {'colour': 'red'}")
