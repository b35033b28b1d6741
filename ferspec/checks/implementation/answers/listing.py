"""A list of names that must be complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ferspec.outcomes import CheckResult, Status

# names that fit into a line
MOST_LISTED = 4


def complete(names: Iterable[str], wanted: Iterable[str], stated: int, noun: str) -> CheckResult:
    """Compare names, in any order, with those wanted and their stated number; show what is missing or extra."""
    found, expected = Counter(names), Counter(wanted)
    total, lacking, spare = found.total(), expected - found, found - expected
    return CheckResult(
        status=Status.PASS if found == expected and total == stated else Status.FAIL,
        observed=f"{total} {noun}{_listed(', without', lacking)}{_listed(', besides', spare)}",
        expected=f"{stated} {noun}",
        difference=(total - stated) or None,
    )


def _listed(word: str, names: Counter[str]) -> str:
    more = f" and {names.total() - MOST_LISTED} more" if names.total() > MOST_LISTED else ""
    return f"{word} {', '.join(sorted(names.elements())[:MOST_LISTED])}{more}" if names else ""
