"""The paper's statements on the pages: each with its estimate, interval and outcome."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ferspec.grid.finding.findings import Finding
from ferspec.grid.finding.outcomes import Outcome
from ferspec.records import Record
from ferspec.report.site.scale import Picture, Scale, picture
from ferspec.spec.reading import read_toml, to_records

QUESTIONS = Path(__file__).parent / "figures" / "questions.toml"
STYLES: dict[Outcome, str] = {
    "supported": "pass",
    "within noise": "inconclusive",
    "not supported": "fail",
    "not evaluated": "not_evaluated",
}
METRICS = {"val_accuracy": "validation", "btfer_accuracy": "BTFER"}
DIFFERENCES = Scale(-0.2, 0.4)


class ResearchQuestion(Record):
    """A question of the paper, and the statements that answer it."""

    id: str
    title: str
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class Judged:
    """A statement about one metric, with words and the picture of its estimate."""

    finding: Finding
    style: str
    metric: str
    estimate: str
    picture: Picture | None


@cache
def questions() -> tuple[ResearchQuestion, ...]:
    """Return the questions; ``SpecError`` for a file that is not well-formed."""
    return tuple(to_records(ResearchQuestion, read_toml(QUESTIONS), QUESTIONS.name, "question"))


def judged(findings: Iterable[Finding], clauses: Iterable[str]) -> list[Judged]:
    """Return the findings of some clauses, in the order of the paper."""
    wanted = set(clauses)
    return [_judged(one) for one in findings if one.clause in wanted]


def _judged(finding: Finding) -> Judged:
    metric = METRICS.get(finding.figure or "", "")
    estimate = finding.estimate
    if estimate is None:
        return Judged(finding, STYLES[finding.outcome], metric, "", None)
    shown = ("{:+.1%}" if estimate.relative else "{:+.3f}").format
    text = f"{shown(estimate.value)} ({shown(estimate.low)} to {shown(estimate.high)})".replace("-", "−")
    counted = f"{estimate.count} {estimate.of} of {estimate.networks} networks"
    return Judged(
        finding=finding,
        style=STYLES[finding.outcome],
        metric=metric,
        estimate=f"{text}, {counted}",
        picture=picture(
            f"{finding.clause} {metric}: {text}",
            DIFFERENCES,
            interval=(estimate.low, estimate.high),
            points=(("released", estimate.value),),
        ),
    )
