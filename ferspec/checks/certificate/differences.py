"""Compares two documents that must be equal."""

from __future__ import annotations

from typing import Any

from ferspec import spec
from ferspec.leaves import differing_leaves, is_number
from ferspec.outcomes import CheckResult, Status


def first_difference(stated: Any, expected: Any, likely: str = "the document was edited") -> CheckResult:
    """Compare two documents leaf by leaf. Fail at the first that differs by more than rounding (FER-X-03)."""
    rounding = spec.load().number("FER-X-03", "tolerance")
    for path, left, right in differing_leaves(stated, expected, rounding):
        return CheckResult(
            status=Status.FAIL,
            observed=f"{path} = {left}",
            expected=f"{path} = {right}",
            difference=left - right if is_number(left) and is_number(right) else None,
            likely=likely,
        )
    return CheckResult(status=Status.PASS)
