"""Rows in another order are named, and honest predictions are not, however weak and sure of themselves."""

import re

import numpy as np
import pytest

from ferspec import spec
from ferspec.checks.model.diagnosis import diagnose
from ferspec.checks.model.symptoms import symptom_of
from ferspec.checks.model.unrelated import are_unrelated
from ferspec.subjects.models.predictions import RecordedPredictions
from ferspec.subjects.models.subject import ModelSubject
from helpers.callables import softmax
from helpers.miniatures import colour_patches, contract
from helpers.places import ROOT

K = len(spec.load().classes)
SAMPLES = 500


def labels_of(n):
    return np.arange(n) * K // n


def by_logits(rng, labels, shift, steepness=2.0):
    """Rows whose true class has a higher logit by ``shift`` standard deviations: 0.3 gives an accuracy of 0.2."""
    return softmax(steepness * (rng.normal(size=(len(labels), K)) + shift * np.eye(K)[labels]))


def by_classes(rng, labels, accuracy):
    """Rows that are right in a share of images, and as sure of themselves where they are wrong."""
    wrong = (labels + rng.integers(1, K, len(labels))) % K
    chosen = np.where(rng.random(len(labels)) < accuracy, labels, wrong)
    return softmax(rng.normal(size=(len(labels), K)) + 4 * np.eye(K)[chosen])


def named(dataset, rows, classes_alone=False):
    """Return what a diagnosis calls recorded predictions."""
    columns = None if classes_alone else rows.astype(float)
    recorded = RecordedPredictions("p.csv", "0", dataset.ids, columns, rows.argmax(axis=1))
    return [found.likely for found in diagnose(ModelSubject(dataset, recorded=recorded)).diagnoses]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return colour_patches(tmp_path_factory.mktemp("patches"), 60)


@pytest.mark.parametrize("classes_alone", [False, True])
def test_200_honest_predictions_are_not_named(dataset, classes_alone):
    rng, labels = np.random.default_rng(0), dataset.labels
    for accuracy, shift in zip(np.linspace(0.2, 0.95, 100), np.linspace(0.3, 3.2, 100), strict=True):
        for rows in (by_classes(rng, labels, accuracy), by_logits(rng, labels, shift, rng.uniform(0.5, 4))):
            assert named(dataset, rows, classes_alone) == []


@pytest.mark.parametrize(
    ("change", "likely"),
    [
        (lambda rows, rng: rng.permutation(rows), "rows in another order"),
        (lambda rows, rng: 100 * rng.permutation(rows), "rows in another order"),
        (lambda rows, rng: 0.9 * np.eye(K)[np.full(len(rows), 3)] + 0.1 * rows, "always Happy"),
    ],
    ids=["shuffled", "shuffled percentages", "constant"],
)
def test_wrong_predictions_are_named(dataset, change, likely):
    rng = np.random.default_rng(0)
    assert named(dataset, change(by_logits(rng, dataset.labels, 2.5), rng)) == [likely]


def test_shuffled_classes_are_named_without_probabilities():
    rng, labels = np.random.default_rng(0), labels_of(2100)
    assert are_unrelated(labels, rng.permutation(by_logits(rng, labels, 2.5)).argmax(axis=1), None)


def test_of_a_model_no_rows_are_said_to_be_exchanged():
    rng, labels = np.random.default_rng(0), labels_of(700)
    rows = rng.permutation(by_logits(rng, labels, 2.5))
    of_file, of_model = (symptom_of(labels, rows.argmax(axis=1), rows, each) for each in (None, contract()))
    assert (of_file.likely, of_model.likely) == ("rows in another order", "answers unrelated to them")
    assert "were its weights loaded?" in of_model.message


@pytest.mark.slow
@pytest.mark.parametrize("n", [200, 420, 700, 2100])
def test_power_and_false_alarms_are_those_of_the_documentation(n):
    rng, labels = np.random.default_rng(0), labels_of(n)
    found = np.zeros((2, 2))
    for _ in range(SAMPLES):
        shuffled, honest = rng.permutation(by_logits(rng, labels, 2.5)), by_classes(rng, labels, 0.25)
        found += [[are_unrelated(labels, r.argmax(axis=1), given) for given in (r, None)] for r in (shuffled, honest)]
    stated = re.search(rf"^\| {n:,} \| (\d+) % \| (\d+) % \|$", (ROOT / "docs/certify.md").read_text(), re.MULTILINE)
    np.testing.assert_allclose(100 * found[0] / SAMPLES, list(map(int, stated.groups())), atol=5)
    assert found[1].sum() == 0
