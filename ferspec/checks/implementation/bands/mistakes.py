"""Typical wrong rules for spread and bands, by the cause that a check prints."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ferspec.checks.implementation.bands.expected import (
    LEVEL,
    Band,
    deviation,
    ends,
    reach,
    robust_deviation,
    student,
)
from ferspec.checks.implementation.bands.replicates import Pair, differences, pairs_of
from ferspec.spec.records import Profile

Banding = Callable[..., list[float]]


def estimates(pairs: Sequence[Pair], metric: str, profile: Profile, **robust: float) -> dict[str, float]:
    """Return the answer of ``grid_spread`` for these pairs."""
    gaps = differences(pairs, metric, profile)
    return {"pairs": len(gaps), "sd": deviation(gaps), "typical": robust_deviation(gaps, **robust)}


def of_every_pair(metric: str, resolution: int, profile: Profile = "released") -> dict[str, float]:
    """Return the spread of all pairs, replicates or not."""
    return estimates(pairs_of(metric, resolution, profile), metric, profile)


def banding(**terms: Any) -> Banding:
    """Return ``band`` with some terms replaced."""
    return lambda **arguments: [float(end) for end in ends(Band(**arguments), **terms)]


SPREADS: dict[str, Callable[[Sequence[float]], float]] = {
    "not divided by √2: a difference has the variance of two runs": lambda differences: (
        math.sqrt(2) * deviation(differences)
    ),
    "divided by 2, not by √2": lambda differences: deviation(differences) / math.sqrt(2),
    "the median in place of the root mean square": robust_deviation,
    "taken about the mean of the differences": lambda differences: float(np.std(differences)) / math.sqrt(2),
    "one degree of freedom too few": lambda differences: (
        deviation(differences) * math.sqrt(len(differences) / max(len(differences) - 1, 1))
    ),
    "the mean in place of the root mean square": lambda differences: float(np.mean(np.abs(differences))) / math.sqrt(2),
}
GRID_SPREADS = {"pairs are counted that the errata leave out": of_every_pair}
BANDS = {
    "the normal distribution in place of Student's t": banding(
        reach=lambda sd, pairs, runs: student(math.inf) * sd * math.sqrt(1 + 1 / runs)
    ),
    "t of one side": banding(reach=lambda sd, pairs, runs: student(pairs, LEVEL) * sd * math.sqrt(1 + 1 / runs)),
    "a degree of freedom too few": banding(reach=lambda sd, pairs, runs: reach(sd, max(pairs - 1, 1), runs)),
    "the published metric taken for exact: √(1/k) in place of √(1 + 1/k)": banding(
        reach=lambda sd, pairs, runs: student(pairs) * sd / math.sqrt(runs)
    ),
    "√(1 + 1/k) is missing": banding(reach=lambda sd, pairs, runs: student(pairs) * sd),
    "as for one run, whatever their number": banding(reach=lambda sd, pairs, runs: reach(sd, pairs, 1)),
    "runs are taken never to differ": banding(reach=lambda sd, pairs, runs: 0.0),
    "the rounding of the published metric is left out": banding(rounding=0.0),
    "dropped images are left out": banding(counted=0.0),
    "the least width is left out": banding(least_width=0.0),
    "bands reach beyond 0 and 1": banding(clipped=False),
}
