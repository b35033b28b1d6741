"""Checks what other readings of the answers would give: other policies, and missing answers (FER-X-14)."""

from __future__ import annotations

from ferspec.checks.certificate.differences import PASS, differs, first_difference
from ferspec.checks.certificate.metrics import Limit, limits, within_error
from ferspec.outcomes import CheckResult, Status
from ferspec.records import Record
from ferspec.required import required
from ferspec.subjects.certificates.subject import Certificate
from ferspec.subjects.models.policies import abstention, other_classes


def readings_follow(certificate: Certificate) -> CheckResult:
    """The metrics under every other reading of the answers follow from the recorded predictions."""
    report, labels, answers = required(certificate.report), certificate.labels, certificate.answers
    others = other_classes(labels, certificate.columns, answers, certificate.class_set)
    for name, stated, recomputed in (
        ("other_classes", report.other_classes, others),
        ("abstention", report.abstention, abstention(labels, answers)),
    ):
        found = _compare(name, stated, recomputed, len(labels))
        if found.status is Status.FAIL:
            return found
    return PASS


def _compare(name: str, stated: Record | None, recomputed: Record | None, n: int) -> CheckResult:
    """Compare two records; limits that resampling gives may differ by their Monte Carlo error (FER-X-11)."""
    left, right = (_resampled(name, record) for record in (stated, recomputed))
    drawn = {*right, *(f"{path.rpartition('.')[0]}.method" for path in right)}
    found = first_difference(
        {name: stated and stated.model_dump(mode="json")},
        {name: recomputed and recomputed.model_dump(mode="json")},
        ignored=drawn,
    )
    if found.status is Status.FAIL:
        return found
    for path, limit in right.items():
        if path not in left or not within_error(left[path], limit, n):
            return differs(path, path in left and left[path].value, limit.value)
    return PASS


def _resampled(name: str, record: Record | None) -> dict[str, Limit]:
    return {} if record is None else {f"{name}.{path}": limit for path, limit in limits(record).items()}
