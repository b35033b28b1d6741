"""Checks of what the owner of a model claims: ``accuracy>=0.60``, ``recall[Disgust]>=0.3`` (clause FER-B-08)."""

import re
import sys
from collections.abc import Iterable

from ferspec.engine import Check, Finding, Status
from ferspec.errors import UserError
from ferspec.records import Record
from ferspec.reference.evaluation import NAME, figure, require_figure
from ferspec.reference.figures import Figure
from ferspec.reference.intervals import images_needed, judge_claim
from ferspec.subjects.model import ModelSubject

PATTERN = re.compile(
    r"\s*(?P<figure>\w+(\[[^\]]+\])?)\s*(?P<operator>>=|<=|>|<)\s*(?P<threshold>\d*\.?\d+(e[+-]?\d+)?)\s*"
)
# the largest value of each figure that has one; all begin at 0
MOST = {"accuracy": 1, "precision": 1, "recall": 1, "f1": 1, "ece": 1, "gap": 1, "brier": 2}


class Claim(Record):
    """A figure, an operator and a threshold; as text, the check's id."""

    figure: str
    operator: str
    threshold: float

    def __str__(self) -> str:
        return f"{self.figure}{self.operator}{self.stated}"

    @property
    def stated(self) -> str:
        """The threshold in the fewest digits that give it back exactly."""
        return repr(self.threshold).removesuffix(".0")


def parse_claim(text: str) -> Claim:
    """Return the claim that a text states.

    ``UserError`` with the form it should have, or for a threshold that its figure never reaches.
    """
    match = PATTERN.fullmatch(text)
    if match is None:
        raise UserError(f"cannot read the claim '{text}': write it like accuracy>=0.60 or recall[Disgust]>=0.3")
    claim = Claim(figure=match["figure"], operator=match["operator"], threshold=float(match["threshold"]))
    most = MOST.get(NAME.fullmatch(claim.figure)["base"].lower().removeprefix("macro_"), sys.float_info.max)
    if claim.threshold > most:
        meant = claim.model_copy(update={"threshold": claim.threshold / 100})
        hint = f", did you mean {meant}?" if most == 1 and meant.threshold <= most else ""
        raise UserError(f"cannot judge the claim '{text}': {claim.figure} lies in 0 to {most:g}{hint}")
    return claim


def claim_checks(claims: Iterable[Claim]) -> tuple[Check, ...]:
    """Return one check per claim."""
    return tuple(Check("FER-B-08", holds, argument=claim) for claim in claims)


def require_known_figures(claims: Iterable[Claim], groups: Iterable[str] | None) -> None:
    """Raise ``UserError`` for a claim about a figure that is not measured, before any work is done."""
    for claim in claims:
        require_figure(claim.figure, groups or ())


def holds(subject: ModelSubject, claim: Claim) -> Finding:
    """The claim holds with the confidence of FER-Z-01: the near end of the figure's interval reaches the threshold."""
    measured = figure(subject.evaluation, claim.figure)
    if measured.value is None:
        return Finding(status=Status.NOT_EVALUATED, message=f"{claim.figure} is undefined: {measured.undefined}")
    status = Status(judge_claim(measured, claim.operator, claim.threshold))
    return Finding(
        status=status,
        observed=f"{claim.figure} {measured.value:.3f} ({measured.low:.3f} to {measured.high:.3f})",
        expected=f"{claim.operator} {claim.stated}",
        difference=measured.value - claim.threshold,
        message=_what_would_decide(measured, claim, len(subject.labels)) if status is Status.INCONCLUSIVE else "",
    )


def _what_would_decide(measured: Figure, claim: Claim, n: int) -> str:
    needed = images_needed(measured, claim.threshold, n)
    if needed is None:
        return f"{n:,} images say too little, and no number would decide a figure that lies on the threshold"
    return f"{n:,} images say too little; about {needed:,} like them would decide, if the figure stays as it is"
