"""Every network of the zoo is saved to one file and answers the same in a new process."""

import json
import subprocess
import sys

import numpy as np
import pytest

from ferspec.reference import models
from ferspec.reference.models.building import build
from ferspec.reference.models.catalogue import GRAY
from helpers.processes import START_KERAS

# The forms at 224x224 of several hundred megabytes differ from the small ones by a wider dense layer; they stay out.
FEWEST = {row.network: row for row in reversed(models.rows()) if row.weights != "vggface" or row.network == "SENet50"}
SCRIPT = """
import json, sys
import numpy as np
import keras
import ferspec.reference.models.repvgg_layers

for line in sys.stdin:
    path, images = json.loads(line)
    network = keras.models.load_model(path)
    print(json.dumps(np.asarray(network(np.load(images))).tolist()), flush=True)
"""


@pytest.fixture(scope="module")
def another_process():
    """A function that asks a new Python process for the answers of a saved network on saved images."""
    command = [sys.executable, "-c", START_KERAS + SCRIPT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:

        def ask(path, images):
            print(json.dumps([str(path), str(images)]), file=child.stdin, flush=True)
            return np.array(json.loads(child.stdout.readline()))

        yield ask


@pytest.mark.parametrize("row", FEWEST.values(), ids=FEWEST)
def test_a_saved_network_answers_the_same_in_a_new_process(row, another_process, tmp_path):
    model = build(row.network, row.resolution, "scratch").model
    side, channels = row.resolution, 1 if row.network == GRAY else 3
    images = np.random.default_rng(5).random((2, side, side, channels), np.float32)
    answers = np.asarray(model(images))
    assert np.isfinite(answers).all()
    np.testing.assert_allclose(answers.sum(1), 1, rtol=1e-4)
    np.save(tmp_path / "images.npy", images)
    model.save(tmp_path / "network.keras")
    reloaded = another_process(tmp_path / "network.keras", tmp_path / "images.npy")
    (tmp_path / "network.keras").unlink()
    np.testing.assert_allclose(reloaded, answers, rtol=0, atol=1e-6)
