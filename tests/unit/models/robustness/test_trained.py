"""A network that was trained with blurred faces loses less by blur than the same one that was not."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ferspec import spec
from ferspec.checks.model.robustness import losses, measure
from ferspec.checks.model.robustness.measure import robustness_on
from ferspec.checks.model.robustness.pixels import blur
from ferspec.spec.conditions import conditions
from ferspec.subjects.models.contracts.contract import Contract, Input, Output
from ferspec.subjects.models.subject import ModelSubject
from ferspec.synthetic import synthetic_arrays
from helpers.miniatures import GRAY, model, named, save_and_open

SIDE, BLOCK = 48, 4
EXPRESSIONS = ("Happy", "Neutral", "Surprise")


@pytest.fixture(scope="session")
def rendered():
    """Synthetic faces of three expressions and their labels: for training, and for testing."""
    return [synthetic_arrays(dict.fromkeys(EXPRESSIONS, count), SIDE, seed)[:2] for count, seed in ((60, 1), (40, 2))]


def edges(batch):
    """The input of the network: edges (n, 576) of four directions, in blocks of a batch in [0, 1] RGB."""
    down, across = np.gradient(batch @ GRAY, axis=(1, 2))
    directions = np.stack([np.maximum(sign * edge, 0) for edge in (across, down) for sign in (1, -1)], axis=3)
    blocks = directions.reshape(len(batch), SIDE // BLOCK, BLOCK, SIDE // BLOCK, BLOCK, 4)
    return np.sqrt(blocks.mean(axis=(2, 4))).reshape(len(batch), -1)


def trained(pictures, labels):
    """The answers of a network trained on pictures: a function from a batch to probabilities of the seven classes."""
    network = make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=60, alpha=1, random_state=0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        network.fit(edges(pictures / 255), labels)

    def answers(batch):
        rows = np.zeros((len(batch), len(spec.load().classes)), np.float32)
        rows[:, network.classes_] = network.predict_proba(edges(batch))
        return rows

    return named(answers)


def test_training_with_blur_makes_a_network_more_robust_to_blur(rendered, tmp_path, monkeypatch):
    kept = tuple(one for one in conditions() if one.id in ("control", "blur"))
    for module in (measure, losses):
        monkeypatch.setattr(module, "conditions", lambda: kept)
    (pictures, labels), (tested, classes) = rendered
    images = save_and_open(tmp_path, tested, classes)
    contract = Contract(input=Input(size=(SIDE, SIDE)), output=Output(classes=spec.load().classes))
    blurred = [np.stack([blur(picture, sigma) for picture in pictures]) for sigma in (5, 8)]
    lost = {}
    for name, copies in {"sharp": (pictures, pictures), "blurred": blurred}.items():
        answers = trained(np.concatenate([pictures, *copies]), np.tile(labels, 3))
        subject = ModelSubject(images, model(answers), contract)
        assert np.mean(subject.predicted == classes) > 0.5
        control, by_blur = robustness_on(subject).conditions
        assert control.levels[0].loss.value == 0.0
        lost[name] = [level.loss.value for level in by_blur.levels]
    assert all(lost["blurred"][place] < lost["sharp"][place] for place in (2, 3))
    assert lost["blurred"][3] < lost["sharp"][3] - 0.05
