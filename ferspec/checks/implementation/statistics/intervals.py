"""Whether intervals have the level and the method of the protocol (FER-Z-01 to FER-Z-03)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist

import numpy as np

from ferspec.checks.implementation.answers.explain import explained, near
from ferspec.checks.implementation.answers.judge import close, field, first_failure, numbers
from ferspec.checks.implementation.answers.resemble import compared
from ferspec.checks.implementation.statistics import inputs
from ferspec.checks.implementation.statistics.mistakes import intervals as mistakes
from ferspec.checks.implementation.statistics.mistakes.intervals import bca_levels, drawn_tables, f1_of, table_of
from ferspec.checks.implementation.statistics.monte_carlo import (
    LEVEL,
    REPLICATES,
    TAIL,
    Array,
    deviations,
    error_of_level,
    interval,
    widened,
    within,
)
from ferspec.engine import Check, checks_by_case
from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.implementations.subject import ImplementationSubject

# the factor of further replicates, beyond the number in the clause, which reduces their own error
MORE, SEED = 4, 20
# the share of replicates below F1, which BCa corrects by, has an error too: it adds 37 % to that of an end
OF_BIAS = 1.5
TOLERANCE = 1e-5


def have_the_level(subject: ImplementationSubject, capability: str) -> CheckResult:
    """The level of an interval is 95 %, computed from a known standard error."""
    reach, tolerance = DEVIATIONS[capability](subject)
    normal = NormalDist()
    causes = {f"the level is {other:.0%}": other for other in (0.5, 0.68, 0.8, 0.9, 0.99, 0.999)}
    causes["two standard deviations are taken for 95 %"] = 2 * normal.cdf(2) - 1
    return compared(2 * normal.cdf(reach) - 1, LEVEL, tolerance, f"level of {capability}", causes)


def _of_a_proportion(subject: ImplementationSubject) -> tuple[float, float]:
    """Return the reach on a million images, where only the level matters."""
    n = inputs.MANY
    low, high = interval(subject, "proportion_interval", successes=n // 2, n=n)
    return (high - low) * math.sqrt(n), 1e-3


def _of_f1(subject: ImplementationSubject) -> tuple[float, float]:
    """Return the reach of an F1 with a known standard error.

    Where all images are predicted as one class with the share p, F1 is 2p²/(1 + p).
    """
    images = inputs.ALL_TAKEN_FOR_ONE
    low, high = interval(subject, "f1_interval", **images.asked)
    p, n = float(np.mean(np.equal(images.labels, images.predictions))), len(images.labels)
    slope = (4 * p * (1 + p) - 2 * p**2) / (1 + p) ** 2
    return (high - low) / 2 / (slope * math.sqrt(p * (1 - p) / n)), 2 * error_of_level()


def _of_calibration(subject: ImplementationSubject) -> tuple[float, float]:
    """Return the reach of a calibration error in one bin: that of its accuracy."""
    images = inputs.one_bin(right=500, wrong=500, confidence=0.8)
    _, high = interval(subject, "calibration_interval", **images.asked)
    return (high - 0.3) / math.sqrt(0.25 / len(images.labels)), 2 * error_of_level()


def _of_a_difference(subject: ImplementationSubject) -> tuple[float, float]:
    """Return the reach on many discordant images, where the difference is normal."""
    only_first, only_second, n = 600, 200, 3000
    answer = subject.ask("compare", **inputs.two_models(only_first, only_second, n))
    low, high = numbers("compare", [field("compare", answer, end) for end in ("low", "high")], (2,))
    variance = (only_first + only_second) / n - ((only_first - only_second) / n) ** 2
    return (high - low) / 2 / math.sqrt(variance / n), 5e-3


DEVIATIONS: dict[str, Callable[[ImplementationSubject], tuple[float, float]]] = {
    "proportion_interval": _of_a_proportion,
    "f1_interval": _of_f1,
    "calibration_interval": _of_calibration,
    "compare": _of_a_difference,
}


def are_wilsons(subject: ImplementationSubject, successes: int, n: int) -> CheckResult:
    """Proportions have Wilson's ends, at any level.

    Another clause judges the level. It is computed from a million images, where every method has the same ends; where
    the subject refuses these, it is the level of the protocol.
    """
    try:
        z, _ = _of_a_proportion(subject)
    except NotEvaluable:
        z = deviations()
    asked = {"successes": successes, "n": n}
    observed = interval(subject, "proportion_interval", **asked)
    names = [f"{end} end of {successes} of {n}" for end in ("low", "high")]
    found = close(observed, mistakes.wilson(successes, n, z), 1e-4, names)
    return explained(found, observed, mistakes.PROPORTIONS, asked, near(absolute=1e-3))


def is_resampled(subject: ImplementationSubject, images: inputs.Predicted) -> CheckResult:
    """F1 has the ends of a bootstrap within Monte Carlo error, widened by unseen images.

    Percentiles are accepted too, and what lies between.
    """
    observed = interval(subject, "f1_interval", **images.asked)
    value, lows, highs = _resampled(images)
    ends = zip(("low", "high"), observed, (lows, highs), strict=True)
    found = first_failure(
        [
            _contains(observed, value, images.what),
            *(within(end, least, most, f"{which} end of F1 over {images.what}") for which, end, (least, most) in ends),
        ]
    )
    return explained(found, observed, mistakes.F1_INTERVALS, images.asked, near(absolute=2e-3))


def is_unsure_without_replicates_that_differ(subject: ImplementationSubject, images: inputs.Predicted) -> CheckResult:
    """Where all images are right or all wrong, unseen images give the width."""
    observed, value = interval(subject, "f1_interval", **images.asked), float(images.labels == images.predictions)
    names = [f"{which} end of F1 over {images.what}" for which in ("low", "high")]
    found = close(observed, widened((value, value), value, len(images.labels)), 1e-4, names)
    return explained(found, observed, mistakes.F1_INTERVALS, images.asked, near(absolute=1e-4))


@cache
def _resampled(images: inputs.Predicted) -> tuple[float, Array, Array]:
    """Return F1 and the allowed range of each end, from percentile to BCa interval."""
    table, error = table_of(images.labels, images.predictions), error_of_level(MORE)
    f1, value = f1_of(drawn_tables(table, seed=SEED, replicates=MORE * REPLICATES)), float(f1_of(table))
    corrected, error_of_bias = bca_levels(table, f1, value), OF_BIAS * error
    lows, highs = (
        np.quantile(f1, np.clip([min(end - error, own - error_of_bias), max(end + error, own + error_of_bias)], 0, 1))
        for end, own in zip((TAIL, 1 - TAIL), corrected, strict=True)
    )
    least, most = widened((1.0, 0.0), value, len(images.labels))
    return value, np.minimum(lows, least), np.maximum(highs, most)


def _contains(ends: Array, value: float, what: str) -> CheckResult:
    low, high = ends
    holds = low - TOLERANCE <= value <= high + TOLERANCE and high > low
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"F1 over {what}: {low:.6g} to {high:.6g}",
        expected=f"F1 over {what}: an interval with a width around {value:.6g}",
        likely=None if holds else "the interval is not one of percentiles, or it is that of another metric",
    )


CHECKS: tuple[Check, ...] = (
    *(Check("FER-Z-01", have_the_level, needs=(name,), case=name, given=(name,)) for name in DEVIATIONS),
    *checks_by_case(
        "FER-Z-02",
        are_wilsons,
        {f"{successes:,} of {n:,}": (successes, n) for successes, n in inputs.SHARES},
        needs=("proportion_interval",),
    ),
    *checks_by_case("FER-Z-03", is_resampled, inputs.by_name(inputs.RESAMPLED), needs=("f1_interval",)),
    *checks_by_case(
        "FER-Z-03",
        is_unsure_without_replicates_that_differ,
        inputs.by_name(inputs.NO_REPLICATE_DIFFERS),
        needs=("f1_interval",),
    ),
)
