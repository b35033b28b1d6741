"""Computes confidence intervals of metrics, and judges claims by them."""

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Literal

import numpy as np

from ferspec.reference.measured import Metric

Judgement = Literal["pass", "fail", "inconclusive"]
Interval = tuple[float, float]

WILSON, CLOPPER_PEARSON = "Wilson", "Clopper-Pearson"
BOOTSTRAP = "bootstrap over images"
# metrics of equal tables may differ by their rounding errors
SAME = 1e-12


@lru_cache(maxsize=1 << 14)
def wilson(successes: int, n: int, level: float) -> Interval:
    """Return the Wilson interval of the proportion ``successes`` of ``n`` (n > 0).

    The low end is exactly 0 without successes, and the high end exactly 1 without failures.
    """
    from scipy.stats import binomtest

    found = binomtest(successes, n).proportion_ci(level, method="wilson")
    return (0.0 if successes == 0 else float(found.low)), (1.0 if successes == n else float(found.high))


def clopper_pearson(successes: np.ndarray, n: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends (k,) of Clopper and Pearson's exact intervals of proportions."""
    from scipy.special import betaincinv

    tail, failures = (1 - level) / 2, n - successes
    low = betaincinv(np.maximum(successes, 1), failures + 1, tail)
    high = betaincinv(successes + 1, np.maximum(failures, 1), 1 - tail)
    return np.where(successes == 0, 0.0, low), np.where(failures == 0, 1.0, high)


def simultaneous(level: float, count: int) -> float:
    """Return the level of each of ``count`` simultaneous intervals of a level (Šidák)."""
    return float(level ** (1 / max(1, count)))


def proportion(successes: int, n: int, level: float) -> Metric:
    """Return the proportion ``successes`` of ``n`` (n > 0) with its Wilson interval."""
    low, high = wilson(successes, n, level)
    return Metric(value=successes / n, low=low, high=high, method=WILSON)


def percentile(replicates: np.ndarray, level: float) -> Interval:
    """Return the central interval of the replicates with a share of ``level``."""
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def acceleration(without: np.ndarray, counts: np.ndarray) -> float:
    """Return how fast the spread of a metric changes with it (Efron 1987).

    ``without`` (m,) is the metric without one image of each kind, ``counts`` (m,) the images of that kind.
    """
    influence = np.average(without, weights=counts) - without
    spread = float((counts * influence**2).sum())
    return float((counts * influence**3).sum()) / (6 * spread**1.5) if spread > 0 else 0.0


def corrected(value: float, replicates: np.ndarray, level: float, acceleration: float) -> Interval:
    """Return the interval of replicates corrected for their bias, and for an acceleration (BCa)."""
    from scipy.special import ndtr, ndtri

    below = ((replicates < value - SAME).mean() + (replicates <= value + SAME).mean()) / 2
    bias = ndtri(np.clip(below, 1 / (len(replicates) + 1), len(replicates) / (len(replicates) + 1)))
    ends = bias + ndtri(np.array([(1 - level) / 2, (1 + level) / 2]))
    # the method whose ends have their level with any number of replicates
    low, high = np.quantile(replicates, ndtr(bias + ends / (1 - acceleration * ends)), method="weibull")
    return float(low), float(high)


def unseen(value: float, n: int, level: float, bounds: Interval) -> Interval:
    """Return how far unseen images may move a mean over ``n`` images from its ``value``.

    The largest share of images compatible with none among ``n`` (Wilson) may be as different as ``bounds`` allow.
    """
    share = wilson(0, n, level)[1]
    low, high = bounds
    return value - share * max(0.0, value - low), value + share * max(0.0, high - value)


def bootstrap(
    value: float,
    replicates: np.ndarray,
    level: float,
    reaches: Iterable[Interval],
    method: str = BOOTSTRAP,
    acceleration: float | None = None,
) -> Metric:
    """Return a metric with its percentile interval, widened to include every interval of ``reaches``.

    With an ``acceleration`` it is the BCa interval; 0 corrects for the bias alone.

    Resampling does not account for unseen kinds of images: if every image is right, all replicates are equal. So the
    interval always includes the values that unseen images could cause.
    """
    resampled = percentile(replicates, level)
    if acceleration is not None:
        resampled = corrected(value, replicates, level, acceleration)
    lows, highs = zip(resampled, *reaches, strict=True)
    widened = "" if resampled == (min(lows), max(highs)) else f", widened by {WILSON} for images unseen"
    return Metric(
        value=value,
        low=min(lows),
        high=max(highs),
        method=f"{method} ({len(replicates):,} replicates){widened}",
    )


def mean_of_classes(
    values: np.ndarray,
    weights: np.ndarray,
    counts: np.ndarray,
    replicates: np.ndarray,
    level: float,
    n: int,
    bounds: Interval = (0, 1),
    method: str = BOOTSTRAP,
    acceleration: float | None = None,
    includes: Iterable[Interval] = (),
) -> Metric:
    """Return the weighted mean of a metric over classes, with its bootstrap interval.

    ``values``, ``weights`` and ``counts`` are (k,): the metric of each class, its weight in the mean, and the number of
    the ``n`` images it was measured on. Unseen images may be of any class, or all of the class that matters most. The
    interval also covers those that it ``includes``; ``acceleration`` is that of ``bootstrap``.
    """
    value, (low, high) = float((weights * values).sum() / weights.sum()), bounds
    shares = weights / weights.sum() * [wilson(0, int(count), level)[1] if count else 0.0 for count in counts]
    in_a_class = value - float((shares * (values - low)).max()), value + float((shares * (high - values)).max())
    reaches = (unseen(value, n, level, bounds), in_a_class, *includes)
    return bootstrap(value, replicates, level, reaches, method, acceleration)


def spread_interval(
    statistic: Callable[[np.ndarray], np.ndarray], centre: np.ndarray, noise: np.ndarray, level: float
) -> Interval:
    """Return the interval of a metric that chance inflates, such as a gap between groups.

    Such a metric is positive even without an effect, and resampling adds more chance, so a percentile interval never
    reaches 0. The low end is found by inversion: the smallest multiple of the observed ``centre`` (k,) that, with
    ``noise`` (replicates, k) added, has the observed metric as its upper quantile; 0 if noise alone does. The high end
    is the upper quantile of the replicates. ``statistic`` maps (..., k) to (...) and is proportional to its argument.
    """
    from scipy.optimize import brentq

    observed = float(statistic(centre))

    def upper(share: float) -> float:
        return float(np.quantile(statistic(share * centre + noise), (1 + level) / 2))

    high = max(observed, upper(1))
    if upper(0) >= observed:
        return 0.0, high
    if upper(1) <= observed:
        return observed, high
    return observed * brentq(lambda share: upper(share) - observed, 0, 1, xtol=1e-12), high


def judge_claim(figure: Metric, operator: str, threshold: float) -> Judgement:
    """Judge a claim about a metric: inconclusive unless both ends of the interval agree.

    ``operator`` is one of >=, >, <= and <. An undefined metric is inconclusive.
    """
    if figure.low is None or figure.high is None:
        return "inconclusive"
    holds = _OPERATORS[operator]
    at_low, at_high = holds(figure.low, threshold), holds(figure.high, threshold)
    if at_low and at_high:
        return "pass"
    return "inconclusive" if at_low or at_high else "fail"


def images_needed(figure: Metric, threshold: float, n: int) -> int | None:
    """Return how many images would decide a claim if the metric kept its value.

    ``n`` and the result count the images of the whole test set. For a proportion the result is exact: Wilson's interval
    excludes a threshold t if |p - t| > z·√(t(1 - t)/n). For other metrics the interval is assumed to shrink with √n.
    None if no number would decide: the metric is undefined or equals the threshold.
    """
    if figure.value is None or figure.low is None or figure.high is None or figure.value == threshold:
        return None
    end = figure.low if threshold < figure.value else figure.high
    ratio = ((figure.value - end) / (figure.value - threshold)) ** 2
    if figure.method == WILSON and end not in (0, 1):
        ratio *= threshold * (1 - threshold) / (end * (1 - end))
    return math.ceil(n * ratio)


_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": lambda value, threshold: value >= threshold,
    ">": lambda value, threshold: value > threshold,
    "<=": lambda value, threshold: value <= threshold,
    "<": lambda value, threshold: value < threshold,
}
