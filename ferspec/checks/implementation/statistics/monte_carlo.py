"""The Monte Carlo error of bootstrap intervals, and answers that are intervals.

A bootstrap with another random stream gives other numbers. The share of B replicates below the true quantile of level q
has the standard error √(q(1 - q)/B), for any metric and any distribution. Therefore an end must lie between two
quantiles of the reference's own replicates. Their levels are ``SURE`` standard errors below and above q, where the
standard error is that of both streams together: a right implementation fails about once in a million ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from ferspec.checks.implementation.answers.judge import close, numbers, shown
from ferspec.errors import SubjectError
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

Array = npt.NDArray[Any]
# an independent witness of FER-Z-01 and FER-Z-03
LEVEL, REPLICATES, SEED = 0.95, 10_000, 2024
TAIL = (1 - LEVEL) / 2
SURE = 5.0
# the error of an end in single precision or in print
PRECISION = 1e-5


def deviations(level: float = LEVEL) -> float:
    """Return the half-width of a normal interval, in standard deviations."""
    return NormalDist().inv_cdf((1 + level) / 2)


def error_of_level(more: float = math.inf) -> float:
    """Return the allowed difference in level between the ends of two streams.

    The other stream has ``more`` times as many replicates; infinity stands for a quantile in closed form.
    """
    return SURE * math.sqrt(TAIL * (1 - TAIL) / REPLICATES * (1 + 1 / more))


def unseen_share(n: int) -> float:
    """Return the largest share compatible with 0 of n images: Wilson's z²/(n + z²)."""
    return deviations() ** 2 / (n + deviations() ** 2)


def percentiles(replicates: Array, level: float = LEVEL) -> list[float]:
    """Return the ends that enclose a share of the replicates."""
    return [float(end) for end in np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])]


def widened(ends: Sequence[float], value: float, n: int) -> list[float]:
    """Return an interval widened by the change that unseen images could make."""
    share = unseen_share(n)
    return [min(ends[0], value * (1 - share)), max(ends[1], value + share * (1 - value))]


def within(observed: float, lowest: float, highest: float, name: str) -> CheckResult:
    """Compare a random number with its allowed range, which may have zero width."""
    return close(observed, (lowest + highest) / 2, (highest - lowest) / 2 + PRECISION, (name,))


def interval(subject: ImplementationSubject, capability: str, **arguments: Any) -> Array:
    """Return an answer that is an interval, as [low, high]; ``SubjectError`` where its ends are exchanged."""
    ends = numbers(capability, subject.ask(capability, **arguments), (2,))
    if ends[0] > ends[1]:
        raise SubjectError(f"{capability} gave {shown(ends.tolist())}, whose low end is above its high end")
    return ends
