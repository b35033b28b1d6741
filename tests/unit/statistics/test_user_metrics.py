"""The metrics for a user's own labels are those of scikit-learn, and of a report."""

import numpy as np
import pytest
import sklearn.metrics as sklearn

from ferspec import metrics, spec
from ferspec.errors import UserError

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 7, 200)
PREDICTED = np.where(RNG.random(200) < 0.6, LABELS, RNG.integers(0, 7, 200))


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
@pytest.mark.parametrize("average", ["weighted", "macro", None])
def test_an_average_is_that_of_scikit_learn(name, average):
    expected = getattr(sklearn, f"{name}_score")(LABELS, PREDICTED, average=average)
    assert getattr(metrics, name)(LABELS, PREDICTED, average) == pytest.approx(expected)


def test_accuracy_and_confusion_matrix_are_those_of_scikit_learn():
    assert metrics.accuracy(LABELS, PREDICTED) == pytest.approx(sklearn.accuracy_score(LABELS, PREDICTED))
    assert np.array_equal(metrics.confusion_matrix(LABELS, PREDICTED), sklearn.confusion_matrix(LABELS, PREDICTED))


def test_names_count_as_the_classes_that_they_name():
    names = np.array(spec.load().classes)
    assert metrics.accuracy(names[LABELS].tolist(), PREDICTED) == metrics.accuracy(LABELS, PREDICTED)
    assert metrics.accuracy(["happiness", "angry"], ["Happy", "Sad"]) == 0.5


@pytest.mark.parametrize(
    ("labels", "predicted", "said"),
    [([0, 7], [0, 1], "labels contain 7"), ([0, 1], [0], "2 labels but 1"), (["smirk"], ["Happy"], "unknown class")],
)
def test_other_labels_are_refused(labels, predicted, said):
    with pytest.raises(UserError, match=said):
        metrics.accuracy(labels, predicted)


def test_an_evaluation_has_the_same_numbers_with_intervals():
    found = metrics.evaluate(LABELS[:70], PREDICTED[:70])
    assert found.accuracy.value == pytest.approx(metrics.accuracy(LABELS[:70], PREDICTED[:70]))
    hits = int((LABELS[:70] == PREDICTED[:70]).sum())
    assert (found.accuracy.low, found.accuracy.high) == pytest.approx(metrics.wilson_interval(hits, 70))
