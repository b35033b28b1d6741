"""Compares the answers of a converted model with those of the original."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ferspec.records import Count, Record
from ferspec.reference import margins
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.comparison import compare
from ferspec.reference.intervals import proportion
from ferspec.reference.measured import Metric
from ferspec.required import required

Verdict = Literal["not inferior", "inferior", "undecided"]

# how likely the stated number of images decides
POWER = 0.95


class Decision(Record):
    """Whether a converted model is not inferior to the original: its accuracy is not lower by the margin or more.

    ``p_not_inferior`` is small where it is not, ``p_inferior`` where it is lower by more. ``only_original`` and
    ``only_converted`` count the images that only one of the two gets right. ``images_to_decide`` decide with a
    probability of 95 %, if both counts are as they were and each is one higher; None if it is decided, or if no number
    is enough.
    """

    verdict: Verdict
    p_not_inferior: float
    p_inferior: float
    n: Count
    only_original: Count
    only_converted: Count
    images_to_decide: Count | None


class ClassDecision(Decision):
    """The decision about one class, at the level divided by the number of classes."""

    name: str


class Answers(Record):
    """What a conversion changed on the test images. Changes are the converted model's metric minus the original's.

    ``agreement`` is the share of images with the same predicted class; two missing answers agree.
    """

    agreement: Metric
    accuracy: Metric
    accuracy_change: Metric
    macro_f1_change: Metric
    decision: Decision
    classes: tuple[ClassDecision, ...]


def compared(labels: np.ndarray, original: np.ndarray, converted: np.ndarray, max_drop: float) -> Answers:
    """Compare two models, and decide on the drop of accuracy.

    ``labels`` and the predicted classes are (n,) integers. ``max_drop`` is the margin, a share. ``UserError`` for other
    shapes or labels.
    """
    found = compare(labels, original, converted, margin=max_drop)
    within, n = required(found.margin), found.n
    same = int((np.asarray(original) == np.asarray(converted)).sum())
    return Answers(
        agreement=proportion(same, n, protocol_resampling().level),
        accuracy=found.accuracy_b,
        accuracy_change=reversed_change(found.difference),
        macro_f1_change=reversed_change(found.macro_f1_difference),
        decision=_decision(within, found.only_a_right, found.only_b_right, n, max_drop),
        classes=tuple(_of_class(one, max_drop, len(within.classes)) for one in within.classes),
    )


def reversed_change(difference: Metric) -> Metric:
    """Return B's metric minus A's from A's minus B's."""
    known = difference.known
    if known is None:
        return difference
    # 0 - x, since the negative of 0 prints as -0
    value, low, high = (0 - number for number in (known.value, known.high, known.low))
    return difference.model_copy(update={"value": value, "low": low, "high": high})


def _of_class(found: margins.ClassDecision, max_drop: float, statements: int) -> ClassDecision:
    decided = _decision(found, found.only_a_right, found.only_b_right, found.n, max_drop, statements)
    return ClassDecision(name=found.name, **dict(decided))


def _decision(
    found: margins.MarginDecision,
    only_original: int,
    only_converted: int,
    n: int,
    max_drop: float,
    statements: int = 1,
) -> Decision:
    verdict: Verdict = "not inferior"
    if found.verdict == "undecided":
        verdict = "undecided"
    elif found.verdict == "B is worse by more than the margin":
        verdict = "inferior"
    images = None
    if verdict == "undecided":
        # one more image of each kind, since few or none were seen, and more may come
        counts = only_original + 1, only_converted + 1, n + 2
        images = margins.images_within(*counts, max_drop, statements=statements, power=POWER)
    return Decision(
        verdict=verdict,
        p_not_inferior=found.p_within,
        p_inferior=found.p_beyond,
        n=n,
        only_original=only_original,
        only_converted=only_converted,
        images_to_decide=images,
    )
