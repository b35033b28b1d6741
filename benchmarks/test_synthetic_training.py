"""A cell trained on synthetic faces learns what no linear model of pixels does.

Nine minutes on two cores that compute in bfloat16; in float32 it takes about twelve.
"""

import json
import subprocess
import sys
import time

import numpy as np
import pytest

from ferspec.grid.cells import find_cell
from ferspec.subjects.runs.artifacts.record import Settings, read_run
from ferspec.subjects.runs.data.load import open_training_data

pytestmark = [pytest.mark.learning, pytest.mark.timeout(3600)]

CELL, EPOCHS = "sequential4conv-scratch-48-synthetic-conservative", 40
PRECISION = "mixed_bfloat16"
POINTS = 0.10
PENALTIES = (1e-4, 1e-3, 3e-3, 1e-2)
GRAY = np.array([0.299, 0.587, 0.114])


def ferspec(*arguments):
    """Run a command of the suite in a process of its own and return what it printed."""
    command = [sys.executable, "-c", "from ferspec.cli import main; main()", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False, text=True, timeout=3600)
    assert done.returncode == 0, done.stdout
    return done.stdout


def pixels(part):
    """Return the grey values of a part's images, a row each."""
    return (part.read(np.arange(len(part))) @ GRAY).reshape(len(part), -1) / 255


def linear_accuracy(data):
    """Return what balanced logistic regression on pixels reaches on the test, at the penalty best on validation."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    fits = [
        make_pipeline(StandardScaler(), LogisticRegression(C=penalty, max_iter=1000, class_weight="balanced")).fit(
            pixels(data.training), data.training.labels
        )
        for penalty in PENALTIES
    ]
    best = max(fits, key=lambda fit: fit.score(pixels(data.validation), data.validation.labels))
    return best.score(pixels(data.btfer), data.btfer.labels)


def test_a_trained_cell_beats_logistic_regression_on_faces_neither_has_seen(tmp_path, capsys, record_property):
    began = time.perf_counter()
    ferspec("train", CELL, "--epochs-cap", EPOCHS, "--precision", PRECISION, "--out", tmp_path / "run")
    seconds = time.perf_counter() - began
    certified = json.loads(ferspec("certify", tmp_path / "run", "--out", tmp_path / "certified", "--json"))
    reached = certified["metrics"]["accuracy"]["value"]

    settings = Settings(profile="released", seed=0, global_batch=64, replicas=1)
    linear = linear_accuracy(open_training_data(find_cell(CELL), None, settings))
    for name, figure in {"seconds": seconds, "accuracy": reached, "linear": linear}.items():
        record_property(name, figure)
    with capsys.disabled():
        print(f"\n{CELL}, {EPOCHS} epochs in {seconds:.0f} s: {reached:.3f}; logistic regression {linear:.3f}")
    assert read_run(tmp_path / "run").status == "finished"
    assert certified["verdict"] == "pass"
    assert reached >= linear + POINTS
