"""FER-W: simple and conservative class weights.

Every requirement is a function of a weighting and of counts, so that the same assertions that the reference
implementation meets are shown to reject weightings that are wrong.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferspec import spec
from ferspec.reference.weighting import conservative_weights, simple_weights

SPEC = spec.load()
RAFDB, FER2013 = (SPEC.datasets[name].training_counts for name in ("RAF-DB", "FER2013"))
AFFECTNET = SPEC.datasets["AffectNet"].counts

FIG_11 = (6.88, 6.80, 16.81, 1.00, 1.86, 2.42, 3.68)
FIG_13 = (3.00, 3.00, 3.00, 1.00, 1.86, 2.42, 3.00)
PRINTED = 0.005 + 1e-9  # half of the last printed digit
CAP = 3

Weights = Callable[[Sequence[int]], np.ndarray]
COUNTS = st.lists(st.integers(1, 10_000), min_size=1, max_size=10)


class Weighting(NamedTuple):
    simple: Weights
    conservative: Weights


def conservative_of(simple: Weights) -> Weights:
    return lambda counts: np.minimum(simple(counts), CAP)


def balanced(counts: Sequence[int]) -> np.ndarray:
    """Weights that scikit-learn calls balanced: the mean count over the count."""
    return np.sum(counts) / (len(counts) * np.asarray(counts))


def median_frequency(counts: Sequence[int]) -> np.ndarray:
    return np.median(counts) / np.asarray(counts)


def capped_counts(counts: Sequence[int]) -> np.ndarray:
    """The cap on the counts instead of on their ratio."""
    return simple_weights(np.minimum(counts, CAP * np.min(counts)))


def cap_as_minimum(counts: Sequence[int]) -> np.ndarray:
    return np.maximum(simple_weights(counts), CAP)


def inverted(counts: Sequence[int]) -> np.ndarray:
    return 1 / simple_weights(counts)


REFERENCE = Weighting(simple_weights, conservative_weights)


def the_figures_of_the_paper(weighting: Weighting, _: Sequence[int] = ()) -> None:
    np.testing.assert_allclose(weighting.simple(RAFDB), FIG_11, rtol=0, atol=PRINTED)
    np.testing.assert_allclose(weighting.conservative(RAFDB), FIG_13, rtol=0, atol=PRINTED)


def the_largest_class_weighs_one(weighting: Weighting, counts: Sequence[int]) -> None:
    for weights in weighting:
        assert weights(counts)[int(np.argmax(counts))] == 1


def no_weight_is_below_one(weighting: Weighting, counts: Sequence[int]) -> None:
    for weights in weighting:
        assert min(weights(counts)) >= 1


def a_rarer_class_weighs_no_less(weighting: Weighting, counts: Sequence[int]) -> None:
    for weights in weighting:
        assert (np.diff(weights(sorted(counts))) <= 0).all()


def images_times_simple_weight_are_equal(weighting: Weighting, counts: Sequence[int]) -> None:
    np.testing.assert_allclose(weighting.simple(counts) * counts, max(counts), rtol=1e-12)


def ten_times_the_images_weigh_the_same(weighting: Weighting, counts: Sequence[int]) -> None:
    for weights in weighting:
        np.testing.assert_allclose(weights([10 * count for count in counts]), weights(counts), rtol=1e-12)


def the_cap_is_all_that_conservative_adds(weighting: Weighting, counts: Sequence[int]) -> None:
    for simple, conservative in zip(weighting.simple(counts), weighting.conservative(counts), strict=True):
        assert conservative == (simple if simple <= CAP else CAP)


REQUIREMENTS = [
    the_largest_class_weighs_one,
    no_weight_is_below_one,
    a_rarer_class_weighs_no_less,
    images_times_simple_weight_are_equal,
    ten_times_the_images_weigh_the_same,
    the_cap_is_all_that_conservative_adds,
]


def test_the_weights_are_those_of_figs_11_and_13():
    the_figures_of_the_paper(REFERENCE)


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda function: function.__name__)
@given(counts=COUNTS)
def test_for_any_counts(requirement, counts):
    requirement(REFERENCE, counts)


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("counts", [RAFDB, FER2013, AFFECTNET], ids=["RAF-DB", "FER2013", "AffectNet"])
def test_for_the_datasets(requirement, counts):
    requirement(REFERENCE, counts)


@pytest.mark.parametrize(
    ("wrong", "requirement"),
    [
        (Weighting(balanced, conservative_of(balanced)), the_figures_of_the_paper),
        (Weighting(balanced, conservative_of(balanced)), the_largest_class_weighs_one),
        (Weighting(median_frequency, conservative_of(median_frequency)), the_figures_of_the_paper),
        (Weighting(median_frequency, conservative_of(median_frequency)), no_weight_is_below_one),
        (Weighting(simple_weights, capped_counts), the_figures_of_the_paper),
        (Weighting(simple_weights, capped_counts), the_cap_is_all_that_conservative_adds),
        (Weighting(simple_weights, cap_as_minimum), the_figures_of_the_paper),
        (Weighting(simple_weights, cap_as_minimum), the_largest_class_weighs_one),
        (Weighting(simple_weights, simple_weights), the_figures_of_the_paper),
        (Weighting(simple_weights, simple_weights), the_cap_is_all_that_conservative_adds),
        (Weighting(conservative_weights, conservative_weights), images_times_simple_weight_are_equal),
        (Weighting(inverted, conservative_of(inverted)), a_rarer_class_weighs_no_less),
        (Weighting(np.asarray, np.asarray), ten_times_the_images_weigh_the_same),
    ],
    ids=lambda part: part.__name__ if callable(part) else " and ".join(weights.__name__ for weights in part),
)
def test_a_wrong_weighting_is_rejected(wrong, requirement):
    with pytest.raises(AssertionError):
        requirement(wrong, RAFDB)


def test_on_affectnet_both_weightings_are_the_same():
    np.testing.assert_array_equal(simple_weights(AFFECTNET), conservative_weights(AFFECTNET))


def test_on_fer2013_the_cap_moves_the_weight_of_disgust_alone():
    moved = simple_weights(FER2013) != conservative_weights(FER2013)
    assert [name for name, differs in zip(SPEC.classes, moved, strict=True) if differs] == ["Disgust"]


def test_on_raf_db_the_cap_moves_four_weights():
    assert (simple_weights(RAFDB) != conservative_weights(RAFDB)).sum() == 4


def test_weights_come_from_the_training_part_alone():
    whole = SPEC.datasets["RAF-DB"].counts
    assert not np.allclose(simple_weights(whole), FIG_11, rtol=0, atol=PRINTED)


def test_only_a_split_rounded_down_gives_fig_11_and_of_those_only_70_percent_the_count_of_the_runs():
    """FER-D-02: 10,733 training images are what the notebooks count."""
    whole = SPEC.datasets["RAF-DB"].counts
    splits = {
        (percent, rounding.__name__): [rounding(count * percent / 100) for count in whole]
        for percent in range(1, 100)
        for rounding in (math.floor, round, math.ceil)
    }
    fitting = {
        split: sum(counts)
        for split, counts in splits.items()
        if min(counts) > 0 and np.allclose(simple_weights(counts), FIG_11, rtol=0, atol=PRINTED)
    }
    assert {rounding for _, rounding in fitting} == {"floor"}
    assert [split for split, images in fitting.items() if images == 10_733] == [(70, "floor")]
    assert sum(RAFDB) == 10_733


@pytest.mark.parametrize(
    "counts",
    [[], [0, 5], [3, -1], [[1, 2], [3, 4]], [float("nan"), 1], [float("inf"), 1]],
    ids=["no class", "a class without images", "a negative count", "a matrix", "not a number", "infinite"],
)
@pytest.mark.parametrize("weights", REFERENCE, ids=["simple", "conservative"])
def test_counts_that_have_no_weights_are_refused(weights, counts):
    with pytest.raises(ValueError, match="class weights need"):
        weights(counts)
