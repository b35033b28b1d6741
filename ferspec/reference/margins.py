"""Tests whether one model is as good as another within a margin (FER-Z-10)."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from ferspec import spec
from ferspec.records import Record
from ferspec.reference.significance import Array, mcnemar

MarginVerdict = Literal[
    "B is better",
    "B is as good as A within the margin",
    "A and B are equivalent within the margin",
    "B is better by more than the margin",
    "B is worse by more than the margin",
    "undecided",
]

# as many values of the unknown disagreement as leave its largest p value within 0.0002
GRID = 40
# counts of disagreements that are less likely together are left out
NEGLIGIBLE = 1e-12
# outcomes that hardly change a power
RARE = 1e-5
# with more disagreements, the normal approximation finds the number of images within 5 %
FEW = 64
# scores that are equal in exact arithmetic
EQUAL = 1e-9


class MarginDecision(Record):
    """Whether B is as good as A within a margin (FER-Z-10).

    ``p_within`` is small where B is as good (or, for an equivalence, where neither is better by the margin), and
    ``p_beyond`` where it is not. ``images_to_decide`` is the number of images needed if the observed shares are the
    true ones; None if it is decided, or if no number is enough.
    """

    verdict: MarginVerdict
    p_within: float
    p_beyond: float
    images_to_decide: int | None


class ClassDecision(MarginDecision):
    """The decision about the images of one class."""

    name: str
    n: int
    only_a_right: int
    only_b_right: int


def decide(
    only_a: int, only_b: int, n: int, margin: float, equivalence: bool = False, statements: int = 1
) -> MarginDecision:
    """Decide whether B is as good as A within a margin; for an ``equivalence``, neither may be better by it.

    ``only_a`` and ``only_b`` count the images that only one of the two gets right. The levels are divided by the number
    of ``statements`` that must hold together.
    """
    known = spec.load()
    alpha, excluded = (known.number("FER-Z-10", name) / statements for name in ("alpha", "excluded"))
    tests = [margin_test(only_a, only_b, n, margin, excluded)]
    if equivalence:
        tests.append(margin_test(only_b, only_a, n, margin, excluded))
    within, beyond = max(test.within for test in tests), min(test.beyond for test in tests)
    verdict: MarginVerdict = "undecided"
    if within <= alpha:
        verdict = "A and B are equivalent within the margin" if equivalence else "B is as good as A within the margin"
    elif beyond <= alpha:
        verdict = "B is worse by more than the margin"
        if only_b > only_a:
            verdict = "B is better by more than the margin"
    differs = mcnemar(only_a, only_b) <= known.number("FER-Z-06", "alpha") / statements
    if differs and only_b > only_a and not equivalence:
        verdict = "B is better"
    images = images_within(only_a, only_b, n, margin, equivalence, statements) if verdict == "undecided" else None
    return MarginDecision(verdict=verdict, p_within=within, p_beyond=beyond, images_to_decide=images)


def images_within(
    only_a: int,
    only_b: int,
    n: int,
    margin: float,
    equivalence: bool = False,
    statements: int = 1,
    power: float | None = None,
) -> int | None:
    """Return how many images decide with the probability ``power``, by default that of FER-Z-09.

    The observed shares are taken for the true ones. None if B's accuracy is A's less the margin: then no number is
    enough.
    """
    from scipy.optimize import brentq

    known = spec.load()
    power, normal = known.number("FER-Z-09", "power") if power is None else power, NormalDist()
    alpha, excluded = (known.number("FER-Z-10", name) / statements for name in ("alpha", "excluded"))
    if only_a == only_b == 0:
        # they decide once a disagreement is expected often enough
        return math.ceil(math.log(alpha - excluded) / math.log1p(-margin))
    sides = [(only_a, only_b), (only_b, only_a)] if equivalence else [(only_a, only_b)]
    distances = [(other - one) / n + margin for one, other in sides]
    if any(math.isclose(distance, 0, abs_tol=EQUAL) for distance in distances):
        return None
    # the standard errors of one image, under a difference of the margin and under the observed one
    errors = [
        distance * math.sqrt(n) / float(score(np.array(one), np.array(other), n, margin))
        for distance, (one, other) in zip(distances, sides, strict=True)
    ]
    spread = math.sqrt(max(EQUAL, (only_a + only_b) / n - ((only_b - only_a) / n) ** 2))
    pairs = list(zip(distances, errors, strict=True))
    tests = [pair for pair in pairs if pair[0] < 0] or pairs

    def decided(root: float) -> float:
        reached = ((root * abs(distance) - normal.inv_cdf(1 - alpha) * error) / spread for distance, error in tests)
        return sum(map(normal.cdf, reached)) - (len(tests) - 1)

    high = 1.0
    while decided(high) < power:
        high *= 2
    images = math.ceil(brentq(lambda root: decided(root) - power, 0, high) ** 2)
    if images * (only_a + only_b) > FEW * n or statements > 1:
        return images
    # few disagreements are not normal, and the exact power jumps with their number
    if only_b - only_a > margin * n and equivalence:
        only_a, only_b = only_b, only_a
    shares = (only_a / n, only_b / n)
    tried = (math.ceil(images * (0.94 + 0.02 * step)) for step in range(24))
    enough = (number for number in tried if _power(number, *shares, margin, alpha, excluded, equivalence) >= power)
    return next(enough, images)


def _power(
    n: int, only_a: float, only_b: float, margin: float, alpha: float, excluded: float, equivalence: bool
) -> float:
    """Return how likely ``n`` images decide, from the shares right for one model alone.

    B is not better by more than the margin.
    """
    from scipy.stats import binom

    differ, worse = only_a + only_b, only_a - only_b > margin
    counts = np.arange(int(binom.ppf(RARE, n, differ)), int(binom.isf(RARE, n, differ)) + 1)

    def holds(count: int, right: int) -> bool:
        found = margin_test(count - right, right, n, margin, excluded)
        return found.beyond > alpha if worse else found.within <= alpha

    # the least number right for B alone that is as good, or else not worse by more; it grows with the disagreements
    bounds, bound = [], 0
    for count in counts.tolist():
        bound = next((right for right in range(bound, count + 1) if holds(count, right)), count + 1)
        bounds.append(bound)
    below = binom.cdf(np.array(bounds) - 1, counts, only_b / differ)
    most = counts - bounds if equivalence and not worse else counts
    decided = below if worse else np.maximum(0, binom.cdf(most, counts, only_b / differ) - below)
    return float((binom.pmf(counts, n, differ) * decided).sum())


@dataclass(frozen=True)
class MarginTest:
    """The p values of one-sided tests about B's accuracy, A's less the margin.

    ``within`` is small where B's accuracy is higher than that, ``beyond`` where it is lower.
    """

    within: float
    beyond: float


def score(only_a: Array, only_b: Array, n: int, margin: float) -> Array:
    """Return Tango's score for B's accuracy being A's less the margin; above 0 where B's is higher.

    ``only_a`` and ``only_b`` count the images that only one of the two gets right. Tango 1998,
    doi 10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B.
    """
    linear = only_a + only_b + (2 * n - only_b + only_a) * margin
    # the most likely share of images that only A gets right under this difference
    share = (linear + np.sqrt(linear**2 - 8 * n * only_a * margin * (1 + margin))) / (4 * n)
    return (only_b - only_a + n * margin) / np.sqrt(n * (2 * share - margin * (1 + margin)))


def margin_test(only_a: int, only_b: int, n: int, margin: float, excluded: float) -> MarginTest:
    """Return exact unconditional p values, with Tango's score as the order of outcomes.

    The share of images on which the models disagree is unknown. Each p value is the largest over the interval of that
    share with a confidence of 1 - ``excluded``, plus ``excluded`` (Berger and Boos 1994). So no error is more frequent
    than the level, on any number of images.
    """
    from scipy.special import betaincinv
    from scipy.stats import binom

    discordant = only_a + only_b
    low = betaincinv(discordant, n - discordant + 1, excluded / 2) if discordant else 0.0
    high = betaincinv(discordant + 1, n - discordant, 1 - excluded / 2) if discordant < n else 1.0
    # models whose accuracies differ by the margin disagree on at least that share
    shares = np.linspace(max(low, margin), max(high, margin), GRID)[:, None]
    first, last = binom.ppf(NEGLIGIBLE, n, shares[0, 0]), binom.isf(NEGLIGIBLE, n, shares[-1, 0])
    counts = np.arange(int(first), int(last) + 1)
    likely = binom.pmf(counts, n, shares)
    only_b_right = (shares - margin) / (2 * shares)
    observed = float(score(np.array(only_a), np.array(only_b), n, margin))
    as_high = binom.sf(_least(counts, n, margin, observed - EQUAL) - 1, counts, only_b_right)
    as_low = binom.cdf(_least(counts, n, margin, observed + EQUAL) - 1, counts, only_b_right)
    tails = (np.sum(likely * tail, axis=1) for tail in (as_high, as_low))
    return MarginTest(*(min(1.0, float(np.max(tail)) + excluded) for tail in tails))


def _least(counts: Array, n: int, margin: float, threshold: float) -> Array:
    """Return the least number right for B alone whose score reaches a threshold.

    ``counts`` are the numbers of disagreements.
    """
    low, high = np.zeros_like(counts), counts + 1
    while (low < high).any():
        middle = (low + high) // 2
        reached = score(counts - middle, middle, n, margin) >= threshold
        low, high = np.where(reached | (low >= high), low, middle + 1), np.where(reached, middle, high)
    return high
