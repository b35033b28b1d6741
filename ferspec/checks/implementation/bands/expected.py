"""Spread of runs and ends of bands in closed form, with replaceable terms."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

Reach = Callable[[float, int, int], float]

# Typed as an independent witness: the normal distribution has its quartiles at 1 / 1.4826 standard deviations.
ROBUST_FACTOR = 1.4826
# A witness of FER-Z-01 and FER-G-07; the tables of the paper have two decimals.
LEVEL, ROUNDING, LEAST_WIDTH = 0.95, 0.005, 0.02


class Band(NamedTuple):
    """The arguments of a band."""

    expected: float
    sd: float
    pairs: int
    runs: int
    dropped: int
    images: int

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:g}" for name, value in self._asdict().items())


def deviation(differences: Sequence[float]) -> float:
    """Return the standard deviation of a single run: the root mean square of the differences, over √2."""
    return float(np.linalg.norm(differences)) / math.sqrt(2 * len(differences))


def robust_deviation(differences: Sequence[float], factor: float = ROBUST_FACTOR) -> float:
    """Return the standard deviation of a run of a typical pair, from the median difference."""
    return factor * float(np.median(np.abs(differences))) / math.sqrt(2)


def student(freedom: float, quantile: float | None = None) -> float:
    """Return a quantile of Student's t, by default that of FER-Z-01 on both sides."""
    from scipy import stats

    return float(stats.t.ppf((1 + LEVEL) / 2 if quantile is None else quantile, freedom))


def reach(sd: float, pairs: int, runs: int) -> float:
    """Return the largest expected distance of the mean of further runs from a published run."""
    return student(pairs) * sd * math.sqrt(1 + 1 / runs)


def ends(
    band: Band,
    reach: Reach = reach,
    rounding: float = ROUNDING,
    counted: float = 1.0,
    least_width: float = LEAST_WIDTH,
    clipped: bool = True,
) -> np.ndarray:
    """Return both ends of a band by FER-G-07; ``counted`` is the share of the dropped images that count."""
    half = reach(band.sd, band.pairs, band.runs) + rounding
    below, above = half + counted * band.dropped / band.images * np.array([band.expected, 1 - band.expected])
    lacking = max(0.0, least_width - below - above) / 2
    found = np.array([band.expected - below - lacking, band.expected + above + lacking])
    return found.clip(0, 1) if clipped else found
