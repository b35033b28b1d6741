"""Turns counts of images into losses with simultaneous intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ferspec import spec
from ferspec.reference.comparison import accuracy_difference
from ferspec.reference.intervals import simultaneous
from ferspec.reference.measured import Metric
from ferspec.spec.conditions import Amount, Condition, conditions
from ferspec.subjects.certificates.losses import ConditionLosses, LevelLoss, Robustness


@dataclass(frozen=True)
class Step:
    """One change and its amount, by which conditions that share it know each other."""

    change: str
    amount: Amount


@dataclass(frozen=True)
class Counts:
    """The images that only the unchanged, or only the changed picture gets right."""

    only_unchanged: int
    only_changed: int


# counts, or why there are none
Found = Counts | str


def robustness_of(found: Mapping[Step, Found], n: int) -> Robustness:
    """Return the losses on n images, from what was found at every step.

    All intervals hold together at the confidence of FER-Z-01. Each has Šidák's level for the number of different steps
    that were measured. It holds for any correlation of normal differences; these correlate, since their images are the
    same.
    """
    statements = sum(isinstance(one, Counts) for one in found.values())
    level = simultaneous(spec.load().number("FER-Z-01", "level"), statements)
    return Robustness(
        n=n,
        statements=statements,
        level=level,
        conditions=tuple(_condition(condition, found, n, level) for condition in conditions()),
    )


def _condition(condition: Condition, found: Mapping[Step, Found], n: int, level: float) -> ConditionLosses:
    return ConditionLosses(
        id=condition.id,
        kind=condition.kind,
        title=condition.title,
        place=condition.place,
        why=condition.why,
        levels=tuple(
            _level(condition.named(amount), found[Step(condition.change, amount)], n, level)
            for amount in condition.levels
        ),
    )


def _level(name: str, found: Found, n: int, level: float) -> LevelLoss:
    if isinstance(found, str):
        return LevelLoss(name=name, only_unchanged=0, only_changed=0, loss=Metric(value=None, undefined=found))
    loss = accuracy_difference(found.only_unchanged, found.only_changed, n, level)
    return LevelLoss(name=name, only_unchanged=found.only_unchanged, only_changed=found.only_changed, loss=loss)
