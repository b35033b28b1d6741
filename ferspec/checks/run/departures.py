"""What a check of several points finds: the first that departs, and how many more do."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ferspec.outcomes import CheckResult, Status


@dataclass(frozen=True)
class Departure:
    """One point that is not as it must be: what it is, what it must be, by how much, and the likely cause."""

    observed: str
    expected: str
    likely: str | None = None
    difference: float | None = None


def finding(departures: Iterable[Departure], as_it_is: str) -> CheckResult:
    """Return a failure that tells the first departure and counts the others, or a pass that says how things are."""
    found = list(departures)
    if not found:
        return CheckResult(status=Status.PASS, observed=as_it_is)
    first, others = found[0], len(found) - 1
    apart = first.difference
    return CheckResult(
        status=Status.FAIL,
        message=f"{others} more of this kind" if others else "",
        observed=first.observed,
        expected=first.expected,
        difference=apart if apart is not None and math.isfinite(apart) else None,
        likely=first.likely,
    )
