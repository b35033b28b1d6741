"""Comparisons and corrections that are mistaken for those of the protocol (FER-Z-05, FER-Z-06)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from ferspec.checks.implementation.answers.explain import Capability
from ferspec.checks.implementation.statistics.mistakes.intervals import wilson
from ferspec.checks.implementation.statistics.monte_carlo import LEVEL, deviations

# an independent witness of FER-Z-05, FER-Z-06 and FER-Z-09
LEAST_P, LEAST_GAIN, ALPHA, POWER = 0.01, 0.01, 0.05, 0.8

Labels = Sequence[int]
Answer = dict[str, Any]
# a number, or the ends of an interval, from the images only one of two models gets right, and all images
Counts = Callable[[int, int, int], Any]


# Two models


def alone(labels: Labels, first: Labels, second: Labels) -> tuple[int, int, int]:
    """Return how many images only the first and only the second predicts correctly, and all."""
    right = np.equal(labels, first), np.equal(labels, second)
    return int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum()), len(labels)


def exact(only_first: int, only_second: int, _: int = 0) -> float:
    """Return McNemar's exact two-sided p, in whole numbers."""
    throws = only_first + only_second
    tail = sum(math.comb(throws, heads) for heads in range(min(only_first, only_second) + 1))
    return min(1.0, float(2 * tail / 2**throws))


def winner(p: float, only_first: int, only_second: int, alpha: float = ALPHA) -> str:
    """Return which model is better, or a tie."""
    return "tie" if p > alpha else "first" if only_first > only_second else "second"


def bonett_price(only_first: int, only_second: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Return the Bonett-Price interval: one image more in each count, two in all."""
    middle = (only_first - only_second) / (n + 2)
    reach = deviations(level) * math.sqrt(((only_first + only_second + 2) / (n + 2) - middle**2) / (n + 2))
    return max(-1.0, middle - reach), min(1.0, middle + reach)


def answered(p: float, only_first: int, only_second: int, n: int, alpha: float = ALPHA) -> Answer:
    """Return the answer of ``compare`` in which everything follows from this p; the interval of a tie contains 0."""
    better, (low, high) = winner(p, only_first, only_second, alpha), bonett_price(only_first, only_second, n)
    if better == "tie":
        low, high = min(low, 0.0), max(high, 0.0)
    return {"images_to_decide": None, "high": high, "low": low, "better": better, "p": p}


def compared(labels: Labels, first: Labels, second: Labels) -> Answer:
    """Return the right answer of ``compare``, without the images that would decide."""
    counts = alone(labels, first, second)
    return answered(exact(*counts), *counts)


def by_test(test: Counts, alpha: float = ALPHA) -> Capability:
    """Return ``compare`` with the p of another test of the discordant images."""
    return lambda labels, first, second: _by_counts(test, alpha, *alone(labels, first, second))


def _by_counts(test: Counts, alpha: float, only_first: int, only_second: int, n: int) -> Answer:
    return answered(test(only_first, only_second, n), only_first, only_second, n, alpha)


def with_interval(ends: Counts) -> Capability:
    """Return ``compare`` with another interval of the difference."""
    return lambda labels, first, second: (
        compared(labels, first, second) | dict(zip(("low", "high"), ends(*alone(labels, first, second)), strict=True))
    )


def changed(change: Callable[[Answer], Answer]) -> Capability:
    """Return ``compare`` with some entries changed."""
    return lambda labels, first, second: compared(labels, first, second) | change(compared(labels, first, second))


def _two_sided(deviation: float) -> float:
    return 2 * NormalDist().cdf(-abs(deviation))


def _chi_squared(a: int, b: int, n: int, correction: int = 0) -> float:
    return _two_sided(max(0, abs(a - b) - correction) / math.sqrt(a + b)) if a + b else 1.0


def _unpaired(labels: Labels, first: Labels, second: Labels) -> Answer:
    """Compare the two accuracies as if they were of different images."""
    shares, n = [float(np.mean(np.equal(labels, predictions))) for predictions in (first, second)], len(labels)
    pooled = sum(shares) / 2
    error = math.sqrt(pooled * (1 - pooled) * 2 / n)
    p = _two_sided((shares[0] - shares[1]) / error) if error else 1.0
    return answered(p, *alone(labels, first, second))


def _tie_where_intervals_overlap(labels: Labels, first: Labels, second: Labels) -> Answer:
    ends = [wilson(int(np.equal(labels, predictions).sum()), len(labels)) for predictions in (first, second)]
    overlap = ends[0][0] <= ends[1][1] and ends[1][0] <= ends[0][1]
    return compared(labels, first, second) | ({"better": "tie"} if overlap else {})


def _of_predictions_that_differ(labels: Labels, first: Labels, second: Labels) -> Answer:
    """Count every image with different predictions, right or wrong."""
    only_first, only_second, n = alone(labels, first, second)
    differ = int(np.not_equal(first, second).sum())
    return answered(exact(only_first, differ - only_first), only_first, only_second, n)


def _wald(a: int, b: int, n: int) -> tuple[float, float]:
    middle = (a - b) / n
    reach = deviations() * math.sqrt(((a + b) / n - middle**2) / n)
    return middle - reach, middle + reach


OTHER_WINNER = {"first": "second", "second": "first", "tie": "tie"}
COMPARISONS: dict[str, Capability] = {
    "it is the chi-squared approximation": by_test(_chi_squared),
    "it is the chi-squared approximation with continuity correction": by_test(
        lambda a, b, n: _chi_squared(a, b, n, correction=1)
    ),
    "it is the mid-p variant": by_test(lambda a, b, n: exact(a, b) - math.comb(a + b, a) / 2 ** (a + b)),
    "it is one-sided": by_test(lambda a, b, n: exact(a, b) / 2 if a != b else 0.5),
    "the two models are compared as if on different images": _unpaired,
    "predictions that differ are counted, right or wrong": _of_predictions_that_differ,
    "a difference counts from 1 % on, not from 5 %": by_test(exact, alpha=0.01),
    "models tie where their intervals overlap": _tie_where_intervals_overlap,
    "the worse model is called better": changed(lambda right: {"better": OTHER_WINNER[right["better"]]}),
    "the difference is second minus first": changed(lambda right: {"low": -right["high"], "high": -right["low"]}),
    "the interval is not widened to 0 where the exact test finds no difference": with_interval(bonett_price),
    "it is the normal approximation of the difference": with_interval(_wald),
}


# Mistakes that a diagnosis names


def named_by(
    corrected: Callable[[Sequence[float]], Sequence[float]],
    alpha: float = LEAST_P,
    gains_enough: Callable[[float], bool] = lambda gain: gain >= LEAST_GAIN,
) -> Capability:
    """Return ``named_mistakes`` by corrected p values and gains."""

    def named_mistakes(p_values: Sequence[float], gains: Sequence[float]) -> list[int]:
        tried = enumerate(zip(corrected(p_values), gains, strict=True))
        return [place for place, (p, gain) in tried if p <= alpha and gains_enough(gain)]

    return named_mistakes


def holm(p_values: Sequence[float], ordered: bool = True, sidak: bool = False) -> list[float]:
    """Return Holm's p values, a larger one never below a smaller one if ``ordered``; with ``sidak`` those of Šidák."""
    corrected, worst = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        p_value, others = p_values[place], len(p_values) - rank
        own = 1 - (1 - p_value) ** others if sidak else others * p_value
        worst = max(worst, own)
        corrected[place] = min(1.0, worst if ordered else own)
    return corrected


def bonferroni(p_values: Sequence[float]) -> list[float]:
    """Return p values multiplied by their number."""
    return [min(1.0, len(p_values) * p_value) for p_value in p_values]


def _false_discovery_rate(p_values: Sequence[float]) -> list[float]:
    from scipy.stats import false_discovery_control

    return [float(p_value) for p_value in false_discovery_control(p_values)] if p_values else []


def _hochberg(p_values: Sequence[float]) -> list[float]:
    corrected, least = [0.0] * len(p_values), 1.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__, reverse=True), start=1):
        least = min(least, rank * p_values[place])
        corrected[place] = least
    return corrected


def _over_those_that_gain(p_values: Sequence[float], gains: Sequence[float]) -> list[int]:
    kept = [place for place, gain in enumerate(gains) if gain >= LEAST_GAIN]
    corrected = holm([p_values[place] for place in kept])
    return [place for place, p in zip(kept, corrected, strict=True) if p <= LEAST_P]


NAMED: dict[str, Capability] = {
    "every p value is multiplied by the number of all tried (Bonferroni)": named_by(bonferroni),
    "p values are not corrected": named_by(lambda p_values: p_values),
    "it is a false discovery rate (Benjamini and Hochberg)": named_by(_false_discovery_rate),
    "a larger p value passes where a smaller one has failed (Hochberg)": named_by(_hochberg),
    "a larger p value passes where a smaller one has failed: the order is not kept": named_by(
        lambda p_values: holm(p_values, ordered=False)
    ),
    "it is Holm and Šidák's correction, 1 - (1 - p)^m": named_by(lambda p_values: holm(p_values, sidak=True)),
    "the correction counts only those that gain, not all that were tried": _over_those_that_gain,
    "the level is 0.05, as for other tests": named_by(holm, alpha=0.05),
    "the level is 0.005": named_by(holm, alpha=0.005),
    "any gain is enough": named_by(holm, gains_enough=lambda gain: gain > 0),
    "a loss is taken for a gain": named_by(holm, gains_enough=lambda gain: abs(gain) >= LEAST_GAIN),
    "one and a half times the least gain is asked for": named_by(
        holm, gains_enough=lambda gain: gain >= 1.5 * LEAST_GAIN
    ),
}
