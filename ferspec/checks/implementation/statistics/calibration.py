"""Whether calibration is measured as the protocol has it (FER-Z-04, FER-Z-07, FER-Z-08)."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.judge import first_failure, judge_each, numbers
from ferspec.checks.implementation.answers.numbers import compared, within
from ferspec.checks.implementation.statistics import inputs as given
from ferspec.checks.implementation.statistics.monte_carlo import error_of_level, interval, level, unseen_share
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.reference.bootstrap import Resampling, resample_means
from ferspec.reference.calibration import bin_errors
from ferspec.reference.intervals import spread_interval
from ferspec.subjects.implementations.subject import ImplementationSubject

TOLERANCE = 1e-5


def calibration_error_has_fifteen_equal_bins(subject: ImplementationSubject) -> CheckResult:
    """FER-Z-04: the error is that of its definition, image by image, on confidences away from the edges of bins."""
    count = spec.load().integer("FER-Z-04", "bins")

    def judged(answers: given.Answers) -> CheckResult:
        asked = {"labels": answers.labels, "probabilities": answers.probabilities}
        observed = float(numbers("calibration_error", subject.ask("calibration_error", **asked), ()))
        confidence, right = answers.confidence_and_right()
        images, apart = _apart(confidence, right, _places(confidence, count))
        mistakes = {
            "every bin weighs the same": apart.mean(),
            "the largest distance of a bin is taken": apart.max(),
            "distances are squared": math.sqrt((images * apart**2).sum() / images.sum()),
            "bins hold equally many images": _mean_apart(confidence, right, _equal_mass(confidence, count)),
            "distances of opposite sign cancel": abs(confidence.mean() - right.mean()),
        } | {
            f"there are {other} bins": _mean_apart(confidence, right, _places(confidence, other))
            for other in (5, 10, 20, 25, 30, 50, 100)
        }
        expected = float((images * apart).sum() / images.sum())
        return compared(observed, expected, TOLERANCE, f"calibration error of {answers.what}", mistakes)

    return judge_each(judged, given.CALIBRATED)


def _places(confidence: np.ndarray, count: int) -> np.ndarray:
    """Return the bin of each image; what is certain lies in the last one, not beyond it."""
    return np.ceil(confidence * count)


def _apart(confidence: np.ndarray, right: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the images of each bin that has any, and the distance of its mean confidence from its accuracy."""
    inside = [places == place for place in np.unique(places)]
    return (
        np.array([of.sum() for of in inside]),
        np.array([abs(confidence[of].mean() - right[of].mean()) for of in inside]),
    )


def _mean_apart(confidence: np.ndarray, right: np.ndarray, places: np.ndarray) -> float:
    images, apart = _apart(confidence, right, places)
    return float((images * apart).sum() / images.sum())


def _equal_mass(confidence: np.ndarray, count: int) -> np.ndarray:
    places = np.empty(len(confidence), dtype=int)
    places[np.argsort(confidence, kind="stable")] = np.arange(len(confidence)) * count // len(confidence)
    return places


def a_probability_of_zero_costs_a_finite_amount(subject: ImplementationSubject) -> CheckResult:
    """FER-Z-07: the log loss is natural, a mean, and that of the floor below it."""
    floor = spec.load().number("FER-Z-07", "floor")

    def judged(case: tuple[str, tuple[float, ...]]) -> CheckResult:
        what, true = case
        labels, probabilities = given.with_true_probabilities(true)
        answer = subject.ask("negative_log_likelihood", labels=labels, probabilities=probabilities)
        observed = float(numbers("negative_log_likelihood", answer, ()))

        def mean(least: float) -> float:
            return sum(-math.log(max(p, least)) for p in true) / len(true)

        mistakes = {
            "the logarithm is to base 2": mean(floor) / math.log(2),
            "the logarithm is to base 10": mean(floor) / math.log(10),
            "it is summed over the images, not averaged": mean(floor) * len(true),
            "the sign is missing": -mean(floor),
        } | {f"the floor is {other:g}": mean(other) for other in (1e-3, 1e-5, 1e-6, 1e-8, 1e-12, 1e-15, 1e-16, 2.2e-16)}
        return compared(observed, mean(floor), 1e-4, f"log loss of {what}", mistakes)

    return judge_each(judged, given.TRUE_PROBABILITIES)


def calibration_interval_can_reach_zero(subject: ImplementationSubject) -> CheckResult:
    """FER-Z-08: the low end is found by inversion, and is 0 where chance alone explains the error."""

    def judged(answers: given.Answers) -> CheckResult:
        asked = {"labels": answers.labels, "probabilities": answers.probabilities}
        observed = interval(subject, "calibration_interval", **asked)
        lows, highs = _inverted(answers)
        plain = (
            "the lower quantile of plain resampling, which adds chance to chance, is taken for the low end"
            if observed[0] > lows[1]
            else None
        )
        pairs = zip(("low", "high"), observed, (lows, highs), strict=True)
        what = f"end of the calibration error of {answers.what}"
        return first_failure([within(end, *ends, f"{which} {what}", plain) for which, end, ends in pairs])

    return judge_each(judged, given.CALIBRATED_FOR_INTERVALS)


@cache
def _inverted(answers: given.Answers) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the least and the most that each end may be, the low one first."""
    confidence, right = answers.confidence_and_right()
    errors = bin_errors(confidence, right, spec.load().integer("FER-Z-04", "bins"))
    replicates, seed = (spec.load().integer("FER-Z-03", name) for name in ("replicates", "seed"))
    noise = resample_means(errors, Resampling(level(), replicates, seed + 1)) - errors.mean(axis=0)
    value, share = float(np.abs(errors.mean(axis=0)).sum()), unseen_share(len(confidence))

    def ends(level: float) -> tuple[float, float]:
        low, high = spread_interval(lambda means: np.abs(means).sum(axis=-1), errors.mean(axis=0), noise, level)
        return min(low, value * (1 - share)), max(high, value + share * (1 - value))

    # an error in the level of one end is twice as large in that of the interval
    wider, narrower = (ends(level() + 2 * by * error_of_level(more=1)) for by in (1, -1))
    return (wider[0], narrower[0]), (narrower[1], wider[1])


CHECKS = (
    Check("FER-Z-04", calibration_error_has_fifteen_equal_bins, needs=("calibration_error",)),
    Check("FER-Z-07", a_probability_of_zero_costs_a_finite_amount, needs=("negative_log_likelihood",)),
    Check("FER-Z-08", calibration_interval_can_reach_zero, needs=("calibration_interval",)),
)
