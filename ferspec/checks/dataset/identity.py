"""The check that a set is BTFER: by its pictures, never by its form (FER-D-13)."""

from __future__ import annotations

from ferspec import spec
from ferspec.engine import Check
from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.datasets.inspection.subject import Inspection

CLAUSE = "FER-D-13"
OTHER_FORM = "the set does not have 300 readable images of 256 × 256 of each class: its pictures were not looked up"


def pictures_are_btfers(subject: Inspection) -> CheckResult:
    """A set in BTFER's form holds at least 1,900 different known pictures."""
    found = subject.images.images.found
    if found is None:
        raise NotEvaluable(OTHER_FORM)
    least, pictures = spec.load().integer(CLAUSE, "least"), found.recognition.pictures
    return CheckResult(
        status=Status.PASS if found.recognition.recognised else Status.FAIL,
        observed=f"{pictures:,} different known pictures of BTFER",
        expected=f"at least {least:,} different known pictures of BTFER",
        difference=float(pictures - least) if pictures < least else None,
        likely=None if found.recognition.recognised else "another set in the form of BTFER",
    )


IDENTITY_CHECKS = (Check(CLAUSE, pictures_are_btfers, ("btfer",)),)
