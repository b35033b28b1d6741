"""Resamples test images to estimate the metrics on other images of the same kind."""

from dataclasses import dataclass

import numpy as np

from ferspec import spec

DRAWS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Resampling:
    """The number of bootstrap replicates, their seed, and the confidence level of intervals."""

    level: float
    replicates: int
    seed: int

    def generator(self) -> np.random.Generator:
        """Return a new generator, so that every metric uses the same draws."""
        return np.random.default_rng(self.seed)


def protocol_resampling(share: float = 1) -> Resampling:
    """Return the resampling that the specification states (FER-Z-01, FER-Z-03).

    ``share`` is the part of the error that one of several certifications on the same images may use (FER-B-08).
    """
    return Resampling(
        level=1 - (1 - spec.load().number("FER-Z-01", "level")) * share,
        replicates=spec.load().integer("FER-Z-03", "replicates"),
        seed=spec.load().integer("FER-Z-03", "seed"),
    )


def resample_table(counts: np.ndarray, resampling: Resampling) -> np.ndarray:
    """Return the tables of counts after drawing the same number of images with replacement.

    Counting drawn images by cell is one multinomial draw over the cells, so metrics that depend only on the table have
    exactly the distribution of the bootstrap over images. ``counts`` has any shape (...); the result is
    (replicates, ...).
    """
    occurring = counts > 0
    tables = np.zeros((resampling.replicates, *counts.shape), dtype=np.int64)
    tables[:, occurring] = _multinomials(counts[occurring], resampling.replicates, resampling.generator())
    return tables


def leave_one_out(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the tables without one image of each kind, and the counts of the kinds.

    ``counts`` has any shape (...); the results are (kinds, ...) and (kinds,).
    """
    kinds = np.argwhere(counts > 0)
    tables = np.repeat(counts[None], len(kinds), axis=0)
    tables[(np.arange(len(kinds)), *kinds.T)] -= 1
    return tables, counts[counts > 0]


def resample_means(terms: np.ndarray, resampling: Resampling) -> np.ndarray:
    """Return the column means of ``terms`` over images drawn with replacement.

    ``terms`` is (n, k), one row per image; the result is (replicates, k). The draws of many replicates are counted at
    once, and one matrix product gives all their sums.
    """
    n, rng = len(terms), resampling.generator()
    means = np.empty((resampling.replicates, terms.shape[1]))
    step = max(1, DRAWS_AT_ONCE // n)
    for start in range(0, resampling.replicates, step):
        rows = min(step, resampling.replicates - start)
        drawn = rng.integers(n, size=(rows, n)) + n * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
        means[start : start + rows] = times @ terms / n
    return means


def _multinomials(counts: np.ndarray, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """Draw multinomial counts (replicates, cells) with the total and the proportions of ``counts``.

    Independent Poisson numbers have, given their total, a multinomial distribution. So most images of a replicate are
    drawn as Poisson numbers, again if they are too many, and the remaining few are drawn one by one. This is exact, and
    twice as fast as ``Generator.multinomial``, which draws one binomial after the other.
    """
    n, cells = int(counts.sum()), len(counts)
    rates = counts * max(0.0, 1 - 2 / np.sqrt(n))
    drawn = rng.poisson(rates, size=(replicates, cells))
    while (over := drawn.sum(axis=1) > n).any():
        drawn[over] = rng.poisson(rates, size=(int(over.sum()), cells))
    replicate = np.repeat(np.arange(replicates), n - drawn.sum(axis=1))
    cell = np.repeat(np.arange(cells), counts)[rng.integers(n, size=len(replicate))]
    return drawn + np.bincount(replicate * cells + cell, minlength=replicates * cells).reshape(replicates, cells)
