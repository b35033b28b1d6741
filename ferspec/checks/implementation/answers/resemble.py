"""Find the typical mistake that gives the same numbers as an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ferspec.checks.implementation.answers.judge import close
from ferspec.outcomes import CheckResult


def resembled(observed: npt.NDArray[Any], mistakes: Mapping[str, npt.NDArray[Any]], tolerance: float) -> str | None:
    """Return the first mistake with the observed numbers and shape, or None."""
    for name, numbers in mistakes.items():
        if numbers.shape == observed.shape and np.abs(numbers - observed).max() <= tolerance:
            return name
    return None


def compared(
    observed: float, expected: float, tolerance: float, name: str, mistakes: Mapping[str, float]
) -> CheckResult:
    """Compare a number; ``mistakes`` has the numbers of typical mistakes, by their descriptions."""
    given = {cause: np.array(value) for cause, value in mistakes.items()}
    return close(observed, expected, tolerance, (name,), resembled(np.array(observed), given, tolerance))
