"""Measure the metrics if answers outside the seven, or missing answers, counted differently."""

from __future__ import annotations

import numpy as np

from ferspec import spec
from ferspec.records import Record
from ferspec.reference import metrics
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.evaluation import averages
from ferspec.reference.intervals import proportion
from ferspec.reference.measured import Abstention, Figures
from ferspec.subjects.models.contracts.answers import Answers, answers_of
from ferspec.subjects.models.contracts.class_set import DROP, WRONG, ClassSet, Extra


class Policy(Record):
    """A way to count an answer outside the seven, and the metrics under it."""

    extra: Extra
    figures: Figures


class OtherClasses(Record):
    """The metrics of a model whose classes are not the protocol's.

    ``policies`` has the declared one first. ``nameable`` are the metrics on the images whose class the model can name.
    """

    outside: tuple[str, ...]
    missing: tuple[str, ...]
    policies: tuple[Policy, ...]
    nameable: Figures | None

    @property
    def declared(self) -> Policy:
        """The declared policy."""
        return self.policies[0]


def figures_of(labels: np.ndarray, predicted: np.ndarray) -> Figures:
    """Return the main metrics of predictions (n,), 0 to 7, where 7 is a miss."""
    resampling, matrix = protocol_resampling(), metrics.confusion_matrix(labels, predicted)
    return Figures(
        n=len(labels),
        accuracy=proportion(int(metrics.hits(matrix).sum()), len(labels), resampling.level),
        f1=averages(matrix, resampling)[2].weighted,
    )


def other_classes(
    labels: np.ndarray, columns: np.ndarray | None, answers: Answers, declared: ClassSet
) -> OtherClasses | None:
    """Return the metrics under each policy, and on the images whose class has a column; None for the seven classes.

    ``columns`` (n, k) are None where only classes were recorded: then no other policy can be applied.
    """
    if declared.is_the_protocols:
        return None
    read = [(declared.extra, answers.predicted)]
    if columns is not None and declared.outside:
        others = [extra for extra in (WRONG, DROP) if extra != declared.extra]
        read += [(extra, answers_of(columns, declared.treating(extra)).predicted) for extra in others]
    absent = [spec.load().class_index(name) for name in declared.missing]
    named = ~np.isin(labels, absent)
    return OtherClasses(
        outside=declared.outside,
        missing=declared.missing,
        policies=tuple(Policy(extra=extra, figures=figures_of(labels, predicted)) for extra, predicted in read),
        nameable=figures_of(labels[named], answers.predicted[named]) if absent and named.any() else None,
    )


def abstention(labels: np.ndarray, answers: Answers) -> Abstention | None:
    """Return the metrics without the missing answers; None if every image has an answer."""
    missing = answers.missing
    if not missing.any():
        return None
    level, n = spec.load().number("FER-Z-01", "level"), len(labels)
    hits = int((answers.predicted == labels).sum())
    return Abstention(
        missing=int(missing.sum()),
        rate=proportion(int(missing.sum()), n, level),
        answered=figures_of(labels[~missing], answers.predicted[~missing]),
        best=proportion(hits + int(missing.sum()), n, level),
    )
