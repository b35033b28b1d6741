"""Checks that only images known to be BTFER's are certified (FER-D-13, FER-D-14)."""

from __future__ import annotations

from ferspec import spec
from ferspec.checks.certificate.differences import first_difference
from ferspec.checks.certificate.known import known_evaluation
from ferspec.checks.certificate.metrics import limits
from ferspec.engine import Check
from ferspec.outcomes import CheckResult, Status
from ferspec.required import required
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.datasets.manifest import has_btfer_form

BTFER, FORM_ONLY = "btfer", "btfer form"


def recognition_follows(certificate: Certificate) -> CheckResult:
    """The recognition, the form and the metrics on known pictures follow from the recorded digests."""
    report = required(certificate.report)
    stated, found = report.dataset, certificate.found
    in_form = not stated.synthetic and has_btfer_form(report.manifest)
    recognition = None if found is None else found.recognition
    form = BTFER if recognition is not None and recognition.recognised else FORM_ONLY if in_form else stated.form
    known = known_evaluation(certificate, report.metrics)
    resampled = () if known is None else limits(known)
    drawn = {f"known.{path}" for limit in resampled for path in (limit, f"{limit.rpartition('.')[0]}.method")}
    return first_difference(
        {
            "reductions": len(report.reductions),
            "recognition": stated.recognition and stated.recognition.model_dump(),
            "form": stated.form,
            "known": report.known and report.known.model_dump(mode="json"),
        },
        {
            "reductions": len(report.manifest) if in_form else 0,
            "recognition": recognition and recognition.model_dump(),
            "form": form,
            "known": known and known.model_dump(mode="json"),
        },
        ignored=drawn,
    )


def images_agree_with_their_lattice(certificate: Certificate) -> CheckResult:
    """No certified image differs from its own 48 × 48 pixels more than photographs do."""
    report = required(certificate.report)
    most = spec.load().number("FER-D-14", "most")
    certified = report.reductions if report.dataset.form == BTFER else ()
    largest = max((reduction.disagreement for reduction in certified), default=0.0)
    if largest <= most:
        return CheckResult(status=Status.PASS, observed=largest, expected=f"at most {most:g}")
    return CheckResult(
        status=Status.FAIL,
        observed=largest,
        expected=f"at most {most:g}",
        difference=largest - most,
        likely="pixels between those that are known were replaced",
    )


RECOGNITION_CHECKS = (
    Check("FER-D-13", recognition_follows, needs=("whole", "specification")),
    Check("FER-D-14", images_agree_with_their_lattice, needs=("whole", "specification")),
)
