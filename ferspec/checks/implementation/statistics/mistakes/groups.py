"""Typical mistakes in the intervals of groups (FER-Z-13)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ferspec.checks.implementation.answers.explain import Capability
from ferspec.checks.implementation.statistics.mistakes.intervals import wilson
from ferspec.checks.implementation.statistics.monte_carlo import LEVEL, deviations

# an independent witness of FER-Z-13
LEAST = 30
CLOSE = 1e-5
Interval = Callable[[int, int, float], list[float]]


def exact(right: int, images: int, level: float) -> list[float]:
    """Return Clopper and Pearson's interval."""
    from scipy.stats import binomtest

    found = binomtest(right, images).proportion_ci(level, method="exact")
    return [float(found.low), float(found.high)]


def sidak(count: int) -> float:
    """Return the level of each of ``count`` independent intervals."""
    return float(LEVEL ** (1 / count))


def bonferroni(count: int) -> float:
    """Return the level that needs no assumption, and is a little higher."""
    return 1 - (1 - LEVEL) / count


def intervals(
    interval: Interval, level: Callable[[int], float], least: int = LEAST, all_count: bool = False
) -> Capability:
    """Return ``group_intervals`` by these rules."""

    def group_intervals(right: list[int], images: list[int]) -> list[list[float] | None]:
        enough = [n >= least for n in images]
        each = level(len(images) if all_count else max(1, sum(enough)))
        return [
            interval(hits, n, each) if is_enough else None
            for hits, n, is_enough in zip(right, images, enough, strict=True)
        ]

    return group_intervals


def same(observed: Any, known: list[list[float] | None]) -> bool:
    """Return whether two answers have intervals for the same groups, with equal ends."""
    if not isinstance(observed, list) or [one is None for one in observed] != [one is None for one in known]:
        return False
    pairs = [(one, other) for one, other in zip(observed, known, strict=True) if other is not None]
    return all(np.shape(one) == (2,) and np.allclose(one, other, rtol=0, atol=CLOSE) for one, other in pairs)


GROUPS: dict[str, Capability] = {
    "each interval has 95 % by itself": intervals(exact, lambda count: LEVEL),
    "the level is Bonferroni's, which makes intervals wider": intervals(exact, bonferroni),
    "it is Wilson's interval": intervals(lambda hits, n, level: wilson(hits, n, deviations(level)), sidak),
    "groups that are too small count in the correction": intervals(exact, sidak, all_count=True),
    "groups that are too small have an interval": intervals(exact, sidak, least=1),
}
