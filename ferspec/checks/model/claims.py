"""Checks the claims of a model's owner: ``accuracy>=0.60``, ``recall[Disgust]>=0.3`` (FER-B-08)."""

from collections.abc import Iterable

from ferspec.engine import Check
from ferspec.outcomes import CheckResult, Status
from ferspec.reference.evaluation import named_metric
from ferspec.reference.intervals import images_needed, judge_claim
from ferspec.reference.measured import Evaluation, Metric
from ferspec.subjects.models.claims import Claim
from ferspec.subjects.models.subject import ModelSubject


def claim_checks(claims: Iterable[Claim]) -> tuple[Check, ...]:
    """Return one check per claim."""
    return tuple(Check("FER-B-08", holds, case=str(claim), given=(claim,)) for claim in claims)


# from the most to the least serious
SEVERITY = (Status.FAIL, Status.NOT_EVALUATED, Status.INCONCLUSIVE, Status.PASS)


def holds(subject: ModelSubject, claim: Claim) -> CheckResult:
    """The near end of the metric's confidence interval (FER-Z-01) reaches the claimed threshold.

    On BTFER it must do so on all images and on the known pictures.
    """
    on_all = _judged(subject.evaluation, claim)
    if subject.known is None or subject.known.n == subject.evaluation.n:
        return on_all
    on_known = _judged(subject.known, claim)
    worse = min(on_all, on_known, key=lambda result: SEVERITY.index(result.status))
    known = on_known.observed or on_known.message
    observed = f"{on_all.observed or on_all.message}; on the {subject.known.n:,} known pictures {known}"
    return worse.model_copy(update={"observed": observed})


def _judged(evaluation: Evaluation, claim: Claim) -> CheckResult:
    measured = named_metric(evaluation, claim.figure)
    if measured.value is None:
        return CheckResult(status=Status.NOT_EVALUATED, message=f"{claim.figure} is undefined: {measured.undefined}")
    status = Status(judge_claim(measured, claim.operator, claim.threshold))
    return CheckResult(
        status=status,
        observed=f"{claim.figure} {measured.value:.3f} ({measured.low:.3f} to {measured.high:.3f})",
        expected=f"{claim.operator} {claim.stated}",
        difference=measured.value - claim.threshold,
        message=_what_would_decide(measured, claim, evaluation.n) if status is Status.INCONCLUSIVE else "",
    )


def _what_would_decide(measured: Metric, claim: Claim, n: int) -> str:
    needed = images_needed(measured, claim.threshold, n)
    if needed is None:
        return f"{n:,} images are too few; the metric equals the threshold, so no number of images would decide"
    return f"{n:,} images are too few; about {needed:,} similar images would decide if the metric keeps its value"
