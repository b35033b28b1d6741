"""Checks of what the owner of a model claims: ``accuracy>=0.60``, ``recall[Disgust]>=0.3`` (clause FER-B-08)."""

from collections.abc import Iterable

from ferspec.engine import Check
from ferspec.outcomes import CheckResult, Status
from ferspec.reference.evaluation import figure
from ferspec.reference.figures import Figure
from ferspec.reference.intervals import images_needed, judge_claim
from ferspec.subjects.models.claims import Claim
from ferspec.subjects.models.subject import ModelSubject


def claim_checks(claims: Iterable[Claim]) -> tuple[Check, ...]:
    """Return one check per claim."""
    return tuple(Check("FER-B-08", holds, case=str(claim), given=(claim,)) for claim in claims)


def holds(subject: ModelSubject, claim: Claim) -> CheckResult:
    """The claim holds with the confidence of FER-Z-01: the near end of the figure's interval reaches the threshold."""
    measured = figure(subject.evaluation, claim.figure)
    if measured.value is None:
        return CheckResult(status=Status.NOT_EVALUATED, message=f"{claim.figure} is undefined: {measured.undefined}")
    status = Status(judge_claim(measured, claim.operator, claim.threshold))
    return CheckResult(
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
