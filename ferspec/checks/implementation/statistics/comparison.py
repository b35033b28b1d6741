"""Checks on comparing two models and naming mistakes (FER-Z-05, FER-Z-06, FER-Z-09)."""

from __future__ import annotations

import math

import numpy as np

from ferspec.checks.implementation.answers.explain import Same, explained, near
from ferspec.checks.implementation.answers.judge import close, equal, field, first_failure, numbers, rows, shown
from ferspec.checks.implementation.answers.resemble import compared
from ferspec.checks.implementation.statistics import inputs
from ferspec.checks.implementation.statistics.mistakes import comparison as mistakes
from ferspec.checks.implementation.statistics.mistakes.comparison import ALPHA, POWER, answered, exact
from ferspec.checks.implementation.statistics.monte_carlo import Array
from ferspec.engine import Check, checks_by_case
from ferspec.errors import SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.implementations.subject import ImplementationSubject

TOLERANCE, INTERVAL_TOLERANCE = 1e-5, 1e-4
# an exact test has a power that jumps with every image, and formulas for it are approximate
POWER_TOLERANCE = 0.06
# beyond that many images the power of every tie asked about is 1, and its exact distribution takes too long
MOST_IMAGES = 10**8


def are_named_after_holm_and_with_a_gain(subject: ImplementationSubject, name: str) -> CheckResult:
    """A mistake is named if it is significant and its correction gains 0.01.

    The level is 0.01, by Holm's method over all mistakes that were tried.
    """
    p_values, gains, expected = inputs.TRIED[name]
    asked = {"p_values": p_values, "gains": gains}
    answer = subject.ask("named_mistakes", **asked)
    observed = sorted(numbers("named_mistakes", rows("named_mistakes", answer)).tolist())
    found = equal(observed, [float(place) for place in expected], f"named of {name}")
    return explained(found, observed, mistakes.NAMED, asked)


def are_compared_on_the_same_images(
    subject: ImplementationSubject, only_first: int, only_second: int, n: int
) -> CheckResult:
    """The p value is McNemar's exact one; interval and winner agree with it at 0.05."""
    asked, what = inputs.two_models(only_first, only_second, n), _said(only_first, only_second, n)
    answer = subject.ask("compare", **asked)
    right = answered(exact(only_first, only_second), only_first, only_second, n)
    p_value = numbers("compare", field("compare", answer, "p"), ())
    ends = numbers("compare", [field("compare", answer, "low"), field("compare", answer, "high")], (2,))
    better = field("compare", answer, "better")
    names = [f"{which} end of the difference with {what}" for which in ("low", "high")]
    expected = right["low"], right["high"]
    findings = {
        "p": close(p_value, right["p"], TOLERANCE, (f"p of {what}",)),
        "better": equal(better, right["better"], f"better with {what}"),
        "side": _contains_zero_for_a_tie(ends, right["better"], what),
        "interval": close(ends, expected, INTERVAL_TOLERANCE, names),
    }
    found = first_failure(list(findings.values()))
    entries = ("p",) if found is findings["p"] else ("p", "better", "low", "high")
    return explained(found, answer, mistakes.COMPARISONS, asked, _same(*entries))


def _same(*entries: str) -> Same:
    """Return a comparison of these entries of two answers."""
    numbers_close = near(absolute=INTERVAL_TOLERANCE)
    return lambda own, other: all(
        own[entry] == other[entry] if entry == "better" else numbers_close(own[entry], other[entry])
        for entry in entries
    )


def _contains_zero_for_a_tie(ends: Array, better: str, what: str) -> CheckResult:
    low, high = ends
    holds = bool(low <= 0 <= high) == (better == "tie")
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"{what}: {low:.6g} to {high:.6g}",
        expected=f"{what}: an interval {'that contains' if better == 'tie' else 'beyond'} 0",
        likely=None if holds else "the interval contradicts the test",
    )


def _said(only_first: int, only_second: int, n: int) -> str:
    return f"{only_first} images right by the first alone and {only_second} by the second, of {n}"


def say_how_many_images_would_decide(
    subject: ImplementationSubject, only_first: int, only_second: int, n: int
) -> CheckResult:
    """The images to decide a tie give the exact test a power of 0.8.

    Any formula for the number of images is accepted.
    """
    asked = inputs.two_models(only_first, only_second, n)
    answer = field("compare", subject.ask("compare", **asked), "images_to_decide")
    what = f"a tie of {only_first} and {only_second} among {n}"
    if only_first == only_second:
        return equal(answer, None, f"images to decide {what}", "no number of images decides between these")
    if answer is None:
        raise SubjectError(f"compare gave no images_to_decide for {what}, which some number of images decides")
    images = float(numbers("compare", answer, ()))
    if images < 1 or images != math.floor(images):
        raise SubjectError(f"compare gave images_to_decide {shown(answer)} for {what}, not a number of images")
    reached = _power(int(min(images, MOST_IMAGES)), only_first / n, only_second / n)
    causes = {f"it is the number for a power of {power:.0%}": power for power in (0.5, 0.9)}
    return compared(reached, POWER, POWER_TOLERANCE, f"power of the test on {images:.0f} images after {what}", causes)


def _power(images: int, only_first: float, only_second: float) -> float:
    """Return the exact power of McNemar's exact test on a number of images."""
    from scipy.stats import binom

    disagreement = only_first + only_second
    throws = np.arange(int(binom.ppf(1e-9, images, disagreement)), int(binom.ppf(1 - 1e-9, images, disagreement)) + 1)
    # the test rejects up to this many heads, and as many tails: the largest count whose lower tail is at most alpha/2
    least = binom.ppf(ALPHA / 2, throws, 0.5)
    least = np.where(binom.cdf(least, throws, 0.5) <= ALPHA / 2, least, least - 1)
    share = only_first / disagreement
    rejected = binom.cdf(least, throws, share) + binom.sf(throws - least - 1, throws, share)
    return float((binom.pmf(throws, images, disagreement) * rejected).sum())


CHECKS: tuple[Check, ...] = (
    *checks_by_case("FER-Z-05", are_named_after_holm_and_with_a_gain, list(inputs.TRIED), needs=("named_mistakes",)),
    *checks_by_case(
        "FER-Z-06",
        are_compared_on_the_same_images,
        {_said(*counts): counts for counts in inputs.COMPARED},
        needs=("compare",),
    ),
    *checks_by_case(
        "FER-Z-09",
        say_how_many_images_would_decide,
        {f"{first} and {second} among {n:,}": (first, second, n) for first, second, n in inputs.TIES},
        needs=("compare",),
    ),
)
