"""Calibration metrics agree with scikit-learn and with their definition."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferspec import spec
from ferspec.reference.bootstrap import Resampling
from ferspec.reference.calibration import calibration
from ferspec.reference.intervals import percentile

FEW = Resampling(level=0.95, replicates=50, seed=0)


def answers(n: int, seed: int, sharpness: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(7, size=n)
    outputs = sharpness * (rng.normal(size=(n, 7)) + np.eye(7)[labels])
    probabilities = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    return labels, probabilities.argmax(axis=1), probabilities


def ece_by_definition(labels, predicted, probabilities, bins=15):
    """Sort images into bins one by one, then compare mean confidence and accuracy of each bin."""
    sorted_in = [[] for _ in range(bins)]
    for label, answer, row in zip(labels, predicted, probabilities, strict=True):
        place = next(b for b in range(bins) if row[answer] <= (b + 1) / bins + 1e-15)
        sorted_in[place].append((row[answer], label == answer))
    return sum(
        len(members) / len(labels) * abs(np.mean([c for c, _ in members]) - np.mean([r for _, r in members]))
        for members in sorted_in
        if members
    )


@given(st.integers(2, 60), st.integers(0, 10_000), st.sampled_from([0.2, 1.0, 2.0]))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_figures_are_those_of_scikit_learn_and_of_the_definition(n, seed, sharpness):
    from sklearn.metrics import brier_score_loss, log_loss

    labels, predicted, probabilities = answers(n, seed, sharpness)
    found = calibration(labels, predicted, probabilities, FEW)
    assert found.nll.value == pytest.approx(log_loss(labels, probabilities, labels=range(7)))
    brier = brier_score_loss(labels, probabilities, labels=range(7), scale_by_half=False)
    assert found.brier.value == pytest.approx(brier)
    assert found.ece.value == pytest.approx(ece_by_definition(labels, predicted, probabilities))


def test_the_curve_adds_up_to_the_calibration_error():
    labels, predicted, probabilities = answers(500, seed=1)
    found = calibration(labels, predicted, probabilities, FEW)
    assert len(found.bins) == 15
    assert sum(one.n for one in found.bins) == 500
    assert all(one.n == 0 or one.low < one.confidence <= one.high for one in found.bins)
    gap = sum(one.n / 500 * abs(one.confidence - one.accuracy) for one in found.bins if one.n)
    assert gap == pytest.approx(found.ece.value)
    assert all((one.confidence is None) == (one.n == 0) == (one.accuracy is None) for one in found.bins)


def test_a_confidence_on_the_edge_of_two_bins_lies_in_the_lower_one():
    rows = np.array([[0.2, 0.2, 0.2, 0.2, 0.2, 0.0, 0.0], [1.0, 0, 0, 0, 0, 0, 0]])
    found = calibration(np.array([0, 0]), np.array([0, 0]), rows, FEW)
    assert [index for index, one in enumerate(found.bins) if one.n] == [2, 14]


def test_hand_computed_figures():
    rows = np.array([[0.7, 0.3, 0, 0, 0, 0, 0], [0.4, 0.6, 0, 0, 0, 0, 0]])
    found = calibration(np.array([0, 0]), np.array([0, 1]), rows, FEW)
    assert found.brier.value == pytest.approx(((0.09 + 0.09) + (0.36 + 0.36)) / 2)
    assert found.nll.value == pytest.approx(-(math.log(0.7) + math.log(0.4)) / 2)
    assert found.ece.value == pytest.approx((0.3 + 0.6) / 2)


def test_one_sure_mistake_costs_a_finite_amount():
    rows = np.eye(7)[[0, 1]]
    found = calibration(np.array([0, 0]), np.array([0, 1]), rows, FEW)
    assert found.nll.value == pytest.approx(-math.log(spec.load().value("FER-Z-07", "floor")) / 2)
    assert found.brier.value == pytest.approx(1.0)


def test_intervals_are_those_of_plain_resampling():
    labels, predicted, probabilities = answers(150, seed=3)
    rng = np.random.default_rng(9)
    drawn = [rng.integers(150, size=150) for _ in range(400)]
    plain = np.array(
        [
            (
                np.mean([((probabilities[k] - np.eye(7)[labels[k]]) ** 2).sum() for k in images]),
                np.mean([-math.log(probabilities[k, labels[k]]) for k in images]),
                ece_by_definition(labels[images], predicted[images], probabilities[images]),
            )
            for images in drawn
        ]
    )
    found = calibration(labels, predicted, probabilities, Resampling(0.95, 4000, seed=1))
    for figure, column in ((found.brier, 0), (found.nll, 1)):
        low, high = percentile(plain[:, column], 0.95)
        error = 4 * 2.7 * plain[:, column].std() / math.sqrt(400)
        assert (figure.low, figure.high) == pytest.approx((low, high), abs=error)
    assert found.ece.high == pytest.approx(np.quantile(plain[:, 2], 0.975), abs=10.8 * plain[:, 2].std() / 20)
    assert found.ece.low < np.quantile(plain[:, 2], 0.025), "plain resampling adds chance to chance"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ([2.0, -1.0, 0, 0, 0, 0, 0], "off by up to 1"),
        ([0.5, 0.2, 0, 0, 0, 0, 0], "off by up to 0.3"),
        ([math.nan, 1, 0, 0, 0, 0, 0], "NaN or infinite"),
    ],
)
def test_rows_that_are_not_probabilities_leave_calibration_undefined(row, says):
    rows = np.array([row, [1.0, 0, 0, 0, 0, 0, 0]])
    found = calibration(np.array([0, 0]), np.array([0, 0]), rows, FEW)
    assert found.bins == ()
    for figure in (found.ece, found.brier, found.nll):
        assert figure.value is None
        assert says in figure.undefined


def test_single_precision_rows_are_probabilities():
    labels, predicted, probabilities = answers(50, seed=2)
    exact = calibration(labels, predicted, probabilities, FEW)
    single = calibration(labels, predicted, probabilities.astype(np.float32), FEW)
    assert single.nll.value == pytest.approx(exact.nll.value, rel=1e-5)
