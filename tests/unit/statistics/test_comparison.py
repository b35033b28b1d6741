"""Two models on the same images: an exact test, paired intervals and a sentence about both."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ferspec import spec
from ferspec.errors import UserError
from ferspec.reference import metrics
from ferspec.reference.bootstrap import Resampling
from ferspec.reference.comparison import accuracy_difference, compare, f1_differences, images_to_decide
from ferspec.reference.evaluation import evaluate
from ferspec.reference.intervals import wilson
from ferspec.reference.significance import mcnemar

PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)


def answers(only_a: int, only_b: int, both: int, neither: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels and two models' answers with as many images right for A alone, B alone, both and neither."""
    labels = np.arange(only_a + only_b + both + neither) % 7
    wrong = (labels + 1) % 7
    right_a = np.repeat([True, False, True, False], [only_a, only_b, both, neither])
    right_b = np.repeat([False, True, True, False], [only_a, only_b, both, neither])
    return labels, np.where(right_a, labels, wrong), np.where(right_b, labels, wrong)


# --- McNemar ------------------------------------------------------------------------------------------------------


def binomial_sum(a: int, b: int) -> float:
    """The exact two-sided p value, by adding up the tail of fair coin throws with whole numbers."""
    tail = sum(math.comb(a + b, k) for k in range(min(a, b) + 1))
    return min(1.0, 2 * tail / 2 ** (a + b))


@given(st.integers(0, 200), st.integers(0, 200))
@PROPERTY
def test_mcnemar_is_the_sum_of_binomial_tails(a, b):
    assert mcnemar(a, b) == pytest.approx(binomial_sum(a, b), rel=1e-9)


@pytest.mark.parametrize(
    ("only_a", "only_b", "verdict"),
    [(5, 0, "tie"), (6, 0, "A is better"), (0, 6, "B is better"), (40, 22, "A is better"), (40, 25, "tie")],
)
def test_the_verdict_is_the_exact_tests_at_five_percent(only_a, only_b, verdict):
    found = compare(*answers(only_a, only_b, both=100, neither=50))
    assert found.verdict == verdict
    assert found.p_value == pytest.approx(binomial_sum(only_a, only_b))
    assert found.sentence.startswith("A tie" if verdict == "tie" else verdict)


# --- figures ------------------------------------------------------------------------------------------------------


def test_counts_and_accuracies_are_those_of_the_images():
    found = compare(*answers(only_a=12, only_b=5, both=60, neither=23))
    assert (found.only_a_right, found.only_b_right, found.both_right, found.both_wrong) == (12, 5, 60, 23)
    assert (found.n, found.accuracy_a.value, found.accuracy_b.value) == (100, 0.72, 0.65)
    assert found.difference.value == pytest.approx(0.07)


def test_differences_are_those_of_two_evaluations():
    rng = np.random.default_rng(0)
    labels, a, b = rng.integers(7, size=(3, 300))
    found, of_a, of_b = compare(labels, a, b), evaluate(labels, a), evaluate(labels, b)
    assert (found.accuracy_a, found.accuracy_b) == (of_a.accuracy, of_b.accuracy)
    assert found.difference.value == pytest.approx(of_a.accuracy.value - of_b.accuracy.value)
    assert found.f1_difference.value == pytest.approx(of_a.f1.weighted.value - of_b.f1.weighted.value)
    assert found.macro_f1_difference.value == pytest.approx(of_a.f1.macro.value - of_b.f1.macro.value)


def test_exchanging_the_models_turns_every_difference_round():
    labels, a, b = answers(only_a=30, only_b=10, both=60, neither=23)
    there, back = compare(labels, a, b), compare(labels, b, a)
    assert (there.verdict, back.verdict) == ("A is better", "B is better")
    assert there.p_value == back.p_value
    for name in ("difference", "f1_difference", "macro_f1_difference"):
        ours, theirs = getattr(there, name), getattr(back, name)
        assert ours.value == pytest.approx(-theirs.value), name
        # The draws are others, so the ends of a bootstrap agree within its Monte Carlo error only.
        assert (ours.low, ours.high) == pytest.approx((-theirs.high, -theirs.low), abs=0.005), name


def test_the_paired_bootstrap_has_the_intervals_of_resampled_images():
    rng = np.random.default_rng(1)
    labels = rng.integers(7, size=250)
    a = np.where(rng.random(250) < 0.6, labels, rng.integers(7, size=250))
    b = np.where(rng.random(250) < 0.7, a, rng.integers(7, size=250))

    def difference(images: np.ndarray) -> float:
        scores = (
            metrics.macro(metrics.f1(metrics.confusion_matrix(labels[images], predicted[images])))
            for predicted in (a, b)
        )
        return next(scores) - next(scores)

    plain = np.array([difference(rng.integers(250, size=250)) for _ in range(2000)])
    _, ours = f1_differences(labels, a, b, Resampling(0.95, 2000, seed=2))
    error = 4 * 2.7 * plain.std() * math.sqrt(2 / 2000)
    assert (ours.low, ours.high) == pytest.approx(tuple(np.quantile(plain, [0.025, 0.975])), abs=error)
    # Models that share most of their answers differ by less than independent ones would.
    alone = [evaluate(labels, predicted).f1.macro for predicted in (a, b)]
    assert ours.high - ours.low < 0.9 * math.hypot(*(interval.high - interval.low for interval in alone))


def test_the_interval_of_the_difference_is_bonett_and_prices():
    # (12 + 1 - 5 - 1)/102 ± 1.96 √((13/102 + 6/102 - (7/102)²)/102)
    middle = 7 / 102
    reach = 1.959963984540054 * math.sqrt((19 / 102 - middle**2) / 102)
    found = accuracy_difference(12, 5, 100, 0.95)
    assert (found.low, found.high) == pytest.approx((middle - reach, middle + reach))


def test_the_interval_contains_0_exactly_where_the_exact_test_finds_no_difference():
    """Over every pair of counts up to 70, on as few images as there can be and on very many."""
    widened = 0
    for only_a, only_b in product(range(71), repeat=2):
        for n in (max(1, only_a + only_b), 2100, 10**6):
            found = accuracy_difference(only_a, only_b, n, 0.95)
            assert (found.low <= 0 <= found.high) == (binomial_sum(only_a, only_b) > 0.05), (only_a, only_b, n)
            assert found.low < found.high
            assert found.low <= found.value <= found.high
            widened += "widened" in found.method
    assert widened > 100, "Bonett and Price's interval alone contradicts the test"


def test_interval_and_test_have_the_same_level():
    assert spec.load().value("FER-Z-06", "alpha") == pytest.approx(1 - spec.load().value("FER-Z-01", "level"))


def test_a_tie_is_never_printed_with_an_interval_beyond_0():
    found = compare(*answers(only_a=16, only_b=6, both=1000, neither=1078))
    assert (found.verdict, found.difference.low) == ("tie", 0.0)
    assert "+0.5 points (+0.0 to +0.9)" in found.sentence


@pytest.mark.parametrize("fewest", [1, 3, 10])
def test_the_f1_interval_of_two_equal_models_is_as_wide_as_the_rarest_class_requires(fewest):
    labels = np.repeat(np.arange(7), [fewest, *[300] * 6])
    weighted, macro = f1_differences(labels, labels, labels, Resampling(0.95, 200, seed=0))
    share = wilson(0, fewest, 0.95)[1]
    assert (macro.low, macro.high) == pytest.approx((-share / 7, share / 7))
    assert weighted.high == pytest.approx(wilson(0, len(labels), 0.95)[1], abs=1e-3)


# --- ties ---------------------------------------------------------------------------------------------------------


def test_a_model_ties_with_itself_and_the_interval_still_has_a_width():
    labels, a, _ = answers(only_a=30, only_b=10, both=60, neither=23)
    found = compare(labels, a, a)
    assert (found.verdict, found.p_value, found.images_to_decide) == ("tie", 1.0, None)
    for metric in (found.difference, found.f1_difference, found.macro_f1_difference):
        assert metric.value == 0
        assert metric.low < 0 < metric.high
    assert "right and wrong on the same images" in found.sentence


def test_no_number_of_images_distinguishes_two_models_equally_often_right():
    found = compare(*answers(only_a=20, only_b=20, both=60, neither=23))
    assert (found.verdict, found.images_to_decide) == ("tie", None)
    assert "no number of images" in found.sentence


def test_a_tie_says_how_many_images_would_decide():
    found = compare(*answers(only_a=40, only_b=30, both=1000, neither=1030))
    assert found.verdict == "tie"
    assert found.images_to_decide > found.n
    assert f"about {found.images_to_decide:,} images" in found.sentence


def test_that_many_images_decide_in_four_of_five_experiments():
    """The power of the exact test, simulated: a little under the asymptotic 0.8, since it is cautious."""
    n, rng = 2100, np.random.default_rng(3)
    images = images_to_decide(40, 20, n, alpha=0.05)
    counts = rng.multinomial(images, [40 / n, 20 / n, 1 - 60 / n], size=800)
    power = np.mean([mcnemar(int(a), int(b)) <= 0.05 for a, b, _ in counts])
    assert power == pytest.approx(0.8, abs=0.07)
    tenth = rng.multinomial(images // 10, [40 / n, 20 / n, 1 - 60 / n], size=800)
    assert np.mean([mcnemar(int(a), int(b)) <= 0.05 for a, b, _ in tenth]) < 0.3


# --- mistakes -----------------------------------------------------------------------------------------------------


def test_predictions_of_other_images_are_one_clear_line():
    with pytest.raises(UserError, match="3 labels but 2 predictions"):
        compare(np.array([0, 1, 2]), np.array([0, 1, 2]), np.array([0, 1]))
