"""The paper's statements about the grid, recomputed from any set of trained cells (FER-F)."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import Field

from ferspec import spec
from ferspec.grid.bands.spread import spread
from ferspec.grid.cells import SYNTHETIC, find_cell
from ferspec.grid.findings.effects import BALANCING, Measured, replicated_dataset
from ferspec.grid.findings.outcomes import Estimate, Judge, Outcome
from ferspec.grid.findings.questions import Contrast, Difference, Question, Reaching, question_of
from ferspec.grid.judging.results import Result
from ferspec.records import Record
from ferspec.spec.records import DEFAULT_PROFILE, Cell, Clause, Profile


class Finding(Record):
    """One statement of the paper about one figure, and what the cells say of it.

    ``stated`` is what the paper says of that figure, in short; ``reason`` why the outcome is what it is; ``cautions``
    what it leaves open. Without ``estimate`` nothing could be computed. The outcomes are defined at ``Judged``.
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
    """All findings from a set of trainings, how many more of them were ``left_out``, and how many for each reason."""

    profile: Profile
    trainings: int
    left_out: int
    why_left_out: dict[str, int] = Field(default_factory=dict)
    findings: tuple[Finding, ...]

    def count(self, outcome: Outcome) -> int:
        """Return how many findings have an outcome."""
        return sum(finding.outcome == outcome for finding in self.findings)


def findings(results: Iterable[Result], profile: Profile = DEFAULT_PROFILE) -> Findings:
    """Return what trainings say of every statement of FER-F, figure by figure, in the order of the clauses.

    Several trainings of a cell count by their mean. Left out are those that contradict themselves, have not finished,
    declare deviations, were trained by another profile, or on synthetic faces. The noise is that of the published
    replicates as the profile reads them. ``UserError`` for an unknown cell. Source: FER-F-01.
    """
    given = tuple(results)
    reasons = [_why_left_out(result, profile) for result in given]
    used = [result for result, reason in zip(given, reasons, strict=True) if reason is None]
    left_out = Counter(reason for reason in reasons if reason is not None)
    clauses = [clause for clause in spec.load().select("F") if clause.source == "paper"]
    questions = {clause.id: question_of(clause) for clause in clauses if clause.status != "untestable"}
    figures = {figure for question in questions.values() for figure in question.figures}
    judges = {figure: Judge(figure, _measured(used, figure, profile), _freedom(figure, profile)) for figure in figures}
    found = tuple(finding for clause in clauses for finding in _findings_of(clause, questions.get(clause.id), judges))
    return Findings(
        profile=profile, trainings=len(used), left_out=left_out.total(), why_left_out=dict(left_out), findings=found
    )


def _why_left_out(result: Result, profile: Profile) -> str | None:
    """Return why a training does not count, or None for one that does."""
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
    said = {"clause": clause.id, "title": clause.title, "place": clause.place}
    if question is None:
        yield Finding(**said, outcome="not evaluated", reason=clause.reason)
        return
    own = (str(clause.notes["caution"]),) if "caution" in clause.notes else ()
    for figure in question.figures:
        judged = judges[figure].judge(question)
        stated, cautions = _stated(question, figure), _cautions(question)
        yield Finding(**said, figure=figure, stated=stated, cautions=(*own, *cautions), **dict(judged))


def _measured(results: Iterable[Result], figure: str, profile: Profile) -> dict[str, Measured]:
    """Return one figure of every cell where it is known, the mean over its trainings."""
    values: dict[str, list[float]] = {}
    for result in results:
        if (value := getattr(result.figures, figure)) is not None:
            values.setdefault(find_cell(result.cell).id, []).append(value)
    return {id: _mean(find_cell(id), figure, runs, profile) for id, runs in values.items()}


def _mean(cell: Cell, figure: str, runs: Sequence[float], profile: Profile) -> Measured:
    variance = spread(figure, cell.resolution, profile).sd ** 2 / len(runs)
    return Measured(cell, statistics.fmean(runs), variance)


def _freedom(figure: str, profile: Profile) -> int:
    """Return the degrees of freedom of the spread, at the resolution that has fewer replicates."""
    resolutions = spec.load().integers("FER-G-02", "resolutions")
    return min(spread(figure, resolution, profile).pairs for resolution in resolutions)


def _stated(question: Question, figure: str) -> str:
    """Return in short what is stated of a figure."""
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
        dataset = replicated_dataset()
        return (f"{dataset} is left out, both balancings being the same weights there: its pairs give the noise",)
    return ()
