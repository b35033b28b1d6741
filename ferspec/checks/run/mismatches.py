"""Collects the mismatches that a check of several points finds into one result."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ferspec.outcomes import CheckResult, Status


@dataclass(frozen=True)
class Mismatch:
    """One point that is not as expected, with likely cause and difference where known."""

    observed: str
    expected: str
    likely: str | None = None
    difference: float | None = None


def result_of(mismatches: Iterable[Mismatch], observed: str) -> CheckResult:
    """Return a failure that describes the first mismatch and counts the others, or a pass."""
    mismatches = list(mismatches)
    if not mismatches:
        return CheckResult(status=Status.PASS, observed=observed)
    first, others = mismatches[0], len(mismatches) - 1
    finite = first.difference is not None and math.isfinite(first.difference)
    return CheckResult(
        status=Status.FAIL,
        message=f"{others} more of this kind" if others else "",
        observed=first.observed,
        expected=first.expected,
        difference=first.difference if finite else None,
        likely=first.likely,
    )
