"""How far chance may move the ends of an interval that is drawn, and the answers that are intervals.

A bootstrap of another random stream gives other numbers. Of B replicates, the share that lies below the true quantile
of level q has the standard error √(q(1 - q)/B), whatever the metric and however skewed or coarse its distribution. So
an end is held between two quantiles of the reference's own replicates, whose levels lie ``SURE`` standard errors, those
of both streams together, below and above q: a right implementation fails about once in a million ends.
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
# what single precision, or printing, may move the end of a range by
PRECISION = 1e-5


def deviations(level: float = LEVEL) -> float:
    """Return how many standard deviations an interval of a level reaches to either side."""
    return NormalDist().inv_cdf((1 + level) / 2)


def error_of_level(more: float = math.inf) -> float:
    """Return how far, in level, an end may lie from that of another stream of ``more`` times as many replicates.

    Without end many of them are a quantile known in closed form.
    """
    return SURE * math.sqrt(TAIL * (1 - TAIL) / REPLICATES * (1 + 1 / more))


def unseen_share(n: int) -> float:
    """Return the largest share still compatible with none of n images: Wilson's upper end, z²/(n + z²)."""
    return deviations() ** 2 / (n + deviations() ** 2)


def percentiles(replicates: Array, level: float = LEVEL) -> list[float]:
    """Return the ends that enclose a share of the replicates."""
    return [float(end) for end in np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])]


def widened(ends: Sequence[float], value: float, n: int) -> list[float]:
    """Return an interval that ends no nearer than what the share of images unseen could change."""
    share = unseen_share(n)
    return [min(ends[0], value * (1 - share)), max(ends[1], value + share * (1 - value))]


def within(observed: float, lowest: float, highest: float, name: str) -> CheckResult:
    """Compare a number that chance moves with the range in which it may lie, which may have no width."""
    return close(observed, (lowest + highest) / 2, (highest - lowest) / 2 + PRECISION, (name,))


def interval(subject: ImplementationSubject, capability: str, **arguments: Any) -> Array:
    """Return an answer that is an interval, as [low, high]; ``SubjectError`` where its ends are exchanged."""
    ends = numbers(capability, subject.ask(capability, **arguments), (2,))
    if ends[0] > ends[1]:
        raise SubjectError(f"{capability} gave {shown(ends.tolist())}, whose low end is above its high end")
    return ends
