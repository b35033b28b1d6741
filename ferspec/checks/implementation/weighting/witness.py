"""The rules of class weights, typed from the paper (FER-W-01, FER-W-02)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

# paper, Section 3.4
CAP = 3

Array = npt.NDArray[Any]
Rule = Callable[[Array], Any]


def simple(counts: Array) -> Array:
    """Return the count of the largest class over the count of each class."""
    return np.asarray(counts.max() / counts)


def conservative(counts: Array) -> Array:
    """Return the simple weights, none above the cap."""
    return np.minimum(simple(counts), CAP)


RULES: dict[str, Rule] = {"simple": simple, "conservative": conservative}
