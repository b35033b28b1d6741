"""Compares two documents, or two texts, that must be equal or nearly so."""

from __future__ import annotations

import re
from collections.abc import Callable, Container
from typing import Any

from ferspec import spec
from ferspec.leaves import differing_leaves, is_number
from ferspec.outcomes import CheckResult, Status

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
EDITED = "the document was edited"
PASS = CheckResult(status=Status.PASS)


def first_difference(
    stated: Any, expected: Any, likely: str = EDITED, ignored: Container[str] = frozenset()
) -> CheckResult:
    """Compare two documents leaf by leaf. Fail at the first that differs by more than rounding (FER-X-03).

    ``ignored`` are paths of leaves that another check compares.
    """
    rounding = spec.load().number("FER-X-03", "tolerance")
    for path, left, right in differing_leaves(stated, expected, rounding):
        if path not in ignored:
            return differs(path, left, right, likely)
    return PASS


def differs(path: str, stated: Any, expected: Any, likely: str = EDITED) -> CheckResult:
    """Return a failure: what the document states at a path, and what was expected."""
    return CheckResult(
        status=Status.FAIL,
        observed=f"{path} = {stated}",
        expected=f"{path} = {expected}",
        difference=stated - expected if is_number(stated) and is_number(expected) else None,
        likely=likely,
    )


def same_text(left: Any, right: Any, same_number: Callable[[float, float], bool]) -> bool:
    """Return whether two values are equal, except for numbers that count as the same."""
    if is_number(left) and is_number(right):
        return same_number(left, right)
    if not isinstance(left, str) or not isinstance(right, str):
        return bool(left == right)
    if NUMBER.split(left) != NUMBER.split(right):
        return False
    return all(same_number(*pair) for pair in zip(numbers_in(left), numbers_in(right), strict=True))


def numbers_in(value: Any) -> list[float]:
    """Return the numbers in a text; a number is one itself."""
    return [value] if is_number(value) else [float(number) for number in NUMBER.findall(value or "")]
