"""Attribute a wrong answer to the clauses that it departs from.

Known departures must explain all answers of the capability.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations
from typing import Any

from ferspec.causes import AND, OR
from ferspec.checks.implementation.answers.explain import MOST_CAUSES, Same
from ferspec.errors import NotEvaluable, SubjectError
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.implementations.subject import ImplementationSubject

# departures that are combined
MOST_TOGETHER = 2

Request = Any
Departure = tuple[str, str]
"""The clause of a departure, and its description."""


@dataclass(frozen=True, eq=False)
class Known:
    """The known departures of a capability that several clauses are about.

    ``steps`` are the wrong steps of each clause, by their descriptions; one that breaks several clauses is listed
    under each. ``made`` returns what an implementation with some wrong steps answers, or None if they exclude each
    other. ``requests`` are asked with ``ask`` to find out which departures an implementation has.
    """

    steps: Mapping[str, Mapping[str, Any]]
    made: Callable[[Sequence[Any]], Callable[[Request], Any] | None]
    requests: Sequence[Request]
    ask: Callable[[ImplementationSubject, Request], Any]
    same: Same

    def answer(self, departures: Sequence[Departure], request: Request) -> Any:
        """Return what an implementation with these departures answers."""
        witness = self.made([self.steps[clause][name] for clause, name in departures])
        return None if witness is None else witness(request)


def attributed(
    finding: CheckResult,
    clause: str,
    known: Known,
    subject: ImplementationSubject,
    observed: Any,
    request: Request,
) -> CheckResult:
    """Return a finding; a failure that departures from other clauses explain becomes a pass.

    A failure that the clause's own departures explain names them. Every check that asks for one of ``requests`` must
    compare its answer with the right one, so that each departure fails its own clause.
    """
    if finding.status is not Status.FAIL:
        return finding
    found = explanations(subject, known)
    if not found:
        return finding
    own = [departures for departures in found if _of_clause(departures, clause, known)]
    if not own and known.same(observed, known.answer(found[0], request)):
        others = AND.join(f"{name} ({other})" for other, name in found[0])
        return CheckResult(status=Status.PASS, message=f"as expected, apart from another clause's departure: {others}")
    causes = [AND.join(_that_matter(departures, clause, known, request)) for departures in own]
    return finding.model_copy(update={"likely": OR.join(dict.fromkeys(causes[:MOST_CAUSES]))}) if own else finding


def _of_clause(departures: Sequence[Departure], clause: str, known: Known) -> list[Departure]:
    return [departure for departure in departures if departure[1] in known.steps[clause]]


def _that_matter(departures: Sequence[Departure], clause: str, known: Known, request: Request) -> list[str]:
    """Return the departures from a clause that change an answer, or all of them."""
    own = _of_clause(departures, clause, known)
    answer = known.answer(departures, request)
    matter = [
        departure[1]
        for departure in own
        if not known.same(answer, known.answer([one for one in departures if one != departure], request))
    ]
    return matter or [name for _, name in own]


@lru_cache(maxsize=16)
def explanations(subject: ImplementationSubject, known: Known) -> tuple[tuple[Departure, ...], ...]:
    """Return the fewest departures that explain all answers, in each way that does.

    Empty if the answers are right, or if no one and no two departures explain them.
    """
    answers = []
    for request in known.requests:
        try:
            answers.append((request, known.ask(subject, request)))
        except NotEvaluable:
            continue
        except SubjectError:
            return ()
    departures = list({name: (clause, name) for clause, steps in known.steps.items() for name in steps}.values())
    for together in range(MOST_TOGETHER + 1):
        found = tuple(
            chosen
            for chosen in combinations(departures, together)
            if all(known.same(observed, known.answer(chosen, request)) for request, observed in answers)
        )
        if found:
            return found if together else ()
    return ()


def merged(steps: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the arguments of several steps together; None if two steps set the same one."""
    arguments = dict(chain.from_iterable(step.items() for step in steps))
    return arguments if len(arguments) == sum(map(len, steps)) else None
