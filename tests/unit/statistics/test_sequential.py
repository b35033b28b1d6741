"""A claim is decided while images are asked, with the promised error, and groups are covered together."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from ferspec import spec
from ferspec.reference.intervals import clopper_pearson, simultaneous
from ferspec.reference.sequential import decide, evidence
from ferspec.reference.slices import group_intervals
from guarantees_table import AT_THRESHOLD, GROUPED, OFF, PAGE, covered, fixed, stopped, tally, widest, wrong

ERROR = 0.025
RNG = np.random.default_rng(0)


def test_the_evidence_is_a_mean_of_likelihood_ratios():
    outcomes = np.array([True, False, True, True])
    distances, weights = (spec.load().value("FER-Z-14", name) for name in ("distances", "weights"))
    ratios = [(0.6 + d) ** 3 * (0.4 - d) / (0.6**3 * 0.4) for d in distances]
    assert math.exp(evidence(outcomes, 0.6)[-1]) == pytest.approx(np.average(ratios, weights=weights))


@pytest.mark.parametrize("threshold", [0.001, 0.03, 0.5, 0.97, 0.999])
def test_the_evidence_is_worth_one_on_average_at_the_threshold(threshold):
    """Its mean over all sequences of eight outcomes, exactly: no alternative lies beyond 0 or 1."""
    sequences = np.array([[bool(number >> place & 1) for place in range(8)] for number in range(256)])
    chances = threshold ** sequences.sum(axis=1) * (1 - threshold) ** (8 - sequences.sum(axis=1))
    final = [math.exp(evidence(one, threshold)[-1]) for one in sequences]
    assert (chances * final).sum() == pytest.approx(1)


def test_a_decision_does_not_change_when_more_images_are_asked():
    outcomes = RNG.random(2000) < 0.7
    first = decide(outcomes, 0.6, ERROR)
    assert first is not None
    assert all(decide(outcomes[:n], 0.6, ERROR) == (first if n >= first.after else None) for n in range(0, 2001, 50))


def test_both_sides_are_decided_alike():
    outcomes = RNG.random(800) < 0.7
    above, below = decide(outcomes, 0.6, ERROR), decide(~outcomes, 0.4, ERROR)
    assert (above.side, below.side, above.after) == ("above", "below", below.after)


def test_no_outcome_decides_nothing():
    assert decide(np.zeros(0, bool), 0.5, ERROR) is None


def test_a_group_below_the_least_size_has_no_interval_and_costs_the_others_nothing():
    alone, with_small = (
        group_intervals(np.array(k), np.array(n), 0.95) for k, n in (([50], [90]), ([50, 9], [90, 29]))
    )
    assert with_small == [*alone, None]


@pytest.mark.parametrize("count", [2, 5, 10, 20, 40])
def test_the_intervals_of_separate_groups_hold_together_exactly(count):
    """The groups of one column share no image, so that the chance that all are covered is a product."""
    n, right, shares = 2100 // count, np.arange(2100 // count + 1), np.linspace(0.02, 0.98, 49)[:, None]
    low, high = clopper_pearson(right, np.full(n + 1, n), simultaneous(0.95, count))
    held = (binom.pmf(right, n, shares) * ((low <= shares) & (shares <= high))).sum(axis=1)
    assert (held**count).min() >= 0.95


def simulated(threshold, share, simulations, images=2100):
    return zip(*stopped(threshold, share, simulations, np.random.default_rng(1), images), strict=True)


@pytest.mark.slow
@pytest.mark.parametrize(("threshold", "share"), AT_THRESHOLD)
def test_a_wrong_decision_is_rare_whenever_one_stops(threshold, share):
    sides, _ = simulated(threshold, share, 2000)
    assert wrong(threshold, share, sides) <= 0.05


@pytest.mark.slow
@pytest.mark.parametrize(("threshold", "share"), OFF)
def test_a_claim_needs_fewer_images_than_a_test_of_fixed_size(threshold, share):
    _, images = simulated(threshold, share, 500)
    median = np.median(images)
    assert median <= 0.8 * fixed(threshold, share)
    assert median <= (0.5 if abs(share - threshold) < 0.07 else 0.4) * 2100


@pytest.mark.slow
@pytest.mark.parametrize("name", GROUPED)
def test_the_intervals_of_all_groups_hold_together(name):
    values, accuracies = GROUPED[name]
    hits, sizes, truth = tally(values, accuracies, 2000, np.random.default_rng(1))
    assert covered(hits, sizes, truth) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 2000)
    assert widest(hits[0], sizes) <= 1


def test_the_page_has_every_row():
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"| {name} |" in text for name in GROUPED)
    assert all(f"| {threshold:g} | {share:g} |" in text for threshold, share in (*AT_THRESHOLD, *OFF))
