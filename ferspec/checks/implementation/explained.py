"""Several answers compared at once, with the one mistake that explains all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferspec.checks.implementation.answers import equal, first_failure
from ferspec.engine import Finding


def all_equal(
    names: Sequence[str], observed: Sequence[Any], expected: Sequence[Any], mistakes: Mapping[str, Sequence[Any]]
) -> Finding:
    """Compare answers that must be the same, and show the first that is not.

    ``mistakes`` holds for each cause the answers that it would give: likely is the one that gives those observed.
    """
    likely = next((cause for cause, answers in mistakes.items() if list(answers) == list(observed)), None)
    compared = zip(names, observed, expected, strict=True)
    return first_failure([equal(given, right, what=name, likely=likely) for name, given, right in compared])
