"""Checks on how statements about the grid are judged: by paired differences over networks (FER-F-01)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.judge import close, equal, field, judge_each, numbers
from ferspec.engine import Check
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

CAPABILITY = "mean_difference"
TOLERANCE = 1e-6
ENDS = ("value", "low", "high")
# of one network there may be many pairs, and they agree with each other
PAIRS = {
    "six pairs of a network and one of each other": (
        (0.12, 0.11, 0.13, 0.12, 0.10, 0.14, 0.03, -0.02, 0.05),
        ("VGG16",) * 6 + ("ResNet18", "LeNet5", "AlexNet"),
    ),
    "two pairs of each network": (
        (0.06, 0.08, 0.01, 0.05, -0.04, -0.02, 0.09, 0.10),
        ("VGG19", "ResNet50", "ZFNet", "SMMB", "VGG19", "ResNet50", "ZFNet", "SMMB"),
    ),
    "three networks, the fewest that are judged": ((0.02, 0.06, 0.10), ("Xception", "MobileNet", "DenseNet121")),
    "losses": ((-0.3, -0.1, -0.2, -0.25), ("LeNet5", "SMMB", "Modular", "Ensemble")),
}


def averages_by_the_unit(subject: ImplementationSubject, unit: str) -> CheckResult:
    """The mean is over architectures, their pairs averaged first, or over pairs, and its interval is Student's."""
    return judge_each(lambda what: _compared(subject, what, unit), PAIRS)


def judges_no_fewer_than_it_may(subject: ImplementationSubject) -> CheckResult:
    """Fewer architectures, or pairs, than the least are not judged, however many pairs there are."""
    few = spec.load().value("FER-F-01", "least_units") - 1
    names = [f"network {number}" for number in range(few)]
    pairs = [0.05 + 0.01 * number for number in range(3 * few)]
    cases = (
        (f"{few} networks of three pairs each", "network", pairs, names * 3),
        (f"{few} pairs", "pair", pairs[:few], names),
        ("no pairs", "network", [], []),
    )
    return judge_each(lambda case: _unjudged(subject, *case), cases)


CHECKS = (
    Check("FER-F-01", averages_by_the_unit, needs=(CAPABILITY,), case="network", given=("network",)),
    Check("FER-F-01", averages_by_the_unit, needs=(CAPABILITY,), case="pair", given=("pair",)),
    Check("FER-F-01", judges_no_fewer_than_it_may, needs=(CAPABILITY,)),
)


def _compared(subject: ImplementationSubject, what: str, unit: str) -> CheckResult:
    differences, architectures = PAIRS[what]
    answer = subject.ask(CAPABILITY, differences=list(differences), architectures=list(architectures), unit=unit)
    observed = numbers(CAPABILITY, [field(CAPABILITY, answer, name) for name in ENDS], (3,))
    units = _by_network(differences, architectures) if unit == "network" else np.array(differences)
    expected = _student(units)
    mistakes = {
        "the pairs of one network are taken for independent ones": _student(np.array(differences)),
        "the pairs of a network are averaged where each is to count": _student(_by_network(differences, architectures)),
        "the normal distribution stands for Student's": _normal(units),
        "the standard deviation is divided by n, not by n - 1": _student(units, ddof=0),
        "the standard deviation stands for the standard error": _student(units, of_the_mean=False),
    }
    likely = (said for said, ends in mistakes.items() if np.allclose(observed, ends, rtol=0, atol=TOLERANCE))
    return close(observed, expected, TOLERANCE, [f"{what}, over {unit}s, {name}" for name in ENDS], next(likely, None))


def _unjudged(
    subject: ImplementationSubject, what: str, unit: str, differences: Sequence[float], architectures: Sequence[str]
) -> CheckResult:
    answer = subject.ask(CAPABILITY, differences=list(differences), architectures=list(architectures), unit=unit)
    pairs_counted = "pairs are counted in place of networks"
    likely = pairs_counted if unit == "network" and differences else "an interval is given, however few pairs there are"
    return equal(answer, None, what, likely)


def _by_network(differences: Sequence[float], architectures: Sequence[str]) -> np.ndarray:
    values, names = np.array(differences), np.array(architectures)
    return np.array([values[names == name].mean() for name in dict.fromkeys(architectures)])


def _student(units: np.ndarray, ddof: int = 1, of_the_mean: bool = True) -> np.ndarray:
    from scipy.stats import t

    return _ends(units, float(t.ppf((1 + _level()) / 2, len(units) - 1)), ddof, of_the_mean)


def _normal(units: np.ndarray) -> np.ndarray:
    from scipy.stats import norm

    return _ends(units, float(norm.ppf((1 + _level()) / 2)))


def _ends(units: np.ndarray, reach: float, ddof: int = 1, of_the_mean: bool = True) -> np.ndarray:
    error = units.std(ddof=ddof) / (np.sqrt(len(units)) if of_the_mean else 1)
    return units.mean() + reach * error * np.array([0, -1, 1])


def _level() -> float:
    return spec.load().value("FER-Z-01", "level")
