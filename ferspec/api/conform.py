"""Judges an implementation of the protocol."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, get_args

from ferspec import spec
from ferspec.api.requests import ConformRequest
from ferspec.api.results.judged import Judged, counted, outcomes_frame
from ferspec.causes import Cause, Departures, Origin, departures, origin
from ferspec.checks.generator import checks_for_implementation
from ferspec.deviations import load_deviations
from ferspec.engine import Check, charged, declared_for, run_checks, selected, unjudged
from ferspec.errors import UserError
from ferspec.outcomes import Judgement, Status
from ferspec.progress import Progress, silent
from ferspec.spec.records import DEFAULT_PROFILE, Profile
from ferspec.subjects.implementations.processes import open_implementation
from ferspec.subjects.implementations.subject import Answering, ImplementationSubject
from ferspec.subjects.time_limit import OF_IMPLEMENTATIONS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Conformance(Judged, Judgement):
    """The judgement of an implementation, its name and the profile it was judged by."""

    stem: ClassVar[str] = "conformance"

    implementation: str
    profile: Profile
    departures: Departures

    def summary(self) -> str:
        """Return the implementation, its verdict, and the counts of outcomes."""
        return f"conformance of {self.implementation}: {self.verdict.replace('_', ' ')}, {counted(self.counts)}"

    @property
    def causes(self) -> tuple[Cause, ...]:
        """The causes of the failures, each with its clauses and checks."""
        return self.departures.causes

    def to_frame(self) -> pd.DataFrame:
        """Return a row per check, with what was observed and expected."""
        return outcomes_frame(self.outcomes)

    def to_json(self) -> str:
        """Return the document that ``ferspec conform --json`` prints."""
        from ferspec.report.documents import conformance_document

        return conformance_document(self, self.implementation, self.profile, self.departures)

    def page(self) -> str:
        """Return every outcome as a page, failures first."""
        from ferspec.report.conformance import summed_up
        from ferspec.report.result_page import render_result

        sentences = (f"profile {self.profile}", counted(self.counts), *summed_up(self.departures, self.profile))
        return render_result(
            "conform", self.implementation, self.verdict, sentences, outcomes=self.outcomes, causes=self.causes
        )


def conform(
    implementation: str | None = None,
    command: str | None = None,
    profile: Profile = DEFAULT_PROFILE,
    deviations: str | Path | None = None,
    select: str = "",
    source: Origin | None = None,
    time_limit: float = OF_IMPLEMENTATIONS,
    progress: Progress = silent,
) -> Conformance:
    """Judge an implementation: ``package.module[:object]``, or a command that speaks JSON lines.

    It runs in a sandbox, and has ``time_limit`` seconds for an answer. What it does not offer is not evaluated, and
    neither is ferspec's own implementation. With ``select`` only the checks run whose id contains it; with ``source``
    only those of clauses that the paper's text, the released ``runs`` or this ``suite`` states, by the profile
    ``paper`` for the text. Only deviations from their clauses count then. ``UserError`` for an implementation that
    cannot be started, and where there is no such check.
    """
    request = ConformRequest(
        implementation=implementation,
        command=command,
        profile=profile,
        deviations=deviations,
        time_limit=time_limit,
        select=select,
        source=source,
    )
    return conform_request(request, progress)


def conform_request(request: ConformRequest, progress: Progress = silent) -> Conformance:
    """Judge the implementation of a request."""
    hint = "'ferspec conform --list' names their clauses"
    profile: Profile = "paper" if request.source == "paper" else request.profile
    checks = stated_by(request.source, selected(checks_for_implementation(), request.select, hint), profile)
    deviations = load_deviations(request.deviations) if request.deviations else ()
    if request.select or request.source:
        deviations = declared_for(checks, deviations)
    with open_implementation(request.implementation, request.command, request.time_limit) as process:
        judgement = run_checks(checks, ImplementationSubject(process, profile), deviations, request.reproduce, progress)
        others = passing_under_the_other(judgement, checks, process, profile)
    judgement = unjudged(charged(judgement, process.strays), process.reference)
    found = departures(judgement.outcomes, {check.id: "".join(check.needs[:1]) for check in checks}, profile, others)
    name = request.implementation or request.command or ""
    return Conformance(judgement.outcomes, judgement.counts, judgement.verdict, name, profile, found)


def stated_by(source: Origin | None, checks: Sequence[Check], profile: Profile) -> tuple[Check, ...]:
    """Return the checks whose clause a source states, or all; ``UserError`` where there are none."""
    found = tuple(check for check in checks if source in (None, origin(spec.load().clause(check.clause), profile)))
    if not found:
        raise UserError(f"none of the selected checks has the source '{source}': leave out -k or --source")
    return found


def passing_under_the_other(
    judgement: Judgement, checks: Iterable[Check], answering: Answering, profile: Profile
) -> set[str]:
    """Return the failed checks that pass under the other profile, where their clauses differ."""
    (other,) = {*get_args(Profile)} - {profile}
    failed = {outcome.check for outcome in judgement.outcomes if outcome.status is Status.FAIL}
    asked = [check for check in checks if check.id in failed and spec.load().clause(check.clause).profiles]
    return {check.id for check in asked if check.run(ImplementationSubject(answering, other)).status is Status.PASS}
