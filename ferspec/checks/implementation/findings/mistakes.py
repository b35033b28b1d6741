"""Wrong ways to take a mean of differences (FER-F-01)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ferspec import spec
from ferspec.checks.implementation.answers.explain import Capability

Array = npt.NDArray[Any]
Ends = Callable[[Array], Array]
Units = Callable[[Sequence[float], Sequence[str], str], Array]

# Typed as an independent witness of FER-F-01.
LEAST_UNITS = 3


def each_pair(differences: Sequence[float], architectures: Sequence[str], unit: str = "pair") -> Array:
    """Return the differences as they are, whatever the unit."""
    return np.array(differences)


def each_network(differences: Sequence[float], architectures: Sequence[str], unit: str = "network") -> Array:
    """Return the mean of the differences of each architecture, whatever the unit."""
    values, names = np.array(differences), np.array(architectures)
    return np.array([values[names == name].mean() for name in dict.fromkeys(architectures)])


def each_unit(differences: Sequence[float], architectures: Sequence[str], unit: str) -> Array:
    """Return the differences, or their mean by architecture, as the unit asks."""
    return (each_pair if unit == "pair" else each_network)(differences, architectures)


def around_the_mean(units: Array, reach: float, error: float | None = None) -> Array:
    """Return the mean and the ends of its interval, ``reach`` standard errors away."""
    error = units.std(ddof=1) / np.sqrt(len(units)) if error is None else error
    return np.array(units.mean() + reach * error * np.array([0, -1, 1]))


def student(units: Array, error: float | None = None) -> Array:
    """Return the mean with Student's interval at the level of FER-Z-01."""
    from scipy.stats import t

    return around_the_mean(units, float(t.ppf((1 + _level()) / 2, len(units) - 1)), error)


def normal(units: Array) -> Array:
    """Return the mean with an interval of the normal distribution."""
    from scipy.stats import norm

    return around_the_mean(units, float(norm.ppf((1 + _level()) / 2)))


def around_the_median(units: Array) -> Array:
    """Return the median, and Student's interval around the mean."""
    return np.array([np.median(units), *student(units)[1:]])


def mean_difference(ends: Ends = student, units: Units = each_unit, least: int = LEAST_UNITS) -> Capability:
    """Return ``mean_difference`` with these units, least number of units and interval."""

    def capability(differences: list[float], architectures: list[str], unit: str) -> dict[str, float] | None:
        values = units(differences, architectures, unit)
        if len(values) < least:
            return None
        return dict(zip(("value", "low", "high"), map(float, ends(values)), strict=True))

    return capability


def _level() -> float:
    return spec.load().number("FER-Z-01", "level")


MEANS = {
    "the pairs of one network are taken for independent ones": mean_difference(units=each_pair),
    "the pairs of a network are averaged where each is to count": mean_difference(units=each_network),
    "the normal distribution stands for Student's": mean_difference(normal),
    "the standard deviation is divided by n, not by n - 1": mean_difference(
        lambda units: student(units, units.std() / np.sqrt(len(units)))
    ),
    "the standard deviation stands for the standard error": mean_difference(
        lambda units: student(units, units.std(ddof=1))
    ),
    "the median stands for the mean": mean_difference(around_the_median),
    "two units are judged": mean_difference(least=LEAST_UNITS - 1),
}
