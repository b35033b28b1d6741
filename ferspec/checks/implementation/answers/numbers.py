"""A number beside the right one, and beside those that typical mistakes give."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ferspec.checks.implementation.answers.judge import close
from ferspec.checks.implementation.answers.resemble import resembled
from ferspec.outcomes import CheckResult

# what single precision, or printing, may move the end of a range by
TOLERANCE = 1e-5


def compared(
    observed: float, expected: float, tolerance: float, name: str, mistakes: Mapping[str, float] | None = None
) -> CheckResult:
    """Compare a number; ``mistakes`` are the values that typical mistakes give, by what each of them does."""
    given = {said: np.array(value) for said, value in (mistakes or {}).items()}
    return close(observed, expected, tolerance, (name,), resembled(np.array(observed), given, tolerance))


def within(observed: float, lowest: float, highest: float, name: str, likely: str | None = None) -> CheckResult:
    """Compare a number that chance moves with the range in which it may lie, which may have no width."""
    return close(observed, (lowest + highest) / 2, (highest - lowest) / 2 + TOLERANCE, (name,), likely)
