"""Accuracies with and without a leak, pictures that count once, suspected labels, groups and classes."""

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from ferspec.reference.association import association
from ferspec.reference.intervals import wilson
from ferspec.reference.label_noise import suspects
from ferspec.reference.leakage import clustered, leak_figures

CLASSES = ("Angry", "Disgust", "Fear", "Happy", "Neutral", "Sad", "Surprise")


def test_the_accuracy_without_the_leak_is_that_of_the_other_images():
    right = np.array([True] * 9 + [False] + [True] * 3 + [False] * 7)
    leaked = np.arange(20) < 10
    found = leak_figures(right, leaked)
    assert (found.all.n, found.clean.n, found.leaked.n) == (20, 10, 10)
    assert [one.accuracy.value for one in (found.all, found.clean, found.leaked)] == [0.6, 0.3, 0.9]
    assert found.gain == pytest.approx(0.3)
    assert (found.clean.accuracy.low, found.clean.accuracy.high) == wilson(3, 10, 0.95)


def test_where_all_images_are_leaked_nothing_is_known_without_them():
    found = leak_figures(np.ones(5, bool), np.ones(5, bool))
    assert (found.gain, found.clean.accuracy.value) == (None, None)


def test_the_images_of_a_picture_share_one_vote():
    right = np.array([True, True, True, True, False, False])
    found = clustered(right, np.array([7, 7, 7, 7, 1, 2]))
    assert (found.n, found.accuracy.value) == (3, pytest.approx(1 / 3))


def test_without_twins_the_interval_is_about_that_of_the_images():
    right = np.arange(400) % 4 > 0
    found = clustered(right, np.arange(400)).accuracy
    low, high = wilson(300, 400, 0.95)
    assert found.low == pytest.approx(low, abs=0.01)
    assert found.high == pytest.approx(high, abs=0.01)


def test_twins_widen_the_interval_that_images_would_give():
    rng = np.random.default_rng(0)
    right = np.repeat(rng.random(100) < 0.6, 4)
    found = clustered(right, np.repeat(np.arange(100), 4)).accuracy
    low, high = wilson(int(right.sum()), 400, 0.95)
    assert found.high - found.low > 1.6 * (high - low)


def test_a_label_is_suspected_where_another_class_is_confidently_predicted():
    # mean confidence in class 0 of its images (0.9 + 0.7 + 0.1) / 3 = 0.567, in class 1 of its own 0.8
    rows = np.array([[0.9, 0.1], [0.7, 0.3], [0.1, 0.9], [0.2, 0.8], [np.nan, np.nan]])
    (found,) = suspects(np.array([0, 0, 0, 1, 1]), rows)
    assert (found.place, found.likelier, found.probability, found.own_probability) == (2, 1, 0.9, 0.1)


def test_an_unsure_contradiction_is_not_suspected():
    rows = np.array([[0.9, 0.1], [0.8, 0.2], [0.45, 0.55], [0.1, 0.9]])
    assert suspects(np.array([0, 0, 0, 1]), rows) == []


def test_planted_wrong_labels_are_suspected_and_right_ones_are_not():
    rng = np.random.default_rng(1)
    true = np.arange(700) % 7
    rows = rng.dirichlet(np.ones(7), 700) * 0.4 + 0.6 * np.eye(7)[true]
    labels = true.copy()
    labels[::100] = (labels[::100] + 1) % 7
    found = {one.place for one in suspects(labels, rows)}
    assert len(found) >= 5
    assert found <= {*range(0, 700, 100)}


def test_the_association_is_that_of_chi_squared_less_chance():
    rng = np.random.default_rng(0)
    labels = np.arange(1400) % 7
    values = np.where(rng.random(1400) < np.where(labels == 2, 0.8, 0.3), "a", "b")
    table = [[int(((labels == row) & (values == name)).sum()) for name in "ab"] for row in range(7)]
    statistic = chi2_contingency(table, correction=False).statistic
    found = association(labels, values.tolist(), CLASSES)
    assert found.value == pytest.approx(np.sqrt((statistic - 6) / 1400))
    assert found.low < found.value < found.high
    assert found.extreme.startswith(f"{table[2][0]} images of Fear are a, ")


def test_the_interval_of_an_association_covers_the_true_one_at_its_level():
    shares = np.array([0.5, 0.5, 0.65, 0.5, 0.35, 0.5, 0.5])
    # V² = Σ (p_ij - p_i p_j)² / (p_i p_j) with 1/7 for a class and one half for a group
    true = np.sqrt(((shares / 7 - 0.5 / 7) ** 2 * 2 / (0.5 / 7)).sum())
    labels, covered = np.arange(1400) % 7, 0
    for seed in range(200):
        draws = np.random.default_rng(seed).random(1400) < shares[labels]
        found = association(labels, draws.astype(str).tolist(), CLASSES)
        covered += found.low <= true <= found.high
    assert 181 <= covered <= 199


@pytest.mark.parametrize("values", [["same"] * 4, ["a", "b", "c", "d"]])
def test_columns_that_say_nothing_have_no_association(values):
    assert association(np.array([0, 1, 0, 1]), values, CLASSES) is None
