"""Whether the test martingale decides claims while images are asked (FER-Z-14)."""

from __future__ import annotations

from ferspec.checks.implementation.answers.explain import explained
from ferspec.checks.implementation.answers.judge import equal, field
from ferspec.checks.implementation.statistics import inputs
from ferspec.checks.implementation.statistics.mistakes import sequential as mistakes
from ferspec.engine import Check, checks_by_case
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject


def is_decided_by_the_martingale(subject: ImplementationSubject, name: str) -> CheckResult:
    """The side whose mixture of likelihood ratios reaches 40 first decides; until then there is no decision.

    The alternatives lie 2, 5, 10 and 20 points from the threshold, with weights of 0.1, 0.45, 0.35 and 0.1.
    """
    outcomes, threshold = inputs.SEQUENCES[name]
    asked = {"outcomes": list(outcomes), "threshold": threshold}
    answer = subject.ask("sequential_decision", **asked)
    observed = {key: field("sequential_decision", answer, key) for key in ("side", "after")}
    found = equal(observed, mistakes.by_martingale()(**asked), f"decision on {name}")
    return explained(found, observed, mistakes.DECISIONS, asked)


CHECKS: tuple[Check, ...] = checks_by_case(
    "FER-Z-14", is_decided_by_the_martingale, list(inputs.SEQUENCES), needs=("sequential_decision",)
)
