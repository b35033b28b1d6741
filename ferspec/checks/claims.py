"""Checks of what the owner of a model claims: ``accuracy>=0.60``, ``recall[Disgust]>=0.3`` (clause FER-B-08)."""

import re
from collections.abc import Iterable

from ferspec.engine import Check, Finding, Status
from ferspec.errors import UserError
from ferspec.records import Record
from ferspec.reference.evaluation import figure, require_figure
from ferspec.reference.figures import Figure
from ferspec.reference.intervals import images_needed, judge_claim
from ferspec.subjects.model import ModelSubject

PATTERN = re.compile(
    r"\s*(?P<figure>\w+(\[[^\]]+\])?)\s*(?P<operator>>=|<=|>|<)\s*(?P<threshold>\d*\.?\d+(e-?\d+)?)\s*"
)


class Claim(Record):
    """A figure, an operator and a threshold; as text, the check's id."""

    figure: str
    operator: str
    threshold: float

    def __str__(self) -> str:
        return f"{self.figure}{self.operator}{self.threshold:g}"


def parse_claim(text: str) -> Claim:
    """Return the claim that a text states, or raise ``UserError`` with the form it should have."""
    match = PATTERN.fullmatch(text)
    if match is None:
        raise UserError(f"cannot read the claim '{text}': write it like accuracy>=0.60 or recall[Disgust]>=0.3")
    return Claim(figure=match["figure"], operator=match["operator"], threshold=float(match["threshold"]))


def claim_checks(claims: Iterable[Claim]) -> tuple[Check, ...]:
    """Return one check per claim."""
    return tuple(Check("FER-B-08", holds, argument=claim) for claim in claims)


def require_known_figures(claims: Iterable[Claim], groups: Iterable[str] | None) -> None:
    """Raise ``UserError`` for a claim about a figure that is not measured, before any work is done."""
    for claim in claims:
        require_figure(claim.figure, groups or ())


def holds(subject: ModelSubject, claim: Claim) -> Finding:
    """The claim holds with 95 % confidence: the near end of the figure's interval reaches the threshold."""
    measured = figure(subject.evaluation, claim.figure)
    if measured.value is None:
        return Finding(status=Status.NOT_EVALUATED, message=f"{claim.figure} is undefined: {measured.undefined}")
    status = Status(judge_claim(measured, claim.operator, claim.threshold))
    return Finding(
        status=status,
        observed=f"{claim.figure} {measured.value:.3f} ({measured.low:.3f} to {measured.high:.3f})",
        expected=f"{claim.operator} {claim.threshold:g}",
        difference=measured.value - claim.threshold,
        message=_what_would_decide(measured, claim, len(subject.labels)) if status is Status.INCONCLUSIVE else "",
    )


def _what_would_decide(measured: Figure, claim: Claim, n: int) -> str:
    needed = images_needed(measured, claim.threshold, n)
    if needed is None:
        return f"{n:,} images say too little, and no number would decide a figure that lies on the threshold"
    return f"{n:,} images say too little; about {needed:,} like them would decide, if the figure stays as it is"
