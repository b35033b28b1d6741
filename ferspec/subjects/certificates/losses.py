"""Define what a certificate records of robustness: the loss of accuracy at each level of each condition."""

from __future__ import annotations

from ferspec.records import Count, Record
from ferspec.reference.measured import Metric
from ferspec.spec.conditions import ConditionKind


class LevelLoss(Record):
    """The loss at one level, and the two counts of images that it follows from.

    They count what only the unchanged, and only the changed picture gets right. ``loss`` is the accuracy on unchanged
    images minus that on changed ones. It is undefined, with both counts 0, for a change that could not be measured.
    """

    name: str
    only_unchanged: Count
    only_changed: Count
    loss: Metric


class ConditionLosses(Record):
    """The losses at the levels of a condition, in the order of severity; ``place`` motivates it."""

    id: str
    kind: ConditionKind
    title: str
    place: str
    why: str
    levels: tuple[LevelLoss, ...]


class Robustness(Record):
    """What changes of the ``n`` images cost. The ``statements`` intervals, each at ``level``, hold together."""

    n: Count
    statements: Count
    level: float
    conditions: tuple[ConditionLosses, ...]
