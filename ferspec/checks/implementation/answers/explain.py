"""The likely cause of a wrong answer: the typical mistakes that give the same answer to the same request."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ferspec.causes import OR
from ferspec.checks.implementation.answers.judge import Case, equal, judge_each
from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult, Status

Capability = Callable[..., Any]
# a mistake's description, and a capability that makes it
Mistakes = Mapping[str, Capability]
Same = Callable[[Any, Any], bool]
# the first are the most frequent ones
MOST_CAUSES = 3


def explained(
    finding: CheckResult, observed: Any, mistakes: Mistakes, asked: Mapping[str, Any], same: Same = operator.eq
) -> CheckResult:
    """Return a finding; a failure with the mistakes that give the observed answer to the same request."""
    if finding.status is not Status.FAIL:
        return finding
    causes = [cause for cause, mistaken in mistakes.items() if same(observed, mistaken(**asked))]
    return finding.model_copy(update={"likely": OR.join(causes[:MOST_CAUSES]) or finding.likely})


def near(relative: float = 0.0, absolute: float = 0.0) -> Same:
    """Return a comparison of numbers of one shape within a tolerance."""

    def same(observed: Any, numbers: Any) -> bool:
        return np.shape(observed) == np.shape(numbers) and bool(
            np.allclose(observed, np.asarray(numbers, float), rtol=relative, atol=absolute)
        )

    return same


def answers_to(ask: Callable[[Case], Any], cases: Iterable[Case]) -> list[Any]:
    """Return the answer to each case; ``NotEvaluable`` replaces one that the subject does not offer."""
    answers = []
    for case in cases:
        try:
            answers.append(ask(case))
        except NotEvaluable as refusal:
            answers.append(refusal)
    return answers


def all_equal(
    names: Sequence[str], observed: Sequence[Any], expected: Sequence[Any], mistakes: Mapping[str, Sequence[Any]]
) -> CheckResult:
    """Compare answers that must be the same, and show the first that is not.

    ``mistakes`` has the answers of each cause; the likely cause is the one with the observed answers.
    ``NotEvaluable`` among them is raised where none of the others is wrong.
    """
    given = [place for place, answer in enumerate(observed) if not isinstance(answer, NotEvaluable)]
    likely = next(
        (cause for cause, answers in mistakes.items() if all(answers[place] == observed[place] for place in given)),
        None,
    )

    def compared(place: int) -> CheckResult:
        if isinstance(observed[place], NotEvaluable):
            raise observed[place]
        return equal(observed[place], expected[place], what=names[place], likely=likely)

    return judge_each(compared, range(len(names)))
