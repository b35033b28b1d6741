"""Typical mistakes in judging a claim while images are asked (FER-Z-14)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ferspec.checks.implementation.answers.explain import Capability
from ferspec.checks.implementation.statistics.mistakes.intervals import wilson

# an independent witness of FER-Z-14 and FER-Z-01
DISTANCES, WEIGHTS, ERROR = (0.02, 0.05, 0.1, 0.2), (0.1, 0.45, 0.35, 0.1), 0.025
UNDECIDED: dict[str, Any] = {"side": None, "after": None}


def by_martingale(
    distances: Sequence[float] = DISTANCES,
    weights: Sequence[float] = WEIGHTS,
    error: float = ERROR,
    sides: Sequence[str] = ("above", "below"),
    closest: float = 0.5,
) -> Capability:
    """Return ``sequential_decision`` by products of likelihood ratios, one outcome after the other.

    ``closest`` is the part of the way from the threshold to 0 or 1 that an alternative may go.
    """

    def sequential_decision(outcomes: Sequence[int], threshold: float) -> dict[str, Any]:
        capital = {}
        for side in sides:
            end = 1.0 if side == "above" else 0.0
            for distance, weight in zip(distances, weights, strict=True):
                step = min(distance, closest * abs(end - threshold))
                capital[side, distance] = (threshold + math.copysign(step, end - threshold), weight)
        for after, right in enumerate(outcomes, start=1):
            for bet, (share, held) in capital.items():
                ratio = share / threshold if right else (1 - share) / (1 - threshold)
                capital[bet] = share, held * ratio
            total = {side: sum(held for (tested, _), (_, held) in capital.items() if tested == side) for side in sides}
            side = max(total, key=lambda name: total[name])
            if total[side] >= sum(weights) / error:
                return {"side": side, "after": after}
        return UNDECIDED

    return sequential_decision


def repeated(outcomes: Sequence[int], threshold: float, first: int = 1) -> dict[str, Any]:
    """Decide by the interval for a fixed number of images, looked at after each image."""
    for after in range(first, len(outcomes) + 1):
        low, high = wilson(sum(outcomes[:after]), after)
        if not low <= threshold <= high:
            return {"side": "above" if low > threshold else "below", "after": after}
    return UNDECIDED


def once(outcomes: Sequence[int], threshold: float) -> dict[str, Any]:
    """Decide by the interval over all images, without looking before."""
    return repeated(outcomes, threshold, len(outcomes))


DECISIONS: dict[str, Capability] = {
    "the test for a fixed number of images is repeated, so that its errors add up": repeated,
    "the share is tested only once, at the end": once,
    "each side has an error of 5 %": by_martingale(error=0.05),
    "only one alternative is tested": by_martingale((0.05,), (1.0,)),
    "all alternatives have the same weight": by_martingale(weights=(0.25,) * 4),
    "only the side above is tested": by_martingale(sides=("above",)),
    "alternatives go nearly all the way to 0 or 1": by_martingale(closest=0.99),
}
