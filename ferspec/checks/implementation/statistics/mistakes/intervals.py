"""Intervals of proportions and of F1 by other methods (FER-Z-02, FER-Z-03)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np

from ferspec.checks.implementation.answers.explain import Capability
from ferspec.checks.implementation.statistics.inputs import CLASSES
from ferspec.checks.implementation.statistics.monte_carlo import (
    LEVEL,
    REPLICATES,
    Array,
    deviations,
    percentiles,
    widened,
)

# an interval from the metric, its replicates and the number of images
Made = Callable[[float, Array, int], list[float]]


def wilson(successes: float, n: int, z: float | None = None) -> list[float]:
    """Return Wilson's interval, at the level of the protocol unless its deviations are given."""
    z = deviations() if z is None else z
    middle = (successes + z**2 / 2) / (n + z**2)
    reach = z / (n + z**2) * math.sqrt(successes * (n - successes) / n + z**2 / 4)
    return [middle - reach, middle + reach]


def by_scipy(method: Any) -> Capability:
    """Return ``proportion_interval`` by a method of SciPy."""

    def proportion_interval(successes: int, n: int) -> tuple[float, float]:
        from scipy.stats import binomtest

        found = binomtest(successes, n).proportion_ci(LEVEL, method=method)
        return found.low, found.high

    return proportion_interval


def _wald_unclipped(successes: float, n: float) -> list[float]:
    share = successes / n
    reach = deviations() * math.sqrt(share * (1 - share) / n)
    return [share - reach, share + reach]


def _wald(successes: float, n: float) -> list[float]:
    low, high = _wald_unclipped(successes, n)
    return [max(0.0, low), min(1.0, high)]


def _agresti_coull(successes: int, n: int) -> list[float]:
    added = deviations() ** 2
    return _wald(successes + added / 2, n + added)


def _jeffreys(successes: int, n: int) -> list[float]:
    from scipy.stats import beta

    return [float(end) for end in beta.interval(LEVEL, successes + 0.5, n - successes + 0.5)]


PROPORTIONS: dict[str, Capability] = {
    "it is the normal approximation (Wald)": _wald,
    "it is the normal approximation, beyond 0 and 1": _wald_unclipped,
    "it is Clopper and Pearson's exact interval": by_scipy("exact"),
    "it is Agresti and Coull's interval": _agresti_coull,
    "it is Jeffreys' interval": _jeffreys,
    "it is Wilson's interval with continuity correction": by_scipy("wilsoncc"),
}


def table_of(labels: Sequence[int], predictions: Sequence[int]) -> Array:
    """Return how many images of each label have each prediction, (7, 7)."""
    table = np.zeros((CLASSES, CLASSES), int)
    np.add.at(table, (np.array(labels), np.array(predictions)), 1)
    return table


def f1_of(tables: Array, macro: bool = False) -> Array:
    """Return F1 (...) of tables (..., 7, 7), averaged by support or equally."""
    support, predicted = tables.sum(axis=-1), tables.sum(axis=-2)
    # a class without images and predictions would divide by 0
    f1 = 2 * np.diagonal(tables, axis1=-2, axis2=-1) / np.maximum(support + predicted, 1)
    return np.asarray(f1.mean(axis=-1) if macro else (f1 * support).sum(axis=-1) / support.sum(axis=-1))


def drawn_tables(table: Array, *, seed: int = 11, replicates: int = REPLICATES, images: int | None = None) -> Array:
    """Return (replicates, 7, 7) tables of images drawn again, by NumPy's own multinomial."""
    n = int(table.sum())
    drawn = np.random.default_rng(seed).multinomial(images or n, table.ravel() / n, replicates)
    return drawn.reshape(-1, *table.shape)


def bca_levels(table: Array, replicates: Array, value: float) -> list[float]:
    """Return the levels of the replicates at the ends of the BCa interval (Efron 1987)."""
    kinds = np.flatnonzero(table)
    left = np.repeat(table.reshape(1, -1), len(kinds), axis=0)
    left[np.arange(len(kinds)), kinds] -= 1
    counts, without = table.ravel()[kinds], f1_of(left.reshape(-1, *table.shape))
    influence = (counts @ without) / counts.sum() - without
    skewness = float(counts @ influence**3) / max(1e-300, 6 * float(counts @ influence**2) ** 1.5)
    shares = np.mean(replicates < value - 1e-12), np.mean(replicates <= value + 1e-12)
    normal = NormalDist()
    bias = normal.inv_cdf(min(max(float(np.mean(shares)), 1 / len(replicates)), 1 - 1 / len(replicates)))
    ends = bias - deviations(), bias + deviations()
    return [normal.cdf(bias + end / (1 - skewness * end)) for end in ends]


def f1_interval(made: Made, macro: bool = False, **drawn: Any) -> Capability:
    """Return ``f1_interval`` with this rule."""

    def capability(labels: Sequence[int], predictions: Sequence[int]) -> list[float]:
        table = table_of(labels, predictions)
        return made(float(f1_of(table, macro)), f1_of(drawn_tables(table, **drawn), macro), len(labels))

    return capability


def percentile(value: float, replicates: Array, n: int) -> list[float]:
    """Return the right interval."""
    return widened(percentiles(replicates), value, n)


def bca(labels: Sequence[int], predictions: Sequence[int]) -> list[float]:
    """Return the right interval, corrected for bias and skewness."""
    table = table_of(labels, predictions)
    value, replicates = float(f1_of(table)), f1_of(drawn_tables(table))
    low, high = np.quantile(replicates, bca_levels(table, replicates, value))
    return widened((float(low), float(high)), value, len(labels))


def normal(value: float, replicates: Array, n: int) -> list[float]:
    """Return the interval of a normal distribution."""
    reach = deviations() * float(replicates.std())
    return widened((value - reach, value + reach), value, n)


def mirrored(value: float, replicates: Array, n: int) -> list[float]:
    """Return the basic interval, the percentiles mirrored at the metric."""
    low, high = percentiles(replicates)
    return widened((2 * value - high, 2 * value - low), value, n)


def _narrow_normal(value: float, replicates: Array, n: int) -> list[float]:
    reach = deviations() * float(replicates.std())
    return [max(0.0, value - reach), min(1.0, value + reach)]


def _of_the_accuracy(labels: Sequence[int], predictions: Sequence[int]) -> list[float]:
    return wilson(int(np.equal(labels, predictions).sum()), len(labels))


F1_INTERVALS: dict[str, Capability] = {
    "it is the interval of the accuracy": _of_the_accuracy,
    "F1 is taken for a share of the images": f1_interval(lambda value, _, n: wilson(value * n, n), replicates=1),
    "replicates that never differ are taken for certainty": f1_interval(
        lambda value, replicates, n: percentiles(replicates)
    ),
    "it is the normal approximation": f1_interval(normal),
    "it is the normal approximation, of no width without a mistake": f1_interval(_narrow_normal),
    "it is the basic interval, not that of percentiles": f1_interval(mirrored),
    "it is the interval of the macro F1": f1_interval(percentile, macro=True),
}
