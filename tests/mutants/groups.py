"""Intervals of groups and sequential decisions that break FER-Z-13 and FER-Z-14, and unusual right ones."""

from __future__ import annotations

import numpy as np

from ferspec.checks.implementation.statistics.mistakes.groups import GROUPS, exact, intervals, sidak
from ferspec.checks.implementation.statistics.mistakes.sequential import DECISIONS, by_martingale, once
from ferspec.implementation.evaluation import EvaluationCapabilities
from mutants.kinds import mistaken, refusing, right, wrong

OWN = EvaluationCapabilities()


def after_each_hundred(outcomes, threshold):
    """Looked at after each hundred images only, which is as safe, and slower."""
    found = OWN.sequential_decision(outcomes, threshold)
    after = found["after"]
    return found if after is None else found | {"after": min(len(outcomes), -(-after // 100) * 100)}


def logarithms(outcomes, threshold):
    """The same martingale from sums of logarithms, and in lists of its own."""
    found = {}
    for side, share, hits in (("above", threshold, outcomes), ("below", 1 - threshold, [1 - one for one in outcomes])):
        total = 0.0
        for distance, weight in zip((0.02, 0.05, 0.1, 0.2), (0.1, 0.45, 0.35, 0.1), strict=True):
            other = share + min(distance, (1 - share) / 2)
            steps = np.where(np.array(hits, bool), np.log(other / share), np.log((1 - other) / (1 - share)))
            total = total + weight * np.exp(np.cumsum(steps))
        reached = np.flatnonzero(total >= 40)
        if len(reached):
            found[side] = int(reached[0]) + 1
    side = min(found, key=found.get, default=None)
    return {"side": side, "after": found.get(side)}


MUTANTS = (
    *mistaken("FER-Z-13", "group_intervals", GROUPS),
    wrong(
        "FER-Z-13",
        "each interval by itself, and forty groups refused",
        group_intervals=refusing(lambda asked: len(asked["images"]) == 40, intervals(exact, lambda count: 0.95)),
    ),
    wrong("FER-Z-13", "a least size of 31", group_intervals=intervals(exact, sidak, least=31)),
    *mistaken("FER-Z-14", "sequential_decision", DECISIONS),
    wrong("FER-Z-14", "a look after each hundred images", sequential_decision=after_each_hundred),
    wrong(
        "FER-Z-14", "a decision at once", sequential_decision=lambda outcomes, threshold: {"side": "above", "after": 1}
    ),
    wrong(
        "FER-Z-14",
        "one look, and sequences of 1,500 refused",
        sequential_decision=refusing(lambda asked: len(asked["outcomes"]) == 1500, once),
    ),
    right("FER-Z-13", "intervals by SciPy, one after the other", group_intervals=intervals(exact, sidak)),
    right("FER-Z-14", "products of ratios, one outcome after the other", sequential_decision=by_martingale()),
    right("FER-Z-14", "sums of logarithms", sequential_decision=logarithms),
)
