"""Compares a share with a threshold, with an error that holds whenever one stops."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ferspec import spec

CLAUSE = "FER-Z-14"


@dataclass(frozen=True)
class Decision:
    """The side of the threshold on which the share lies, and after how many outcomes."""

    side: Literal["above", "below"]
    after: int


def decide(outcomes: np.ndarray, threshold: float, error: float) -> Decision | None:
    """Return the side of a threshold on which a share lies, None while undecided (FER-Z-14).

    ``outcomes`` (n,) are booleans in the order asked, ``threshold`` lies between 0 and 1, and ``error`` is the
    probability of a wrong decision on either side, whenever one stops.
    """
    above = evidence(outcomes, threshold)
    below = evidence(~outcomes, 1 - threshold)
    decided = np.flatnonzero(np.maximum(above, below) >= -math.log(error))
    if not len(decided):
        return None
    first = int(decided[0])
    return Decision("above" if above[first] >= below[first] else "below", first + 1)


def evidence(outcomes: np.ndarray, threshold: float) -> np.ndarray:
    """Return the log of the test martingale for a share above a threshold (n,)."""
    distances, weights = (np.array(spec.load().value(CLAUSE, name), float) for name in ("distances", "weights"))
    shares = threshold + np.minimum(distances, (1 - threshold) / 2)
    right = np.cumsum(outcomes)[:, None]
    wrong = np.arange(1, len(outcomes) + 1)[:, None] - right
    ratios = right * np.log(shares / threshold) + wrong * np.log((1 - shares) / (1 - threshold))
    return np.asarray(np.logaddexp.reduce(ratios + np.log(weights / weights.sum()), axis=1))
