"""Settings and variables of the user change no verdict, no class and no metric, and crash no command."""

import json
import os
import sys

import numpy as np
import pytest

from ferspec.subjects.models.contracts.files import save_contract
from helpers.miniatures import SIZE, colour_patches, contract
from helpers.places import ROOT, TESTS
from helpers.processes import run

# each: variables, and what the user's keras.json says
SURROUNDINGS = {
    "torch": ({"KERAS_BACKEND": "torch"}, {}),
    "jax": ({"KERAS_BACKEND": "jax"}, {}),
    "torch in keras.json": ({}, {"backend": "torch"}),
    "float16": ({}, {"floatx": "float16", "backend": "tensorflow"}),
    "float64": ({}, {"floatx": "float64", "epsilon": 0.1}),
    "channels_first": ({}, {"image_data_format": "channels_first"}),
    "optimized Python": ({"PYTHONOPTIMIZE": "2"}, {}),
    "Turkish": ({"LANG": "tr_TR.UTF-8", "LC_ALL": "C", "TZ": "Asia/Kathmandu"}, {}),
    "one thread": ({"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "CUDA_VISIBLE_DEVICES": "-1"}, {}),
    "other kernels": ({"TF_ENABLE_ONEDNN_OPTS": "0", "XLA_FLAGS": "--xla_cpu_enable_fast_math=true"}, {}),
    "limits of Keras": ({"KERAS_MAX_EPOCHS": "1", "KERAS_HOME": "/proc/nowhere", "TF_USE_LEGACY_KERAS": "1"}, {}),
    "all at once": (
        {"KERAS_BACKEND": "jax", "PYTHONOPTIMIZE": "2", "PYTHONHASHSEED": "7", "NO_COLOR": "1"},
        {"floatx": "float16", "image_data_format": "channels_first", "backend": "torch"},
    ),
}
TIE, CLOSE = 1e-6, 1e-4


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    """A folder with images, a contract, and an untrained Keras model."""
    import keras

    folder = tmp_path_factory.mktemp("subject")
    colour_patches(folder, per_class=4)
    save_contract(contract(), folder / "contract.toml")
    layers = [keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.GlobalAveragePooling2D()]
    classifier = keras.layers.Dense(7, activation="softmax")
    keras.Sequential([keras.Input((SIZE, SIZE, 3)), *layers, classifier]).save(folder / "model.keras")
    return folder


def command(folder, home, settings, *words):
    """Run the command line in a process with these variables and this home; return status and output."""
    variables, configuration = settings
    (home / ".keras").mkdir(parents=True)
    (home / ".keras" / "keras.json").write_text(json.dumps(configuration))
    path = os.pathsep.join(map(str, (TESTS, ROOT)))
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path, "HOME": str(home), **variables}
    ended = run([sys.executable, "-m", "ferspec", *words], cwd=folder, env=environment)
    return ended.returncode, ended.stdout, ended.stderr


def certificate(subject, home, settings):
    given = ("--dataset", "patches.npz", "--contract", "contract.toml", "--json", "--out", str(home / "out"))
    status, out, err = command(subject, home, settings, "certify", "model.keras", *given)
    assert status in (0, 1), err
    return status, json.loads(out)


@pytest.fixture(scope="module")
def expected(subject, tmp_path_factory):
    return certificate(subject, tmp_path_factory.mktemp("home"), ({}, {}))


def require_same(found, expected):
    """Compare outcomes and verdict exactly, classes except ties, and numbers closely."""
    assert found[0] == expected[0]
    (_, found), (_, expected) = found, expected
    assert found["verdict"] == expected["verdict"]
    statuses = [{outcome["check"]: outcome["status"] for outcome in one["outcomes"]} for one in (found, expected)]
    assert statuses[0] == statuses[1]
    first, second = (np.array([row["probabilities"] for row in one["predictions"]]) for one in (found, expected))
    np.testing.assert_allclose(first, second, atol=CLOSE)
    best = np.sort(second, axis=1)
    untied = best[:, -1] - best[:, -2] > TIE
    assert (first.argmax(axis=1) == second.argmax(axis=1))[untied].all()
    accuracy = [one["metrics"]["accuracy"]["value"] for one in (found, expected)]
    assert accuracy[0] == pytest.approx(accuracy[1], abs=CLOSE)
    assert found["environment"]["settings"]["KERAS_BACKEND"] == "tensorflow"


@pytest.mark.timeout(900)
def test_all_settings_of_the_user_at_once_change_no_result(subject, expected, tmp_path):
    require_same(certificate(subject, tmp_path / "home", SURROUNDINGS["all at once"]), expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_no_setting_of_the_user_changes_a_result(subject, expected, tmp_path, name):
    require_same(certificate(subject, tmp_path / "home", SURROUNDINGS[name]), expected)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["torch", "float16", "channels_first", "all at once"])
def test_networks_are_built_alike_whatever_the_user_has_set(tmp_path, name):
    words = ("models", "show", "Sequential4Conv", "--json")
    usual = command(tmp_path, tmp_path / "usual", ({}, {}), *words)
    other = command(tmp_path, tmp_path / "other", SURROUNDINGS[name], *words)
    assert usual[0] == other[0] == 0
    assert json.loads(other[1]) == json.loads(usual[1])
