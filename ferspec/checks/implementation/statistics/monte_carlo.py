"""How far chance may move the ends of an interval that is drawn, and the answers that are intervals.

A bootstrap of another random stream gives other numbers. Of B replicates, the share that lies below the true quantile
of level q has the standard error √(q(1 - q)/B), whatever the figure and however skewed or coarse its distribution. So
an end is held between two quantiles of the reference's own replicates, whose levels lie ``SURE`` standard errors, those
of both streams together, below and above q: a right implementation fails about once in a million ends.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.judge import numbers, shown
from ferspec.errors import SubjectError
from ferspec.subjects.implementations.subject import ImplementationSubject

SURE = 5.0


def level() -> float:
    """Return the confidence level of the protocol (FER-Z-01)."""
    return spec.load().number("FER-Z-01", "level")


def error_of_level(more: float = math.inf) -> float:
    """Return how far, in level, an end may lie from that of another stream of ``more`` times as many replicates.

    Without end many of them are a quantile known in closed form.
    """
    tail, replicates = (1 - level()) / 2, spec.load().integer("FER-Z-03", "replicates")
    return SURE * math.sqrt(tail * (1 - tail) / replicates * (1 + 1 / more))


def unseen_share(n: int) -> float:
    """Return the largest share still compatible with none of n images: Wilson's upper end, z²/(n + z²)."""
    z = NormalDist().inv_cdf((1 + level()) / 2)
    return z**2 / (n + z**2)


def interval(subject: ImplementationSubject, capability: str, **arguments: Any) -> np.ndarray:
    """Return an answer that is an interval, as [low, high]; ``SubjectError`` where its ends are exchanged."""
    ends = numbers(capability, subject.ask(capability, **arguments), (2,))
    if ends[0] > ends[1]:
        raise SubjectError(f"{capability} gave {shown(ends.tolist())}, whose low end is above its high end")
    return ends
