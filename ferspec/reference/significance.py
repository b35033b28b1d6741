"""Exact tests of two models on the same images, and Holm's correction."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def mcnemar(only_a: int, only_b: int) -> float:
    """Return the p value of McNemar's exact test from the numbers of discordant images."""
    return float(mcnemar_of_pairs(np.array(only_a), np.array(only_b)))


def mcnemar_of_pairs(only_a: Array, only_b: Array) -> Array:
    """Return the p values of McNemar's exact test for many pairs of models."""
    from scipy.stats import binom

    return np.minimum(1.0, 2 * binom.cdf(np.minimum(only_a, only_b), only_a + only_b, 0.5))


def sign_flips(differences: Array) -> list[float]:
    """Return two-sided p values of the sums over clusters, under random signs of the clusters.

    ``differences`` (pairs, clusters) counts the images that only the first of two models gets right, less those that
    only the second does. The distribution is exact, and McNemar's where every cluster is one image.
    """
    sizes, sums = np.abs(differences), differences.sum(axis=1)
    counts = np.stack([(sizes == size).sum(axis=1) for size in range(1, sizes.max(initial=1) + 1)], axis=1)
    return [_as_far(tuple(row), abs(total)) for row, total in zip(counts.tolist(), sums.tolist(), strict=True)]


@lru_cache(maxsize=1 << 16)
def _as_far(counts: tuple[int, ...], observed: int) -> float:
    """Return how likely a sum is at least as far from 0; ``counts`` are of clusters with a difference of 1, 2, …"""
    likely = np.ones(1)
    for size, count in enumerate(counts, 1):
        if count:
            spaced = np.zeros(size * count + 1)
            spaced[::size] = _heads(count)
            likely = np.convolve(likely, spaced)
    sums = 2 * np.arange(len(likely)) - (len(likely) - 1)
    return min(1.0, float(likely[np.abs(sums) >= observed].sum()))


@lru_cache(maxsize=1 << 12)
def _heads(throws: int) -> Array:
    from scipy.stats import binom

    found: Array = binom.pmf(np.arange(throws + 1), throws, 0.5)
    return found


def holm(p_values: Sequence[float] | Array, tried: int) -> list[float]:
    """Return p values corrected by Holm's method for ``tried`` alternatives. Those not listed count as p = 1."""
    order = np.argsort(p_values)
    stepped = np.asarray(p_values, float)[order] * (tried - np.arange(len(order)))
    corrected = np.empty(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return [float(p_value) for p_value in corrected]
