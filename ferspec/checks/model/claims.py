"""Checks the claims of a model's owner: ``accuracy>=0.60``, ``recall[Disgust]>=0.3`` (FER-B-08)."""

from collections.abc import Iterable

import numpy as np

from ferspec.engine import Check
from ferspec.outcomes import CheckResult, Status
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.evaluation import evaluate, evaluate_known, named_metric
from ferspec.reference.intervals import images_needed, judge_claim
from ferspec.reference.measured import Evaluation, Metric
from ferspec.subjects.models.claims import Claim
from ferspec.subjects.models.sequential import decision_on, error_of
from ferspec.subjects.models.subject import ModelSubject


def claim_checks(claims: Iterable[Claim]) -> tuple[Check, ...]:
    """Return one check per claim."""
    return tuple(Check("FER-B-08", holds, case=str(claim), given=(claim,)) for claim in claims)


# from the most to the least serious
SEVERITY = (Status.FAIL, Status.NOT_EVALUATED, Status.INCONCLUSIVE, Status.PASS)


def holds(subject: ModelSubject, claim: Claim) -> CheckResult:
    """The near end of the metric's confidence interval (FER-Z-01) reaches the claimed threshold.

    On BTFER it must do so on all images and on the known pictures. Where images were asked until all claims were
    decided, the test martingale of FER-Z-14 decides. Certifications of one lineage on the same images share the error.
    """
    if subject.order is not None:
        return _sequentially(subject, subject.order, claim)
    overall, known = _evaluations(subject)
    on_all = _judged(overall, claim)
    if known is None or known.n == overall.n:
        return on_all
    return _worse(on_all, _judged(known, claim), known.n)


def _evaluations(subject: ModelSubject) -> tuple[Evaluation, Evaluation | None]:
    """Return the metrics on all images and known pictures, whose intervals share the error."""
    if subject.share_of_error == 1:
        return subject.evaluation, subject.known
    answers = subject.labels, subject.predicted, subject.probabilities, subject.groups
    resampling = protocol_resampling(subject.share_of_error)
    overall = evaluate(*answers, resampling, subject.clusters)
    known = subject.is_known
    return overall, None if known is None else evaluate_known(known, overall, *answers, resampling, subject.clusters)


def _worse(on_all: CheckResult, on_known: CheckResult, known: int) -> CheckResult:
    """Return the worse result of a claim on all images and on the known pictures."""
    worse = min(on_all, on_known, key=lambda result: SEVERITY.index(result.status))
    said = on_known.observed or on_known.message
    observed = f"{on_all.observed or on_all.message}; on the {known:,} known pictures {said}"
    return worse.model_copy(update={"observed": observed})


def _sequentially(subject: ModelSubject, order: np.ndarray, claim: Claim) -> CheckResult:
    on_all = _decided(subject, order, np.ones(len(order), bool), subject.evaluation, claim)
    if subject.is_known is None or subject.known is None:
        return on_all
    return _worse(on_all, _decided(subject, order, subject.is_known, subject.known, claim), subject.known.n)


def _decided(
    subject: ModelSubject, order: np.ndarray, among: np.ndarray, evaluation: Evaluation, claim: Claim
) -> CheckResult:
    """Return how the images at ``among`` (n,) decide a claim; ``order`` is that in which they were asked."""
    error = error_of(subject.share_of_error)
    decision = decision_on(claim, subject.labels[order], subject.predicted[order], among[order], error)
    measured = named_metric(evaluation, claim.figure)
    if measured.value is None:
        return CheckResult(status=Status.NOT_EVALUATED, message=f"{claim.figure} is undefined: {measured.undefined}")
    found = f"{claim.figure} {measured.value:.3f} on {evaluation.n:,} images asked"
    if decision is None:
        status, message = Status.INCONCLUSIVE, "all images were asked, and the claim is not decided"
    else:
        holds = (decision.side == "above") == claim.operator.startswith(">")
        status, message = (Status.PASS if holds else Status.FAIL), ""
        found = f"{found}, decided by the first {decision.after:,}"
    return CheckResult(
        status=status,
        observed=found,
        expected=f"{claim.operator} {claim.stated}",
        difference=measured.value - claim.threshold,
        message=message,
    )


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
