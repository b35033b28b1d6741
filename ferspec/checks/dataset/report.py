"""Make the document of an inspection from its outcomes and its subject."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ferspec import spec
from ferspec.checks.dataset.balance import associations_of
from ferspec.outcomes import Judgement
from ferspec.subjects.datasets.inspection.document import (
    Answered,
    Compared,
    Composition,
    GroupTable,
    InspectionReport,
)
from ferspec.subjects.datasets.inspection.findings import findings
from ferspec.subjects.datasets.inspection.reading import InspectedSet
from ferspec.subjects.datasets.inspection.subject import Inspection
from ferspec.subjects.datasets.inspection.twins import Twin

NO_FILE = "not a file of its own"


def report_on(subject: Inspection, judgement: Judgement, answered: Answered | None) -> InspectionReport:
    """Return the document of an inspection; its findings are those of the checks that were run."""
    judged = {outcome.check for outcome in judgement.outcomes}
    return InspectionReport(
        verdict=judgement.verdict,
        counts=judgement.counts,
        outcomes=judgement.outcomes,
        name=subject.images.name,
        form=subject.images.images.form,
        dataset=subject.dataset,
        composition=_composition(subject),
        groups=_groups(subject),
        compared=tuple(map(_compared, subject.others, subject.shared)),
        answered=answered,
        findings=tuple(one for one in findings(subject) if one.check in judged),
        notes=subject.images.images.listing.notes,
    )


def _composition(subject: Inspection) -> Composition:
    images = subject.images
    listed = (*images.splits, *(one.split for one in images.unreadable))
    return Composition(
        images=images.total,
        unreadable=len(images.unreadable),
        classes=images.counts,
        splits=_sorted(Counter(listed)),
        sizes=_sorted(Counter(f"{entry.width}x{entry.height}" for entry in images.entries)),
        modes=_sorted(Counter(NO_FILE if facts is None else facts.mode for facts in images.facts)),
        identical_channels=int(images.gray.sum()),
        pictures=len(np.unique(subject.clusters)),
    )


def _sorted(counted: Counter[str]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda one: (-one[1], one[0])))


def _groups(subject: Inspection) -> tuple[GroupTable, ...]:
    classes, found = spec.load().classes, associations_of(subject)
    tables = []
    for column, values in subject.images.groups.items():
        pairs = Counter((value, entry.label) for value, entry in zip(values, subject.images.entries, strict=True))
        counts = {value: tuple(pairs[value, label] for label in classes) for value in sorted(set(values))}
        tables.append(GroupTable(column=column, classes=classes, counts=counts, association=found.get(column)))
    return tuple(tables)


def _compared(other: InspectedSet, twins: tuple[Twin, ...]) -> Compared:
    found = {kind: {twin.first for twin in twins if twin.kind == kind} for kind in ("exact", "changed")}
    return Compared(
        name=other.name,
        images=other.total,
        unreadable=len(other.unreadable),
        exact=len(found["exact"]),
        changed=len(found["changed"] - found["exact"]),
    )
