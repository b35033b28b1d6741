"""Checks on deciding whether a model is as good as another within a margin (FER-Z-10)."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from ferspec.checks.implementation.answers.explain import explained
from ferspec.checks.implementation.answers.judge import equal, field, numbers, shown
from ferspec.checks.implementation.answers.resemble import compared
from ferspec.checks.implementation.statistics import inputs
from ferspec.checks.implementation.statistics.mistakes.comparison import POWER
from ferspec.checks.implementation.statistics.mistakes.margins import DECISIONS, LEVEL_OF_MARGIN, score
from ferspec.engine import Check, checks_by_case
from ferspec.errors import SubjectError
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

# an exact test is more cautious than the score test by which the power is computed
POWER_TOLERANCE = 0.06
# beyond that many images the power of every case is 1, and its exact distribution takes too long
MOST_IMAGES = 10**6


def are_decided_by_a_one_sided_test(subject: ImplementationSubject, name: str) -> CheckResult:
    """The second model is as good if a one-sided test at 0.05 says so."""
    counts, margin, equivalence, expected = inputs.DECIDED[name]
    asked = {**inputs.two_models(*counts), "margin": margin, "equivalence": equivalence}
    verdict = field("as_good_as", subject.ask("as_good_as", **asked), "verdict")
    found = equal(verdict, expected, name)
    return explained(found, verdict, DECISIONS, asked, lambda own, other: bool(own == other["verdict"]))


def say_how_many_images_would_decide(subject: ImplementationSubject, name: str) -> CheckResult:
    """The images to decide within a margin give the test a power of 0.8.

    Any formula for the number of images is accepted.
    """
    (first, second, n), margin = inputs.UNDECIDED[name]
    asked = {**inputs.two_models(first, second, n), "margin": margin, "equivalence": False}
    answer = field("as_good_as", subject.ask("as_good_as", **asked), "images_to_decide")
    if second - first == -margin * n:
        return equal(answer, None, f"images to decide {name}", "no number of images decides a difference of the margin")
    if answer is None:
        raise SubjectError(f"as_good_as gave no images_to_decide for {name}, which some number of images decides")
    images = float(numbers("as_good_as", answer, ()))
    if images < 1 or images != math.floor(images):
        raise SubjectError(f"as_good_as gave images_to_decide {shown(answer)} for {name}, not a number of images")
    reached = _power(int(min(images, MOST_IMAGES)), first / n, second / n, margin)
    causes = {f"it is the number for a power of {power:.0%}": power for power in (0.5, 0.9)}
    return compared(reached, POWER, POWER_TOLERANCE, f"power of the test on {images:.0f} images for {name}", causes)


def _power(images: int, only_first: float, only_second: float, margin: float) -> float:
    """Return the power of Tango's score test, over the exact distribution of the disagreements."""
    from scipy.stats import binom

    disagreement, threshold = only_first + only_second, NormalDist().inv_cdf(1 - LEVEL_OF_MARGIN)
    worse = only_second - only_first < -margin
    counts = range(int(binom.ppf(1e-9, images, disagreement)), int(binom.isf(1e-9, images, disagreement)) + 1)

    def least(count: int) -> int:
        """Return the least number right for the second alone that the test rejects."""
        low, high, sign = 0, count + 1, -1 if worse else 1
        while low < high:
            middle = (low + high) // 2
            if score(count - middle, middle, images, margin) >= sign * threshold:
                high = middle
            else:
                low = middle + 1
        return low

    heads = np.array([least(count) for count in counts]) - 1
    tail = (binom.cdf if worse else binom.sf)(heads, np.array(counts), only_second / disagreement)
    return float((binom.pmf(np.array(counts), images, disagreement) * tail).sum())


CHECKS: tuple[Check, ...] = (
    *checks_by_case("FER-Z-10", are_decided_by_a_one_sided_test, list(inputs.DECIDED), needs=("as_good_as",)),
    *checks_by_case("FER-Z-10", say_how_many_images_would_decide, list(inputs.UNDECIDED), needs=("as_good_as",)),
)
