"""Judges an implementation of the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ferspec.api.requests import ConformRequest
from ferspec.api.results.judged import Judged, counted, outcomes_frame
from ferspec.checks.generator import checks_for_implementation
from ferspec.deviations import load_deviations
from ferspec.engine import charged, declared_for, run_checks, selected, unjudged
from ferspec.outcomes import Judgement
from ferspec.progress import Progress, silent
from ferspec.spec.records import DEFAULT_PROFILE, Profile
from ferspec.subjects.implementations.processes import open_implementation
from ferspec.subjects.implementations.subject import ImplementationSubject
from ferspec.subjects.time_limit import OF_IMPLEMENTATIONS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Conformance(Judged, Judgement):
    """The judgement of an implementation, its name and the profile it was judged by."""

    stem: ClassVar[str] = "conformance"

    implementation: str
    profile: Profile

    def summary(self) -> str:
        """Return the implementation, its verdict, and the counts of outcomes."""
        return f"conformance of {self.implementation}: {self.verdict.replace('_', ' ')}, {counted(self.counts)}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per check, with what was observed and expected."""
        return outcomes_frame(self.outcomes)

    def to_json(self) -> str:
        """Return the document that ``ferspec conform --json`` prints."""
        from ferspec.report.documents import conformance_document

        return conformance_document(self, self.implementation, self.profile)

    def page(self) -> str:
        """Return every outcome as a page, failures first."""
        from ferspec.report.result_page import render_result

        sentences = (f"profile {self.profile}", counted(self.counts))
        return render_result("conform", self.implementation, self.verdict, sentences, outcomes=self.outcomes)


def conform(
    implementation: str | None = None,
    command: str | None = None,
    profile: Profile = DEFAULT_PROFILE,
    deviations: str | Path | None = None,
    select: str = "",
    time_limit: float = OF_IMPLEMENTATIONS,
    progress: Progress = silent,
) -> Conformance:
    """Judge an implementation: ``package.module[:object]``, or a command that speaks JSON lines.

    It runs in a sandbox, and has ``time_limit`` seconds for an answer. What it does not offer is not evaluated, and
    neither is ferspec's own implementation. With ``select`` only the checks run whose id contains it, and only
    deviations from their clauses count. ``UserError`` for an implementation that cannot be started, and where there is
    no such check.
    """
    request = ConformRequest(
        implementation=implementation,
        command=command,
        profile=profile,
        deviations=deviations,
        time_limit=time_limit,
        select=select,
    )
    return conform_request(request, progress)


def conform_request(request: ConformRequest, progress: Progress = silent) -> Conformance:
    """Judge the implementation of a request."""
    hint = "'ferspec conform --list' names their clauses"
    checks = selected(checks_for_implementation(), request.select, hint)
    deviations = load_deviations(request.deviations) if request.deviations else ()
    if request.select:
        deviations = declared_for(checks, deviations)
    with open_implementation(request.implementation, request.command, request.time_limit) as process:
        subject = ImplementationSubject(process, request.profile)
        judgement = run_checks(checks, subject, deviations, request.reproduce, progress)
    judgement = unjudged(charged(judgement, process.strays), process.reference)
    name = request.implementation or request.command or ""
    return Conformance(judgement.outcomes, judgement.counts, judgement.verdict, name, request.profile)
