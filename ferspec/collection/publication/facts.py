"""Count what a datasheet and a Croissant file say about a set."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ferspec import spec
from ferspec.collection.decisions import BY_REVIEWER
from ferspec.collection.licences import published
from ferspec.collection.manifest import STAGES, UNKNOWN, Row, Stage

GROUPS = ("ethnicity", "gender", "age", "language")


@dataclass(frozen=True)
class Composition:
    """Hold what a set is composed of.

    ``classes`` counts the pictures of each class; ``terms`` those of each query term, by group; ``licences`` and
    ``consent`` those of each value.
    """

    classes: Mapping[str, int]
    terms: Mapping[str, Mapping[str, int]]
    licences: Mapping[str, int]
    consent: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.classes.values())


@dataclass(frozen=True)
class Facts(Composition):
    """Hold the counts of a set and of its collection.

    ``collected`` counts the pictures of the sources, ``stages`` those that each stage
    kept, and ``dropped`` the reasons of the others, without details. ``reviewed`` and ``relabelled`` count decisions of
    reviewers.
    """

    name: str
    seed: int
    collected: int
    stages: Mapping[Stage, int]
    dropped: Mapping[str, int]
    reviewed: int
    relabelled: int
    tools: str


def composition_of(rows: Sequence[Row]) -> Composition:
    """Return what the pictures of some rows are."""
    return Composition(
        classes={label: sum(row.label == label for row in rows) for label in spec.load().classes},
        terms={group: _counted(getattr(row, group) or UNKNOWN for row in rows) for group in GROUPS},
        licences=_counted(published(row.licence) for row in rows),
        consent=_counted(row.consent for row in rows),
    )


def facts_of(name: str, seed: int, stages: Mapping[Stage, Sequence[Row]]) -> Facts:
    """Return the facts of a set from the rows of all stages; a row of the last has a path if it was drawn."""
    drawn = [row for row in stages["sample"] if row.path]
    reviewed = [row.reason for row in (*stages["clean"], *stages["crop"]) if BY_REVIEWER in row.reason]
    left_out = [row for stage in STAGES[:-1] for row in stages[stage] if row.decision == "drop"]
    return Facts(
        **vars(composition_of(drawn)),
        name=name,
        seed=seed,
        stages={stage: sum(row.is_kept for row in stages[stage]) for stage in STAGES[:-1]} | {"sample": len(drawn)},
        collected=len(stages["collect"]),
        dropped=_counted(_kind(row.reason) for row in left_out),
        reviewed=len(reviewed),
        relabelled=sum("who changed" in reason for reason in reviewed),
        tools=next((row.tools for row in drawn), ""),
    )


def _counted(values: Iterable[str]) -> dict[str, int]:
    """Return how often each value occurs, the most frequent first."""
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def _kind(reason: str) -> str:
    """Return a reason without its details: what stands before a colon, a digest or a number."""
    if BY_REVIEWER in reason:
        return BY_REVIEWER
    return re.split(r"[:;(]| [0-9a-f]{64}|\d", reason)[0].strip() or "other"
