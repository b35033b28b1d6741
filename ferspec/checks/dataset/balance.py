"""Checks on the numbers of images: of each class, and of each group within the classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.datasets.checks import TABLE_1
from ferspec.engine import Check
from ferspec.outcomes import CheckResult, Status
from ferspec.reference.association import Association, associations
from ferspec.required import required
from ferspec.subjects.datasets.inspection.subject import Inspection
from ferspec.subjects.datasets.published_counts import cause_of, published_as
from ferspec.subjects.examples import first_few

SPREAD = "FER-I-07"
BTFER_PER_CLASS = 300


def classes_have_the_published_counts(subject: Inspection) -> CheckResult:
    """Each class has as many images as Table 1 says."""
    dataset = required(subject.dataset)
    counts, expected = tuple(subject.images.counts.values()), TABLE_1[dataset]
    part = published_as(counts, dataset)
    cause = cause_of(counts, expected)
    likely = f"these are the counts of {part}" if part else f"the counts of {dataset} {cause}" if cause else None
    return _counts(counts, expected, likely or _missing(subject, sum(expected)))


def classes_are_equal(subject: Inspection) -> CheckResult:
    """Each of the seven classes of BTFER has 300 images (Table 1)."""
    counts = tuple(subject.images.counts.values())
    return _counts(counts, (BTFER_PER_CLASS,) * len(counts), None)


def groups_are_spread_alike(subject: Inspection) -> CheckResult:
    """Cramér's V of each column of groups and the classes is at most 0.1."""
    most = spec.load().number(SPREAD, "most")
    found = associations_of(subject)
    judged = {name: _judged(one, most) for name, one in found.items()}
    status = next((one for one in (Status.FAIL, Status.INCONCLUSIVE, Status.PASS) if one in judged.values()), None)
    if status is None:
        return CheckResult(
            status=Status.NOT_EVALUATED, message="each column of groups has a single value, or one for each image"
        )
    column, worst = max(found.items(), key=lambda one: (judged[one[0]] is status, one[1].value))
    listed = [f"{name} {one.value:.3f} ({one.low:.3f} to {one.high:.3f})" for name, one in found.items()]
    return CheckResult(
        status=status,
        message=f"Cramér's V of {first_few(listed)}",
        observed=worst.value,
        expected=f"at most {most:g}",
        difference=worst.value - most if status is Status.FAIL else None,
        likely=f"{column}: {worst.extreme}" if status is Status.FAIL else None,
    )


def associations_of(subject: Inspection) -> dict[str, Association]:
    """Return the association of each column of groups with the classes; columns that say nothing are left out."""
    classes = spec.load().classes
    labels = np.array([classes.index(entry.label) for entry in subject.images.entries], int)
    return associations(labels, subject.images.groups, classes)


def _judged(found: Association, most: float) -> Status:
    if found.high <= most:
        return Status.PASS
    return Status.FAIL if found.low > most else Status.INCONCLUSIVE


def _counts(counts: Sequence[int], expected: Sequence[int], likely: str | None) -> CheckResult:
    differ = {
        name: (count, wanted)
        for name, count, wanted in zip(spec.load().classes, counts, expected, strict=True)
        if count != wanted
    }
    return CheckResult(
        status=Status.FAIL if differ else Status.PASS,
        message=", ".join(f"{name} {count:,} instead of {wanted:,}" for name, (count, wanted) in differ.items()),
        observed=f"{sum(counts):,} images" + (f", another number in {len(differ)} classes" if differ else ""),
        expected=f"{sum(expected):,} images",
        difference=float(sum(counts) - sum(expected)) if differ else None,
        likely=likely if differ else None,
    )


def _missing(subject: Inspection, expected: int) -> str:
    fewer = subject.images.total < expected
    return "images are missing, or only a part of the set was given" if fewer else "another selection of images"


BALANCE_CHECKS = (
    Check("FER-D-01", classes_have_the_published_counts, ("table",)),
    Check("FER-D-05", classes_are_equal, ("btfer",)),
    Check(SPREAD, groups_are_spread_alike, ("groups",)),
)
