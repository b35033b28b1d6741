"""The judge: runs checks on a subject, collects their outcomes, decides the verdict."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ferspec import spec
from ferspec.errors import NotEvaluable, SubjectError, UserError
from ferspec.outcomes import CheckResult, Counts, Deviation, Judgement, Outcome, Status, Verdict
from ferspec.progress import Progress, silent
from ferspec.spec.records import DEFAULT_PROFILE


class Subject(Protocol):
    """A subject: its capabilities, and the reason why it lacks one."""

    @property
    def capabilities(self) -> frozenset[str]: ...

    def why_missing(self, capability: str) -> str: ...


@dataclass(frozen=True)
class Check:
    """A pure function bound to exactly one clause; several checks of one clause differ in their case.

    ``function`` is called with the subject and ``given``. ``needs`` are the capabilities that the subject must have.
    """

    clause: str
    function: Callable[..., CheckResult]
    needs: tuple[str, ...] = ()
    case: str | None = None
    given: tuple[Any, ...] = ()

    @property
    def id(self) -> str:
        """The clause and the case, such as ``FER-W-02[RAF-DB]``."""
        return self.clause if self.case is None else f"{self.clause}[{self.case}]"

    @property
    def sentence(self) -> str:
        """Clause, title and case: ``FER-W-02 conservative weights are capped at 3 [RAF-DB]``."""
        text = f"{self.clause} {spec.load().clause(self.clause).title}"
        return text if self.case is None else f"{text} [{self.case}]"

    def run(self, subject: Subject) -> CheckResult:
        """Return the result: *not evaluated* for a missing capability, *fail* for a crash of the subject."""
        missing = [need for need in self.needs if need not in subject.capabilities]
        if missing:
            return CheckResult(status=Status.NOT_EVALUATED, message=subject.why_missing(missing[0]))
        try:
            return self.function(subject, *self.given)
        except NotEvaluable as reason:
            return CheckResult(status=Status.NOT_EVALUATED, message=str(reason))
        except SubjectError as crash:
            return CheckResult(status=Status.FAIL, message=str(crash))


def checks_by_case(
    clause: str,
    function: Callable[..., CheckResult],
    cases: Iterable[Any] | Mapping[str, tuple[Any, ...]],
    needs: tuple[str, ...] = (),
) -> tuple[Check, ...]:
    """Return one check of a clause for each case.

    ``cases`` maps names of cases to the arguments of the function; or lists arguments, each of which is also the name.
    """
    named = cases if isinstance(cases, Mapping) else {str(case): (case,) for case in cases}
    return tuple(Check(clause, function, needs, name, given) for name, given in named.items())


DEVIATIONS_CHECK = "deviations"
PROCESS_CHECK = "process"
REFERENCE_CHECK = "reference"


def outcome_of(check: Check, subject: Subject, reproduce: str | None = None) -> Outcome:
    """Run one check, and add its clause's title and place in the paper."""
    clause = spec.load().clause(check.clause)
    finding = check.run(subject)
    command = f"{reproduce} -k {shlex.quote(check.id)}" if reproduce and finding.status is not Status.PASS else None
    title = clause.title_under(getattr(subject, "profile", DEFAULT_PROFILE))
    return Outcome(
        **dict(finding), check=check.id, clause=clause.id, title=title, place=clause.place, reproduce=command
    )


def selected(checks: Iterable[Check], select: str, hint: str = "") -> tuple[Check, ...]:
    """Return the checks whose id contains a text.

    ``UserError`` where there are none: it lists the ids, or gives the ``hint``.
    """
    every = tuple(checks)
    found = tuple(check for check in every if select in check.id)
    if not found:
        known = hint or f"they are {', '.join(check.id for check in every)}"
        raise UserError(f"no check's id contains '{select}': {known}")
    return found


def declared_for(checks: Iterable[Check], deviations: Iterable[Deviation]) -> tuple[Deviation, ...]:
    """Return the deviations from the clauses of these checks."""
    clauses = {check.clause for check in checks}
    return tuple(deviation for deviation in deviations if deviation.clause in clauses)


def run_checks(
    checks: Sequence[Check],
    subject: Subject,
    deviations: Iterable[Deviation] = (),
    reproduce: str | None = None,
    progress: Progress = silent,
) -> Judgement:
    """Run checks on a subject and decide the verdict; ``reproduce`` is the command that runs them again."""
    outcomes = []
    for done, check in enumerate(checks, start=1):
        outcomes.append(outcome_of(check, subject, reproduce))
        progress("checking", done, len(checks))
    return judge([check.id for check in checks], outcomes, deviations)


def judge(planned: Iterable[str], collected: Iterable[Outcome], deviations: Iterable[Deviation] = ()) -> Judgement:
    """Decide the verdict from outcomes only.

    ``planned`` are the ids of all checks that had to run: one without an outcome, or with two, is a defect of the
    judge and raises ``RuntimeError``. A failure whose clause has a declared deviation is a declared one and does not
    fail the subject; a deviation that matches no planned check, or whose clause does not fail, is itself a failure.
    """
    planned, collected, deviations = list(planned), list(collected), list(deviations)
    if Counter(planned) != Counter(outcome.check for outcome in collected):
        stray = set(planned) ^ {outcome.check for outcome in collected}
        raise RuntimeError(f"planned checks and outcomes differ: {sorted(stray) or 'a check has two outcomes'}")
    settled = [settle(outcome, deviations) for outcome in collected]
    settled += unused(deviations, settled)
    return Judgement(tuple(settled), count(settled), verdict_of(settled))


def settle(outcome: Outcome, deviations: Iterable[Deviation]) -> Outcome:
    """Return the outcome; a declared failure gets its deviation."""
    if outcome.status is Status.FAIL:
        for deviation in deviations:
            if deviation.clause == outcome.clause and may_be_declared(outcome.clause):
                return outcome.model_copy(update={"declared": deviation})
    return outcome


def may_be_declared(clause: str) -> bool:
    """Return whether a deviation from a clause may be declared: not where the metrics would then say nothing."""
    return bool(spec.load().clause(clause).values.get("may_be_declared", True))


def unused(deviations: Iterable[Deviation], settled: Iterable[Outcome]) -> list[Outcome]:
    """Return a failure for every deviation that covers no failure."""
    used = [outcome.declared for outcome in settled if outcome.declared]
    return [
        Outcome(
            check=f"{DEVIATIONS_CHECK}[{deviation.clause}]",
            clause=deviation.clause,
            title="every declared deviation covers a failure",
            place="declared deviations",
            status=Status.FAIL,
            observed="no failure of this clause",
            expected=f"a failure ({deviation.category}: {deviation.reason})",
            likely="the deviation is out of date, or names the wrong clause: remove or correct its entry",
        )
        for deviation in deviations
        if deviation not in used
    ]


def charged(judgement: Judgement, strays: Iterable[str]) -> Judgement:
    """Return the judgement with one more failure, for faults outside all checks."""
    outcomes = (*judgement.outcomes, *out_of_turn(strays))
    return Judgement(outcomes, count(outcomes), verdict_of(outcomes))


def out_of_turn(strays: Iterable[str]) -> list[Outcome]:
    """Return a failure that lists faults between answers or after the last one."""
    strays = list(strays)
    if not strays:
        return []
    return [
        Outcome(
            check=PROCESS_CHECK,
            clause=PROCESS_CHECK,
            title="writes only answers and stays ready for the next request",
            place="answers over JSON lines",
            status=Status.FAIL,
            message=" | ".join(strays),
            likely="an earlier request caused it, after its own check had ended",
        )
    ]


def unjudged(judgement: Judgement, reference: str | None) -> Judgement:
    """Add an outcome for answers of the module ``reference``. The verdict is then never *pass*."""
    outcomes = (*judgement.outcomes, *of_the_reference(reference))
    return Judgement(outcomes, count(outcomes), verdict_of(outcomes))


def of_the_reference(reference: str | None) -> list[Outcome]:
    """Return an outcome, *not evaluated*, if answers come from a module of ferspec's own reference."""
    if reference is None:
        return []
    return [
        Outcome(
            check=REFERENCE_CHECK,
            clause=REFERENCE_CHECK,
            title="is another implementation than ferspec's own",
            place="the subject",
            status=Status.NOT_EVALUATED,
            message=f"the subject is the reference: it uses {reference}, which the checks compare with",
        )
    ]


def count(collected: Iterable[Outcome]) -> Counts:
    """Count outcomes by status."""
    collected = list(collected)
    tally = Counter(outcome.status for outcome in collected)
    return Counts(
        planned=len(collected),
        passed=tally[Status.PASS],
        fail=tally[Status.FAIL],
        inconclusive=tally[Status.INCONCLUSIVE],
        not_evaluated=tally[Status.NOT_EVALUATED],
        declared=sum(outcome.declared is not None for outcome in collected),
    )


def verdict_of(collected: Iterable[Outcome]) -> Verdict:
    """Return the worst verdict of the undeclared outcomes: fail, inconclusive, pass, not evaluated.

    The reference itself is never better than *not evaluated*.
    """
    collected = list(collected)
    statuses = {outcome.status for outcome in collected if outcome.declared is None}
    if Status.FAIL in statuses:
        return "fail"
    if any(outcome.check == REFERENCE_CHECK for outcome in collected):
        return "not_evaluated"
    if Status.INCONCLUSIVE in statuses:
        return "inconclusive"
    return "pass" if Status.PASS in statuses else "not_evaluated"
