"""Checks on ranking many models with ties (FER-Z-11)."""

from __future__ import annotations

from ferspec.checks.implementation.answers.explain import explained
from ferspec.checks.implementation.answers.judge import equal, field, numbers, rows
from ferspec.checks.implementation.statistics import inputs
from ferspec.checks.implementation.statistics.mistakes.ranking import RANKINGS
from ferspec.engine import Check, checks_by_case
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

PLACE = ("group", "best_rank", "worst_rank")


def are_ranked_in_groups_of_ties(subject: ImplementationSubject, name: str) -> CheckResult:
    """Group 1 has the models that none beats at 0.05 after Holm's correction.

    The correction is over all pairs of models.
    """
    asked, expected = inputs.ranked(name), inputs.RANKED[name].places
    answer = rows("tie_groups", subject.ask("tie_groups", **asked), len(expected))
    observed = [[int(numbers("tie_groups", field("tie_groups", one, key), ())) for key in PLACE] for one in answer]
    found = equal(observed, [list(place) for place in expected], f"group, best and worst rank of {name}")
    return explained(
        found, observed, RANKINGS, asked, lambda own, other: bool(own == [[one[key] for key in PLACE] for one in other])
    )


CHECKS: tuple[Check, ...] = checks_by_case(
    "FER-Z-11", are_ranked_in_groups_of_ties, list(inputs.RANKED), needs=("tie_groups",)
)
