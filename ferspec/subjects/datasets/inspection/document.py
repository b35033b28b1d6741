"""The document of an inspection, as ``ferspec dataset inspect --json`` prints it."""

from __future__ import annotations

from pydantic import Field

from ferspec.outcomes import Counts, Outcome, Verdict
from ferspec.records import Count, Record
from ferspec.reference.association import Association
from ferspec.reference.leakage import LeakFigures
from ferspec.subjects.datasets.inspection.findings import Finding


class Composition(Record):
    """What a set consists of: images by class, split, size (``width x height``) and mode of the file."""

    images: Count
    unreadable: Count
    classes: dict[str, Count]
    splits: dict[str, Count]
    sizes: dict[str, Count]
    modes: dict[str, Count]
    identical_channels: Count = Field(description="images whose red, green and blue are equal in every pixel")
    pictures: Count = Field(description="different pictures: copies of one picture count once")


class GroupTable(Record):
    """The images of each class by a column of groups, and their association."""

    column: str
    classes: tuple[str, ...]
    counts: dict[str, tuple[Count, ...]]
    association: Association | None


class Compared(Record):
    """Another set, and how many of the inspected images show its pictures."""

    name: str
    images: Count
    unreadable: Count
    exact: Count
    changed: Count


class SuspectLabel(Record):
    """An image whose label a model confidently contradicts: a suspicion, which changes no verdict."""

    image: str
    label: str
    likelier: str
    probability: float
    own_probability: float


class Answered(Record):
    """What a model answers: its name, its accuracy with and without the leak, and the labels it contradicts.

    ``suspects`` is None if the predictions have no probabilities.
    """

    model: str
    figures: LeakFigures
    suspects: tuple[SuspectLabel, ...] | None


class InspectionReport(Record):
    """Verdict, outcomes and findings of an inspection. ``dataset`` is the name of Table 1 that was claimed."""

    verdict: Verdict
    counts: Counts
    outcomes: tuple[Outcome, ...]
    name: str
    form: str
    dataset: str | None
    composition: Composition
    groups: tuple[GroupTable, ...]
    compared: tuple[Compared, ...]
    answered: Answered | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
