"""Whether intervals have the level and the method of the protocol (FER-Z-01 to FER-Z-03)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.judge import close, field, first_failure, judge_each, numbers
from ferspec.checks.implementation.answers.numbers import compared, within
from ferspec.checks.implementation.answers.resemble import resembled
from ferspec.checks.implementation.statistics import inputs as given
from ferspec.checks.implementation.statistics.monte_carlo import error_of_level, interval, level, unseen_share
from ferspec.engine import Check
from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult, Status
from ferspec.reference.intervals import wilson
from ferspec.subjects.implementations.subject import ImplementationSubject

# so many times as many replicates are drawn here as the clause asks for, which leaves little error of their own
MORE, SEED = 4, 20
TOLERANCE = 1e-5


def intervals_have_the_level(subject: ImplementationSubject, capability: str) -> CheckResult:
    """FER-Z-01: the level is read off an interval whose standard error is known in closed form."""
    deviations, tolerance = DEVIATIONS[capability](subject)
    normal, expected = NormalDist(), level()
    mistakes = {f"the level is {other:.0%}": other for other in (0.5, 0.68, 0.8, 0.9, 0.99, 0.999)}
    mistakes["two standard deviations are taken for 95 %"] = 2 * normal.cdf(2) - 1
    return compared(2 * normal.cdf(deviations) - 1, expected, tolerance, f"level of {capability}", mistakes)


def _of_a_share(subject: ImplementationSubject) -> tuple[float, float]:
    """On a million images every method has the same ends, so the level alone shows in them."""
    n = given.MANY
    low, high = interval(subject, "proportion_interval", successes=n // 2, n=n)
    return (high - low) * math.sqrt(n), 1e-3


def _of_f1(subject: ImplementationSubject) -> tuple[float, float]:
    """Where all is taken for one class, F1 is 2p²/(1 + p) of its share p, and has a standard error in closed form."""
    images = given.ALL_TAKEN_FOR_ONE
    low, high = interval(subject, "f1_interval", labels=images.labels, predictions=images.predictions)
    p, n = float(np.mean(np.equal(images.labels, images.predictions))), len(images.labels)
    slope = (4 * p * (1 + p) - 2 * p**2) / (1 + p) ** 2
    deviations = (high - low) / 2 / (slope * math.sqrt(p * (1 - p) / n))
    return deviations, 2 * error_of_level()


def _of_calibration(subject: ImplementationSubject) -> tuple[float, float]:
    """Where all lies in one bin, the calibration error is as sure as its accuracy."""
    answers = given.one_bin(right=500, wrong=500, confidence=0.8)
    asked = {"labels": answers.labels, "probabilities": answers.probabilities}
    _, high = interval(subject, "calibration_interval", **asked)
    deviations = (high - 0.3) / math.sqrt(0.25 / len(answers.labels))
    return deviations, 2 * error_of_level()


def _of_a_difference(subject: ImplementationSubject) -> tuple[float, float]:
    """On many images that only one of two models gets right, the interval is that of a normal difference."""
    only_first, only_second, n = 600, 200, 3000
    labels, first, second = given.two_models(only_first, only_second, n)
    answer = subject.ask("compare", labels=labels, first=first, second=second)
    low, high = numbers("compare", [field("compare", answer, end) for end in ("low", "high")], (2,))
    variance = (only_first + only_second) / n - ((only_first - only_second) / n) ** 2
    return (high - low) / 2 / math.sqrt(variance / n), 5e-3


DEVIATIONS: dict[str, Callable[[ImplementationSubject], tuple[float, float]]] = {
    "proportion_interval": _of_a_share,
    "f1_interval": _of_f1,
    "calibration_interval": _of_calibration,
    "compare": _of_a_difference,
}


def shares_have_wilson_intervals(subject: ImplementationSubject) -> CheckResult:
    """FER-Z-02: shares have Wilson's ends, at whatever level.

    The level is another clause's; it is read off a million images, where every method has the same ends, and is the
    protocol's where those are refused.
    """
    try:
        z, _ = _of_a_share(subject)
    except NotEvaluable:
        z = NormalDist().inv_cdf((1 + level()) / 2)

    def judged(case: tuple[int, int]) -> CheckResult:
        successes, n = case
        observed = interval(subject, "proportion_interval", successes=successes, n=n)
        middle = (successes + z**2 / 2) / (n + z**2)
        reach = z / (n + z**2) * math.sqrt(successes * (n - successes) / n + z**2 / 4)
        names = [f"{end} end of {successes} of {n}" for end in ("low", "high")]
        found = close(observed, (middle - reach, middle + reach), 1e-4, names)
        if found.status is Status.FAIL:
            found = found.model_copy(update={"likely": _method(observed, successes, n)})
        return found

    return judge_each(judged, given.SHARES)


def _method(observed: np.ndarray, successes: int, n: int) -> str | None:
    from scipy.stats import binomtest
    from statsmodels.stats.proportion import proportion_confint

    alpha = 1 - level()
    corrected = binomtest(successes, n).proportion_ci(level(), method="wilsoncc")
    ends = {
        "the normal approximation (Wald)": proportion_confint(successes, n, alpha, "normal"),
        "Clopper and Pearson's exact interval": proportion_confint(successes, n, alpha, "beta"),
        "Agresti and Coull's interval": proportion_confint(successes, n, alpha, "agresti_coull"),
        "Jeffreys' interval": proportion_confint(successes, n, alpha, "jeffreys"),
        "Wilson's interval with continuity correction": (corrected.low, corrected.high),
    }
    name = resembled(observed, {name: np.array(found) for name, found in ends.items()}, 1e-3)
    return None if name is None else f"it is {name}"


def f1_is_resampled(subject: ImplementationSubject) -> CheckResult:
    """FER-Z-03: ends are those of a bootstrap within its Monte Carlo error, and no nearer than the unseen."""

    def judged(images: given.Predicted) -> CheckResult:
        observed = interval(subject, "f1_interval", labels=images.labels, predictions=images.predictions)
        if images in given.NO_REPLICATE_DIFFERS:
            return _certain(observed, images)
        value, lows, highs = _resampled(images)
        share = unseen_share(len(images.labels))
        lows, highs = np.minimum(lows, value * (1 - share)), np.maximum(highs, value + share * (1 - value))
        likely = _taken_for_a_share(observed, value, images)
        pairs = zip(("low", "high"), observed, (lows, highs), strict=True)
        ends = [within(end, *ends, f"{which} end of F1 over {images.what}", likely) for which, end, ends in pairs]
        return first_failure([_contains(observed, value, images.what), *ends])

    return judge_each(judged, (*given.NO_REPLICATE_DIFFERS, *given.RESAMPLED))


def _taken_for_a_share(observed: np.ndarray, value: float, images: given.Predicted) -> str | None:
    n, right = len(images.labels), int(np.equal(images.labels, images.predictions).sum())
    mistakes = {"it is the interval of the accuracy": right, "F1 is taken for a share of the images": value * n}
    ends = {said: np.array(wilson(successes, n, level())) for said, successes in mistakes.items()}
    return resembled(observed, ends, 1e-3)


def _certain(observed: np.ndarray, images: given.Predicted) -> CheckResult:
    """Where every image is right, or every one wrong, no replicate differs: the interval is the share of the unseen."""
    value, share = float(images.labels == images.predictions), unseen_share(len(images.labels))
    names = [f"{which} end of F1 over {images.what}" for which in ("low", "high")]
    likely = "replicates that never differ are taken for certainty" if observed[0] == observed[1] else None
    return close(observed, (value - share * value, value + share * (1 - value)), 1e-4, names, likely)


@cache
def _resampled(images: given.Predicted) -> tuple[float, np.ndarray, np.ndarray]:
    """Return F1 and the least and the most that each end of its percentile interval may be."""
    table = np.zeros((given.CLASSES, given.CLASSES), int)
    np.add.at(table, (images.labels, images.predictions), 1)
    n, replicates = len(images.labels), MORE * spec.load().value("FER-Z-03", "replicates")
    drawn = np.random.default_rng(SEED).multinomial(n, table.ravel() / n, replicates)
    figures = _weighted_f1(drawn.reshape(-1, *table.shape))
    tail, error = (1 - level()) / 2, error_of_level(MORE)
    lows, highs = (np.quantile(figures, [end - error, end + error]) for end in (tail, 1 - tail))
    return float(_weighted_f1(table)), lows, highs


def _weighted_f1(tables: np.ndarray) -> np.ndarray:
    """Return (...) the F1 averaged by support of tables (..., 7, 7) of images by label and prediction."""
    support, predicted = tables.sum(axis=-1), tables.sum(axis=-2)
    # of a class without either there is nothing to divide
    f1 = 2 * np.diagonal(tables, axis1=-2, axis2=-1) / np.maximum(support + predicted, 1)
    return (f1 * support).sum(axis=-1) / support.sum(axis=-1)


def _contains(interval: np.ndarray, value: float, what: str) -> CheckResult:
    low, high = interval
    holds = low - TOLERANCE <= value <= high + TOLERANCE and high > low
    return CheckResult(
        status=Status.PASS if holds else Status.FAIL,
        observed=f"F1 over {what}: {low:.6g} to {high:.6g}",
        expected=f"F1 over {what}: an interval with a width around {value:.6g}",
        likely=None if holds else "the interval is no percentile interval, or it is that of another figure",
    )


CHECKS = (
    *(Check("FER-Z-01", intervals_have_the_level, needs=(name,), case=name, given=(name,)) for name in DEVIATIONS),
    Check("FER-Z-02", shares_have_wilson_intervals, needs=("proportion_interval",)),
    Check("FER-Z-03", f1_is_resampled, needs=("f1_interval",)),
)
