"""Several answers compared at once, with the one mistake that explains all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ferspec.checks.implementation.answers.judge import Case, equal, judge_each
from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult


def answers_to(ask: Callable[[Case], Any], cases: Iterable[Case]) -> list[Any]:
    """Return the answer to each case, and ``NotEvaluable`` in the place of one that the subject does not offer."""
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

    ``mistakes`` holds for each cause the answers that it would give: likely is the one that gives those observed.
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
