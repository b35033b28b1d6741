"""The conditions of a measurement of robustness, read from data."""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import Field

from ferspec.records import Record
from ferspec.spec.loader import DATA
from ferspec.spec.reading import SpecError, read_toml, to_records

FILE = "robustness.toml"

ConditionKind = Literal["control", "condition", "preprocessing"]
ChangeName = Literal[
    "nothing",
    "shrink",
    "blur",
    "jpeg",
    "expose",
    "shade",
    "noise",
    "occlude",
    "crop",
    "roll",
    "exchange",
    "gray",
    "resize",
    "bottleneck",
]
Amount = int | float | str


class Condition(Record):
    """What is changed, at which levels of severity, and the place that motivates it.

    ``change`` names what is done, ``levels`` are its amounts, and ``label`` puts one into words.
    """

    id: str
    kind: ConditionKind
    title: str
    change: ChangeName
    levels: tuple[Amount, ...] = Field(min_length=1)
    label: str
    place: str
    why: str

    def named(self, level: Amount) -> str:
        """Return the label of a level."""
        return self.label.format(level)


@cache
def conditions() -> tuple[Condition, ...]:
    """Return every condition, in the order of the file.

    ``SpecError`` for a file that is not well-formed, and for a label that does not fit a level.
    """
    found = tuple(to_records(Condition, read_toml(DATA / FILE), FILE, "condition"))
    for condition in found:
        try:
            labels = {condition.named(level) for level in condition.levels}
        except (LookupError, ValueError) as error:
            raise SpecError(f"{FILE}: {condition.id}: the label does not fit the levels: {error}") from None
        if len(labels) < len(condition.levels):
            raise SpecError(f"{FILE}: {condition.id}: two levels have one label")
    return found
