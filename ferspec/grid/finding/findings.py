"""Recomputes the paper's statements about the grid from any set of trained cells (FER-F)."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from ferspec import spec
from ferspec.grid.bands.spread import spread
from ferspec.grid.cells import SYNTHETIC, find_cell
from ferspec.grid.finding.effects import BALANCING, Measured, replicated_dataset
from ferspec.grid.finding.outcomes import Estimate, Judge, Outcome
from ferspec.grid.finding.questions import Contrast, Difference, Question, Reaching, question_of
from ferspec.grid.judging.results import Result
from ferspec.records import Record
from ferspec.required import required
from ferspec.spec.records import DEFAULT_PROFILE, Cell, Clause, Profile


class Finding(Record):
    """One statement of the paper about one metric, and its outcome for the given cells.

    ``stated`` is the paper's statement in short, ``reason`` explains the outcome, ``cautions`` limit the conclusion.
    ``estimate`` is None if nothing could be computed. ``Judged`` defines the outcomes.
    """

    clause: str
    title: str
    place: str
    figure: str | None = None
    stated: str = ""
    estimate: Estimate | None = None
    outcome: Outcome
    reason: str
    cautions: tuple[str, ...] = ()


class Findings(Record):
    """All findings from a set of ``trainings``; ``left_out`` more were skipped, counted by reason."""

    profile: Profile
    trainings: int
    left_out: int
    why_left_out: dict[str, int] = Field(default_factory=dict)
    findings: tuple[Finding, ...]

    def count(self, outcome: Outcome) -> int:
        """Return the number of findings with an outcome."""
        return sum(finding.outcome == outcome for finding in self.findings)


def findings(results: Iterable[Result], profile: Profile = DEFAULT_PROFILE) -> Findings:
    """Judge every statement of FER-F by the results of trainings, metric by metric.

    The mean over several trainings of a cell is used. Trainings that contradict themselves, are unfinished, declare
    deviations, followed another profile or used synthetic faces are skipped. The noise is that of the published
    replicates under the profile. ``UserError`` for an unknown cell. Source: FER-F-01.
    """
    results = tuple(results)
    reasons = [why_skipped(result, profile) for result in results]
    used = [result for result, reason in zip(results, reasons, strict=True) if reason is None]
    skipped = Counter(reason for reason in reasons if reason is not None)
    clauses = [clause for clause in spec.load().select("F") if clause.source == "paper"]
    questions = {clause.id: question_of(clause) for clause in clauses if clause.status != "untestable"}
    figures = {figure for question in questions.values() for figure in question.figures}
    judges = {figure: judge_of(used, figure, profile) for figure in figures}
    judged = tuple(finding for clause in clauses for finding in _findings_of(clause, questions.get(clause.id), judges))
    return Findings(
        profile=profile, trainings=len(used), left_out=skipped.total(), why_left_out=dict(skipped), findings=judged
    )


def judge_of(results: Iterable[Result], figure: str, profile: Profile) -> Judge:
    """Return what judges statements about one metric by the results of trainings."""
    return Judge(figure, _measured(results, figure, profile), _freedom(figure, profile))


def why_skipped(result: Result, profile: Profile) -> str | None:
    """Return why a training is skipped, or None if it counts."""
    if result.problems:
        return "that contradict themselves"
    if not result.complete:
        return "unfinished"
    if result.deviations:
        return "deviating"
    if result.profile not in (None, profile):
        return f"by the profile {result.profile}"
    return SYNTHETIC if find_cell(result.cell).dataset == SYNTHETIC else None


def _findings_of(clause: Clause, question: Question | None, judges: Mapping[str, Judge]) -> Iterator[Finding]:
    said: dict[str, Any] = {"clause": clause.id, "title": clause.title, "place": clause.place}
    if question is None:
        yield Finding(**said, outcome="not evaluated", reason=required(clause.reason))
        return
    own = (str(clause.notes["caution"]),) if "caution" in clause.notes else ()
    for figure in question.figures:
        judged = judges[figure].judge(question)
        stated, cautions = _stated(question, figure), _cautions(question)
        yield Finding(**said, figure=figure, stated=stated, cautions=(*own, *cautions), **dict(judged))


def _measured(results: Iterable[Result], figure: str, profile: Profile) -> dict[str, Measured]:
    """Return one known metric of every cell, as the mean over its trainings."""
    values: dict[str, list[float]] = {}
    for result in results:
        if (value := getattr(result.figures, figure)) is not None:
            values.setdefault(find_cell(result.cell).id, []).append(value)
    return {id: _mean(find_cell(id), figure, runs, profile) for id, runs in values.items()}


def _mean(cell: Cell, figure: str, runs: Sequence[float], profile: Profile) -> Measured:
    variance = spread(figure, cell.resolution, profile).sd ** 2 / len(runs)
    return Measured(cell, statistics.fmean(runs), variance)


def _freedom(figure: str, profile: Profile) -> int:
    """Return the degrees of freedom of the spread, at the resolution with fewer replicates."""
    resolutions = spec.load().integers("FER-G-02", "resolutions")
    return min(spread(figure, resolution, profile).pairs for resolution in resolutions)


def _stated(question: Question, figure: str) -> str:
    """Return in short the paper's statement about a metric."""
    match question:
        case Difference(at_most=float(bound)):
            return f"higher, by up to {bound:g}"
        case Difference() if (amount := question.amount(figure)) is not None:
            return f"about {amount:+.0%}" if question.relative else f"about {amount:+g}"
        case Difference():
            return "higher"
        case Contrast():
            return "more"
        case Reaching():
            return f"above {question.above:g}"
    return "the best" if question.first == 1 else f"the {question.first} best"


def _cautions(question: Question) -> tuple[str, ...]:
    if isinstance(question, Difference | Contrast) and question.worse.startswith(BALANCING):
        return (f"{replicated_dataset()} is skipped: both balancings give the same weights there, its pairs the noise",)
    return ()
