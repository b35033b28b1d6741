"""Whether two models are compared, and mistakes named, as the protocol has it (FER-Z-05, FER-Z-06, FER-Z-09)."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.judge import (
    close,
    equal,
    field,
    first_failure,
    judge_each,
    numbers,
    rows,
    shown,
)
from ferspec.checks.implementation.answers.numbers import compared
from ferspec.checks.implementation.statistics import inputs as given
from ferspec.checks.implementation.statistics.monte_carlo import level
from ferspec.engine import Check
from ferspec.errors import SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.implementations.subject import ImplementationSubject

TOLERANCE = 1e-5
# an exact test has a power that jumps with every image, and formulas for it are approximate
POWER_TOLERANCE = 0.06
# beyond so many images the power of every tie asked about is 1, and its exact distribution takes too long
MOST_IMAGES = 10**8


def mistakes_are_named_after_holm_and_with_a_gain(subject: ImplementationSubject) -> CheckResult:
    """FER-Z-05: those are named that Holm's method lets pass, over all tried, and that gain enough."""

    def judged(case: tuple[str, list[float], list[float], list[int], str | None]) -> CheckResult:
        what, p_values, gains, expected, likely = case
        answer = subject.ask("named_mistakes", p_values=p_values, gains=gains)
        named = sorted(numbers("named_mistakes", rows("named_mistakes", answer)).tolist())
        return equal(named, [float(place) for place in expected], f"named of {what}", likely)

    return judge_each(judged, given.TRIED)


def models_are_compared_on_the_same_images(subject: ImplementationSubject) -> CheckResult:
    """FER-Z-06: p is McNemar's exact one, and interval and winner agree with it."""
    alpha = spec.load().number("FER-Z-06", "alpha")

    def judged(case: tuple[int, int, int]) -> CheckResult:
        only_first, only_second, n = case
        what = f"{only_first} images right by the first alone and {only_second} by the second, of {n}"
        answer = _compared(subject, only_first, only_second, n)
        p, p_value = _exact(only_first, only_second), float(numbers("compare", field("compare", answer, "p"), ()))
        findings = [compared(p_value, p, TOLERANCE, f"p of {what}", _other_tests(only_first, only_second, n))]
        winner = "tie" if p > alpha else "first" if only_first > only_second else "second"
        findings.append(equal(field("compare", answer, "better"), winner, f"better with {what}"))
        observed = _difference(answer)
        names = [f"{which} end of the difference with {what}" for which in ("low", "high")]
        expected = _bonett_price(only_first, only_second, n)
        if winner == "tie":
            expected = np.array([min(expected[0], 0), max(expected[1], 0)])
        turned = np.allclose(observed, -expected[::-1], atol=1e-4) and only_first != only_second
        likely = "the difference is second minus first" if turned else None
        if not turned:
            findings.append(_contains_zero_for_a_tie(observed, winner, what))
        findings.append(close(observed, expected, 1e-4, names, likely))
        return first_failure(findings)

    return judge_each(judged, given.COMPARED)


def _bonett_price(only_first: int, only_second: int, n: int) -> np.ndarray:
    """Return the ends of the interval that adds an image to either count, and two to all."""
    middle = (only_first - only_second) / (n + 2)
    variance = ((only_first + only_second + 2) / (n + 2) - middle**2) / (n + 2)
    reach = NormalDist().inv_cdf((1 + level()) / 2) * math.sqrt(variance)
    return np.clip([middle - reach, middle + reach], -1, 1)


def _contains_zero_for_a_tie(interval: np.ndarray, winner: str, what: str) -> CheckResult:
    low, high = interval
    holds = (low <= 0 <= high) == (winner == "tie")
    tied = "the interval is not widened to 0 where the exact test finds no difference"
    decided = "the interval is wider than what the test decides by"
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: {low:.6g} to {high:.6g}",
        expected=f"{what}: an interval {'that contains' if winner == 'tie' else 'beyond'} 0",
        likely=None if holds else tied if winner == "tie" else decided,
    )


def _exact(only_first: int, only_second: int) -> float:
    """Return the two-sided p of as unequal a number of heads in throws of a fair coin, in whole numbers."""
    throws = only_first + only_second
    tail = sum(math.comb(throws, heads) for heads in range(min(only_first, only_second) + 1))
    return min(1.0, 2 * tail / 2**throws)


def _other_tests(only_first: int, only_second: int, n: int) -> dict[str, float]:
    """Return the p values of the tests that are taken for McNemar's exact one; none where the models never differ."""
    if only_first + only_second == 0:
        return {}
    throws, apart = only_first + only_second, abs(only_first - only_second)
    exact = _exact(only_first, only_second)

    def two_sided(deviations: float) -> float:
        return 2 * NormalDist().cdf(-deviations)

    both = (n - throws) // 2
    first, second = (both + only_first) / n, (both + only_second) / n
    pooled = (first + second) / 2
    return {
        "it is the chi-squared approximation": two_sided(apart / math.sqrt(throws)),
        "it is the chi-squared approximation with continuity correction": two_sided(
            max(0, apart - 1) / math.sqrt(throws)
        ),
        "it is the mid-p variant": exact - math.comb(throws, min(only_first, only_second)) / 2**throws,
        "it is one-sided": exact / 2,
        "the two models are compared as if on different images": two_sided(
            abs(first - second) / math.sqrt(pooled * (1 - pooled) * 2 / n)
        ),
    }


def ties_say_how_many_images_would_decide(subject: ImplementationSubject) -> CheckResult:
    """FER-Z-09: on that many images, by whatever formula, the exact test has about the power asked for."""
    power = spec.load().number("FER-Z-09", "power")

    def judged(case: tuple[int, int, int]) -> CheckResult:
        only_first, only_second, n = case
        answer = field("compare", _compared(subject, only_first, only_second, n), "images_to_decide")
        what = f"a tie of {only_first} and {only_second} among {n}"
        if only_first == only_second:
            return equal(answer, None, f"images to decide {what}", "no number of images tells these apart")
        if answer is None:
            raise SubjectError(f"compare gave no images_to_decide for {what}, which some number of images decides")
        images = float(numbers("compare", answer, ()))
        if images < 1 or images != math.floor(images):
            raise SubjectError(f"compare gave images_to_decide {shown(answer)} for {what}, not a number of images")
        reached = _power(int(min(images, MOST_IMAGES)), only_first / n, only_second / n)
        mistakes = {f"it is the number for a power of {other:.0%}": other for other in (0.5, 0.9)}
        label = f"power of the test on {images:.0f} images after {what}"
        return compared(reached, power, POWER_TOLERANCE, label, mistakes)

    return judge_each(judged, given.TIES)


def _power(images: int, only_first: float, only_second: float) -> float:
    """Return how often McNemar's exact test on so many images finds a difference, by its exact distribution."""
    from scipy.stats import binom

    alpha, disagreement = spec.load().number("FER-Z-06", "alpha"), only_first + only_second
    throws = np.arange(int(binom.ppf(1e-9, images, disagreement)), int(binom.ppf(1 - 1e-9, images, disagreement)) + 1)
    # the test rejects up to this many heads, and as many tails: the largest count whose lower tail is at most alpha/2
    least = binom.ppf(alpha / 2, throws, 0.5)
    least = np.where(binom.cdf(least, throws, 0.5) <= alpha / 2, least, least - 1)
    share = only_first / disagreement
    rejected = binom.cdf(least, throws, share) + binom.sf(throws - least - 1, throws, share)
    return float((binom.pmf(throws, images, disagreement) * rejected).sum())


def _compared(subject: ImplementationSubject, only_first: int, only_second: int, n: int) -> Any:
    labels, first, second = given.two_models(only_first, only_second, n)
    return subject.ask("compare", labels=labels, first=first, second=second)


def _difference(answer: Any) -> np.ndarray:
    return numbers("compare", [field("compare", answer, "low"), field("compare", answer, "high")], (2,))


CHECKS = (
    Check("FER-Z-05", mistakes_are_named_after_holm_and_with_a_gain, needs=("named_mistakes",)),
    Check("FER-Z-06", models_are_compared_on_the_same_images, needs=("compare",)),
    Check("FER-Z-09", ties_say_how_many_images_would_decide, needs=("compare",)),
)
