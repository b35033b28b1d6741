"""Checks on copies: pictures that occur twice, under two labels, or in two sets."""

from __future__ import annotations

from ferspec.checks.dataset.absent import absent
from ferspec.engine import Check, checks_by_case
from ferspec.outcomes import CheckResult
from ferspec.subjects.datasets.inspection import findings
from ferspec.subjects.datasets.inspection.findings import COPIES, OCCURS_ONCE
from ferspec.subjects.datasets.inspection.subject import Inspection
from ferspec.subjects.datasets.inspection.twins import TwinKind

DESCRIBED = {"exact": "exact copies", "changed": "changed copies"}


def pictures_occur_once(subject: Inspection, kind: TwinKind) -> CheckResult:
    """No picture occurs twice in a split: duplicates are removed (2, stages 2 and 3)."""
    likely = "duplicates were not removed, or only those that a hash finds"
    return absent(findings.repeated(subject, kind), DESCRIBED[kind], len(subject.images), likely)


def pictures_have_one_label(subject: Inspection, kind: TwinKind) -> CheckResult:
    """No picture occurs under two classes, not even as a changed copy."""
    found = findings.labelled_twice(subject, kind)
    likely = "a picture was collected by two queries, and kept under the class of each"
    return absent(found, f"{DESCRIBED[kind]} under two labels", len(subject.images), likely)


def pictures_are_not_shared(subject: Inspection, kind: TwinKind) -> CheckResult:
    """No picture occurs in two splits, or in another set too (2 and 4.1)."""
    likely = "pictures were augmented or collected before the splits were made"
    return absent(findings.leaking(subject, kind), f"shared pictures, {DESCRIBED[kind]}", len(subject.images), likely)


BY_KIND = {DESCRIBED[kind]: (kind,) for kind in COPIES}
COPY_CHECKS = (
    *checks_by_case("FER-D-11", pictures_are_not_shared, BY_KIND, ("btfer", "others")),
    *checks_by_case("FER-I-06", pictures_are_not_shared, BY_KIND, ("another", "others")),
    *checks_by_case("FER-D-10", pictures_have_one_label, BY_KIND),
    *checks_by_case("FER-D-08", pictures_occur_once, BY_KIND, ("btfer",)),
    *(Check(clause, pictures_occur_once, ("another",), given=(kind,)) for kind, clause in OCCURS_ONCE.items()),
)
