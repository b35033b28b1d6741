"""Decisions within a margin: exact p values, verdicts, and the number of images that decide."""

from statistics import NormalDist

import numpy as np
import pytest

from compare_table import AS_GOOD, ranked, share_of
from ferspec.checks.implementation.statistics.inputs import two_models
from ferspec.reference.comparison import compare
from ferspec.reference.margins import decide, images_within, margin_test, score

EXCLUDED = 0.001


def outcomes(n):
    """Return every pair of counts of images that only one of two models gets right."""
    return np.array([(a, b) for a in range(n + 1) for b in range(n + 1 - a)]).T


def likelihoods(n, share_a, share_b):
    from scipy.stats import multinomial

    a, b = outcomes(n)
    return multinomial.pmf(np.stack([a, b, n - a - b], axis=1), n, [share_a, share_b, 1 - share_a - share_b])


def test_the_score_is_that_of_tangos_example():
    """44 patients, one right under the old treatment alone: Z = 1.709 for a margin of 0.1 (Tango 1998)."""
    assert score(np.array(1), np.array(0), 44, 0.1) == pytest.approx(1.709, abs=5e-4)


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (2, 3), (6, 1), (0, 4)])
def test_p_values_are_the_largest_over_all_disagreements(only_a, only_b):
    """Every outcome of 25 images is summed up, for many shares in the interval of Clopper and Pearson."""
    from scipy.stats import binomtest

    n, margin = 25, 0.1
    low, high = binomtest(only_a + only_b, n).proportion_ci(1 - EXCLUDED)
    scores, observed = score(*outcomes(n), n, margin), score(np.array(only_a), np.array(only_b), n, margin)
    tails = []
    for share in np.linspace(max(low, margin), max(high, margin), 400):
        likely = likelihoods(n, (share + margin) / 2, (share - margin) / 2)
        tails.append((likely[scores >= observed - 1e-9].sum(), likely[scores <= observed + 1e-9].sum()))
    within, beyond = np.max(tails, axis=0) + EXCLUDED
    found = margin_test(only_a, only_b, n, margin, EXCLUDED)
    assert (found.within, found.beyond) == pytest.approx((within, min(1, beyond)), abs=2e-4)


def test_no_error_is_more_frequent_than_the_level():
    """Over every outcome of 40 images, at the margin and beyond it."""
    n, margin = 40, 0.08
    found = [margin_test(a, b, n, margin, EXCLUDED) for a, b in outcomes(n).T.tolist()]
    within, beyond = (np.array([getattr(one, side) <= 0.05 for one in found]) for side in ("within", "beyond"))
    for share in np.linspace(0.1, 0.9, 9):
        for difference in (margin, 1.2 * margin):
            likely = likelihoods(n, (share + difference) / 2, (share - difference) / 2)
            assert likely @ within <= 0.05, share
        likely = likelihoods(n, (share + margin) / 2, (share - margin) / 2)
        assert likely @ beyond <= 0.05, share


def test_a_decision_of_each_class_is_made_at_a_seventh_of_the_level():
    found = compare(*map(np.array, two_models(7, 7, 2100).values()), margin=0.02).margin
    assert found.verdict == "B is as good as A within the margin"
    for one in found.classes:
        alone = margin_test(one.only_a_right, one.only_b_right, one.n, 0.02, EXCLUDED / 7)
        assert one.p_within == alone.within
        assert (one.verdict == found.verdict) == (alone.within <= 0.05 / 7)
    assert sum(one.n for one in found.classes) == 2100


def test_exchanging_the_models_exchanges_the_sides_of_an_equivalence():
    there, back = decide(20, 5, 2100, 0.01, equivalence=True), decide(5, 20, 2100, 0.01, equivalence=True)
    assert (there.p_within, there.p_beyond) == (back.p_within, back.p_beyond)
    assert there.p_within == decide(20, 5, 2100, 0.01).p_within


def test_no_number_of_images_decides_a_difference_of_the_margin():
    assert decide(20, 10, 1000, 0.01).images_to_decide is None
    assert images_within(10, 20, 1000, 0.01, equivalence=True) is None


def test_models_that_never_disagree_need_as_many_images_as_a_rare_event():
    """The probability of no disagreement falls below 5 % once 0.99 to the power of n does."""
    images = images_within(0, 0, 100, 0.01)
    assert decide(0, 0, images, 0.01).verdict == "B is as good as A within the margin"
    assert decide(0, 0, images - 1, 0.01).verdict == "undecided"


def test_an_equivalence_needs_more_images_than_one_side():
    one, both = (images_within(10, 10, 1018, 0.005, equivalence) for equivalence in (False, True))
    quantiles = [NormalDist().inv_cdf(share) for share in (0.95, 0.8, 0.9)]
    # at a difference of 0 each side needs a power of 0.9
    assert both / one == pytest.approx(((quantiles[0] + quantiles[2]) / (quantiles[0] + quantiles[1])) ** 2, rel=0.02)


def test_that_many_images_decide_in_four_of_five_experiments():
    """Every likely outcome is decided; a few images less would expect as few disagreements, and decide less often."""
    from scipy.stats import multinomial

    images, powers = images_within(1, 1, 350, 0.03), []
    for n in (images - 5, images):
        outcomes = [(a, b, n - a - b) for a in range(8) for b in range(8)]
        likely = multinomial.pmf(outcomes, n, [1 / 350, 1 / 350, 348 / 350])
        as_good = [margin_test(a, b, n, 0.03, EXCLUDED).within <= 0.05 for a, b, _ in outcomes]
        powers.append(likely @ as_good)
    assert powers[0] < 0.8 < powers[1]


@pytest.mark.slow
@pytest.mark.parametrize(("n", "share", "margin"), [(350, 0.3, 0.03), (1018, 0.1, 0.01), (2100, 0.03, 0.005)])
def test_a_model_worse_by_the_margin_is_rarely_found_as_good(n, share, margin):
    """Part of the tables of docs/compare.md."""
    assert 0.035 < share_of(AS_GOOD, n, (share + margin) / 2, (share - margin) / 2, margin) < 0.055


@pytest.mark.slow
def test_the_best_of_20_models_is_in_the_first_group_and_one_5_points_worse_is_not():
    best, outside = ranked(0.3, rankings=1000)
    assert best >= 0.95
    assert outside >= 0.7
