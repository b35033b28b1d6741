"""Decisions within a margin that are mistaken for those of the protocol (FER-Z-10)."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

from ferspec.checks.implementation.answers.explain import Capability
from ferspec.checks.implementation.statistics.mistakes.comparison import ALPHA, Answer, Labels, alone, exact

# an independent witness of FER-Z-10
LEVEL_OF_MARGIN = 0.05

# whether the second model's accuracy is above the first's less the margin, and whether it is below: one-sided p values
Tests = Callable[[int, int, int, float], tuple[float, float]]


def score(only_first: float, only_second: float, n: float, margin: float) -> float:
    """Return Tango's score, in the notation of his paper."""
    delta, a = -margin, 2 * n
    b = -only_second - only_first + (2 * n - only_second + only_first) * delta
    c = -only_first * delta * (1 - delta)
    likely = (math.sqrt(b * b - 4 * a * c) - b) / (2 * a)
    return (only_second - only_first - n * delta) / math.sqrt(n * (2 * likely + delta * (1 - delta)))


def by_score(only_first: int, only_second: int, n: int, margin: float) -> tuple[float, float]:
    """Return both p values of Tango's score by the normal distribution."""
    return _tails(score(only_first, only_second, n, margin))


def decided_by(
    tests: Tests, alpha: float = LEVEL_OF_MARGIN, share: float = 1, one_side: bool = False, may_be_better: bool = True
) -> Capability:
    """Return ``as_good_as`` by these tests; ``share`` is the part of the margin that counts."""

    def as_good_as(labels: Labels, first: Labels, second: Labels, margin: float, equivalence: bool) -> Answer:
        only_first, only_second, n = alone(labels, first, second)
        found = [tests(only_first, only_second, n, share * margin)]
        if equivalence and not one_side:
            found.append(tests(only_second, only_first, n, share * margin))
        better = only_second > only_first and exact(only_first, only_second) <= ALPHA and may_be_better
        return _answer(found, alpha, better and not equivalence)

    return as_good_as


def _answer(found: list[tuple[float, float]], alpha: float, better: bool) -> Answer:
    within, beyond = max(p for p, _ in found), min(p for _, p in found)
    verdict = "better" if better else "within" if within <= alpha else "beyond" if beyond <= alpha else "undecided"
    return {"images_to_decide": None, "verdict": verdict}


def _tails(deviation: float) -> tuple[float, float]:
    return NormalDist().cdf(-deviation), NormalDist().cdf(deviation)


def _wald(only_first: int, only_second: int, n: int, margin: float) -> tuple[float, float]:
    difference = (only_second - only_first) / n
    error = math.sqrt(((only_first + only_second) / n - difference**2) / n)
    return _tails((difference + margin) / error) if error else (0.0, 1.0)


def _no_difference_is_enough(only_first: int, only_second: int, n: int, margin: float) -> tuple[float, float]:
    differs = exact(only_first, only_second) <= ALPHA and only_first > only_second
    return float(differs), float(not differs)


def _observed(only_first: int, only_second: int, n: int, margin: float) -> tuple[float, float]:
    within = (only_second - only_first) / n > -margin
    return float(not within), float(within)


def _exchanged(labels: Labels, first: Labels, second: Labels, margin: float, equivalence: bool) -> Answer:
    return dict(decided_by(by_score)(labels, second, first, margin, equivalence))


DECISIONS: dict[str, Capability] = {
    "the standard error is Wald's, which is 0 if the models never disagree": decided_by(_wald),
    "models that do not differ significantly count as equally good": decided_by(_no_difference_is_enough),
    "the observed difference is compared with the margin, without a test": decided_by(_observed),
    "the test is two-sided": decided_by(by_score, alpha=LEVEL_OF_MARGIN / 2),
    "the level is 10 %": decided_by(by_score, alpha=0.1),
    "the margin is read in points": decided_by(by_score, share=0.01),
    "the models are exchanged": _exchanged,
    "an equivalence is tested on one side only": decided_by(by_score, one_side=True),
    "a better model is called as good only": decided_by(by_score, may_be_better=False),
}
