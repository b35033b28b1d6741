"""Whether the intervals of groups are simultaneous (FER-Z-13)."""

from __future__ import annotations

from ferspec.checks.implementation.answers.explain import explained
from ferspec.checks.implementation.answers.judge import close, equal, first_failure, numbers, rows
from ferspec.checks.implementation.statistics import inputs
from ferspec.checks.implementation.statistics.mistakes import groups as mistakes
from ferspec.checks.implementation.statistics.mistakes.groups import exact, sidak
from ferspec.engine import Check, checks_by_case
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

TOLERANCE = 1e-5


def hold_together(subject: ImplementationSubject, name: str) -> CheckResult:
    """The intervals are Clopper and Pearson's, at a level for all groups together.

    It is 0.95^(1/k) for k groups of at least 30 images. Smaller groups have none.
    """
    right, images = inputs.GROUPS[name]
    asked = {"right": right, "images": images}
    answer = rows("group_intervals", subject.ask("group_intervals", **asked), len(images))
    expected = mistakes.intervals(exact, sidak)(**asked)
    evaluated = [ends is not None for ends in expected]
    found = [equal([ends is not None for ends in answer], evaluated, f"groups with an interval, of {name}")]
    for place, (ends, known) in enumerate(zip(answer, expected, strict=True)):
        if ends is not None and known is not None:
            which = [f"{end} end for {right[place]} of {images[place]} right, among {name}" for end in ("low", "high")]
            found.append(close(numbers("group_intervals", ends, (2,)), known, TOLERANCE, which))
    return explained(first_failure(found), answer, mistakes.GROUPS, asked, mistakes.same)


CHECKS: tuple[Check, ...] = checks_by_case("FER-Z-13", hold_together, list(inputs.GROUPS), needs=("group_intervals",))
