"""Checks on calibration metrics and their intervals (FER-Z-04, FER-Z-07, FER-Z-08)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from ferspec.checks.implementation.answers.explain import explained, near
from ferspec.checks.implementation.answers.judge import close, first_failure, numbers
from ferspec.checks.implementation.statistics import inputs
from ferspec.checks.implementation.statistics.mistakes import calibration as mistakes
from ferspec.checks.implementation.statistics.mistakes.calibration import BINS, FLOOR
from ferspec.checks.implementation.statistics.monte_carlo import (
    LEVEL,
    REPLICATES,
    SEED,
    error_of_level,
    interval,
    widened,
    within,
)
from ferspec.engine import Check, checks_by_case
from ferspec.outcomes import CheckResult
from ferspec.reference.bootstrap import Resampling, resample_means
from ferspec.reference.calibration import bin_errors
from ferspec.reference.intervals import spread_interval
from ferspec.subjects.implementations.subject import ImplementationSubject

TOLERANCE = 1e-5


def has_fifteen_equal_bins(subject: ImplementationSubject, images: inputs.Answers) -> CheckResult:
    """The calibration error averages |confidence - accuracy| over 15 bins of equal width."""
    observed = float(numbers("calibration_error", subject.ask("calibration_error", **images.asked), ()))
    confidence, right = images.confidence_and_right()
    places = np.ceil(confidence * BINS)
    gaps = {place: np.abs((confidence - right)[places == place].sum()) for place in np.unique(places)}
    found = close(observed, sum(gaps.values()) / len(right), TOLERANCE, (f"calibration error of {images.what}",))
    return explained(found, observed, mistakes.ERRORS, images.asked, near(absolute=TOLERANCE))


def costs_a_finite_amount(subject: ImplementationSubject, name: str) -> CheckResult:
    """The log loss is the mean of natural logarithms; probabilities have a floor."""
    true = inputs.TRUE_PROBABILITIES[name]
    asked = inputs.with_true_probabilities(true)
    observed = float(numbers("negative_log_likelihood", subject.ask("negative_log_likelihood", **asked), ()))
    expected = sum(-math.log(max(probability, FLOOR)) for probability in true) / len(true)
    found = close(observed, expected, 1e-4, (f"log loss of {name}",))
    return explained(found, observed, mistakes.LOG_LOSSES, asked, near(absolute=1e-4))


def can_reach_zero(subject: ImplementationSubject, images: inputs.Answers) -> CheckResult:
    """The low end comes from inversion; it is 0 where chance alone explains the error."""
    observed = interval(subject, "calibration_interval", **images.asked)
    ends = zip(("low", "high"), observed, _inverted(images), strict=True)
    what = f"end of the calibration error of {images.what}"
    found = first_failure([within(end, least, most, f"{which} {what}") for which, end, (least, most) in ends])
    return explained(found, observed, mistakes.INTERVALS, images.asked, near(absolute=2e-3))


@cache
def _inverted(images: inputs.Answers) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the allowed range of each end, the low end first."""
    errors = bin_errors(*images.confidence_and_right(), BINS)
    means = errors.mean(axis=0)
    noise = resample_means(errors, Resampling(LEVEL, REPLICATES, SEED + 1)) - means

    def ends(level: float) -> Sequence[float]:
        return widened(spread_interval(_total, means, noise, level), float(_total(means)), len(errors))

    # an error in the level of one end is twice as large in that of the interval
    wider, narrower = (ends(LEVEL + 2 * sign * error_of_level(more=1)) for sign in (1, -1))
    return (wider[0], narrower[0]), (narrower[1], wider[1])


def _total(means: Any) -> Any:
    return np.abs(means).sum(axis=-1)


CHECKS: tuple[Check, ...] = (
    *checks_by_case(
        "FER-Z-04", has_fifteen_equal_bins, inputs.by_name(inputs.CALIBRATED), needs=("calibration_error",)
    ),
    *checks_by_case(
        "FER-Z-07", costs_a_finite_amount, list(inputs.TRUE_PROBABILITIES), needs=("negative_log_likelihood",)
    ),
    *checks_by_case(
        "FER-Z-08", can_reach_zero, inputs.by_name(inputs.CALIBRATED_FOR_INTERVALS), needs=("calibration_interval",)
    ),
)
