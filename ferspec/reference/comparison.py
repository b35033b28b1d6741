"""Compares two models on the same images, and tests whether the difference is significant."""

import math
from statistics import NormalDist
from typing import Literal

import numpy as np
from pydantic import Field

from ferspec import spec
from ferspec.records import Record, is_none
from ferspec.reference import metrics
from ferspec.reference.bootstrap import Resampling, protocol_resampling, resample_table
from ferspec.reference.evaluation import checked
from ferspec.reference.intervals import mean_of_classes, proportion
from ferspec.reference.margins import ClassDecision, MarginDecision, decide
from ferspec.reference.measured import Metric
from ferspec.reference.significance import mcnemar
from ferspec.required import required

Verdict = Literal["tie", "A is better", "B is better"]


class Within(MarginDecision):
    """The decision about B within a ``margin`` (a share) of A: of all images at ``alpha``, and of each class.

    The decisions about the classes hold together at ``alpha``: each is made at ``alpha`` over the number of classes.
    """

    margin: float
    equivalence: bool
    alpha: float
    sentence: str
    classes: tuple[ClassDecision, ...]


class Comparison(Record):
    """Two models, A and B, on the same ``n`` images. Every difference is A's metric minus B's."""

    n: int
    accuracy_a: Metric
    accuracy_b: Metric
    difference: Metric
    f1_difference: Metric
    macro_f1_difference: Metric
    only_a_right: int
    only_b_right: int
    both_right: int
    both_wrong: int
    p_value: float
    verdict: Verdict
    images_to_decide: int | None
    sentence: str
    margin: Within | None = Field(default=None, exclude_if=is_none)


def compare(
    labels: np.ndarray,
    predicted_a: np.ndarray,
    predicted_b: np.ndarray,
    margin: float | None = None,
    equivalence: bool = False,
) -> Comparison:
    """Compare two models on the same images, and summarise the result in a sentence.

    All three arrays are (n,) integers from 0 to 6. The verdict is that of McNemar's exact test on the images that only
    one of the two gets right (FER-Z-06). For a tie, ``images_to_decide`` is the number of images needed to detect a
    difference of the observed size, or None without a difference. With a ``margin``, a share, it is also decided
    whether B is as good as A within it or, for an ``equivalence``, each as the other. ``UserError`` for other shapes or
    labels.
    """
    labels, predicted_a = checked(labels, predicted_a)
    labels, predicted_b = checked(labels, predicted_b)
    resampling, alpha = protocol_resampling(), spec.load().number("FER-Z-06", "alpha")
    n, right_a, right_b = len(labels), predicted_a == labels, predicted_b == labels
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    p_value = mcnemar(only_a, only_b)
    better: Verdict = "A is better" if only_a > only_b else "B is better"
    verdict = better if p_value <= alpha else "tie"
    f1_difference, macro_f1_difference = f1_differences(labels, predicted_a, predicted_b, resampling)
    difference = accuracy_difference(only_a, only_b, n, resampling.level)
    images = images_to_decide(only_a, only_b, n, alpha) if verdict == "tie" else None
    return Comparison(
        n=n,
        accuracy_a=proportion(int(right_a.sum()), n, resampling.level),
        accuracy_b=proportion(int(right_b.sum()), n, resampling.level),
        difference=difference,
        f1_difference=f1_difference,
        macro_f1_difference=macro_f1_difference,
        only_a_right=only_a,
        only_b_right=only_b,
        both_right=int((right_a & right_b).sum()),
        both_wrong=int((~right_a & ~right_b).sum()),
        p_value=p_value,
        verdict=verdict,
        images_to_decide=images,
        sentence=_sentence(verdict, difference, only_a, only_b, n, p_value, images),
        margin=None if margin is None else within(labels, right_a, right_b, margin, equivalence, difference),
    )


def within(
    labels: np.ndarray,
    right_a: np.ndarray,
    right_b: np.ndarray,
    margin: float,
    equivalence: bool,
    difference: Metric,
) -> Within:
    """Decide whether B is as good as A within a margin: overall, and for each class."""

    def counted(chosen: np.ndarray) -> tuple[int, int, int]:
        alone = ((one & ~other)[chosen] for one, other in ((right_a, right_b), (right_b, right_a)))
        only_a, only_b = (int(right.sum()) for right in alone)
        return only_a, only_b, int(chosen.sum())

    loaded = spec.load()
    members = {name: labels == label for label, name in enumerate(loaded.classes) if (labels == label).any()}
    classes = []
    for name, chosen in members.items():
        only_a, only_b, n = counted(chosen)
        found = decide(only_a, only_b, n, margin, equivalence, statements=len(members))
        classes.append(ClassDecision(**dict(found), name=name, n=n, only_a_right=only_a, only_b_right=only_b))
    only_a, only_b, n = counted(np.ones(len(labels), dtype=bool))
    decision, alpha = decide(only_a, only_b, n, margin, equivalence), loaded.number("FER-Z-10", "alpha")
    result = f"{_counts(difference, only_a, only_b)} (p = {mcnemar(only_a, only_b):.2g} for a difference)"
    return Within(
        **dict(decision),
        margin=margin,
        equivalence=equivalence,
        alpha=alpha,
        sentence=_margin_sentence(decision, margin, alpha, result),
        classes=tuple(classes),
    )


def accuracy_difference(only_a: int, only_b: int, n: int, level: float) -> Metric:
    """Return A's accuracy minus B's with an interval that agrees with McNemar's exact test.

    The interval is Bonett and Price's for paired proportions, which adds one image to each of the two counts and so has
    a positive width even if the two never disagree. If it does not contain 0 although McNemar's exact test, which is
    more conservative, does not reject equality at 1 - ``level``, it is widened to 0. The reverse does not occur
    (FER-Z-06).
    """
    share_a, share_b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    reach = _quantile((1 + level) / 2) * math.sqrt((share_a + share_b - (share_a - share_b) ** 2) / (n + 2))
    low, high, method = max(-1.0, share_a - share_b - reach), min(1.0, share_a - share_b + reach), "Bonett-Price"
    if not low <= 0 <= high and mcnemar(only_a, only_b) > 1 - level:
        low, high, method = min(0.0, low), max(0.0, high), "Bonett-Price, widened to 0 by McNemar's exact test"
    return Metric(value=(only_a - only_b) / n, low=low, high=high, method=method)


def f1_differences(
    labels: np.ndarray, predicted_a: np.ndarray, predicted_b: np.ndarray, resampling: Resampling
) -> tuple[Metric, Metric]:
    """Return the differences (A minus B) of weighted and macro F1, with intervals.

    Intervals are by paired bootstrap over images. Both differences depend only on the counts of (label, A, B), so
    images are drawn as one multinomial over those that occur.
    """
    count = len(spec.load().classes)
    # an answer is one of the classes, or none of them
    answers = count + 1
    cells, tallies = np.unique((labels * answers + predicted_a) * answers + predicted_b, return_counts=True)
    label, answer_a, answer_b = np.unravel_index(cells, (count, answers, answers))
    drawn = np.vstack([tallies, resample_table(tallies, resampling)]).astype(np.float64)
    scores, weighted, macro = np.zeros(count), np.zeros(len(drawn)), np.zeros(len(drawn))
    for sign, answer in ((1, answer_a), (-1, answer_b)):
        matrices = (drawn @ np.eye(count * answers)[label * answers + answer]).reshape(-1, count, answers)
        of_classes = metrics.f1(matrices)
        scores += sign * metrics.counted(of_classes[0])
        weighted += sign * metrics.weighted(of_classes, matrices)
        macro += sign * metrics.macro(of_classes)
    classes = np.arange(count)[:, None]
    counts = ((label == classes) | (answer_a == classes) | (answer_b == classes)) @ tallies
    images = np.bincount(labels, minlength=count)
    weighted_f1, macro_f1 = (
        mean_of_classes(
            scores, weights, counts, means[1:], resampling.level, len(labels), (-1, 1), "paired bootstrap over images"
        )
        for weights, means in ((images, weighted), (np.ones(count), macro))
    )
    return weighted_f1, macro_f1


def images_to_decide(only_a: int, only_b: int, n: int, alpha: float) -> int | None:
    """Return how many images McNemar's test needs to detect the observed difference (FER-Z-09).

    None if both are equally good: then no number is enough.
    """
    disagreement, difference = (only_a + only_b) / n, abs(only_a - only_b) / n
    if difference == 0:
        return None
    power = spec.load().number("FER-Z-09", "power")
    reach = _quantile(1 - alpha / 2) * math.sqrt(disagreement)
    reach += _quantile(power) * math.sqrt(disagreement - difference**2)
    images = math.ceil((reach / difference) ** 2)
    # the normal approximation is too low, since the exact test is cautious
    tried = (math.ceil(images * (1 + step / 100)) for step in range(100))
    return next((number for number in tried if _power(number, only_a / n, only_b / n, alpha) >= power), images)


def _power(images: int, only_a: float, only_b: float, alpha: float) -> float:
    """Return the power of McNemar's exact test, from the shares right for one alone."""
    from scipy.stats import binom

    first, last = (int(binom.ppf(likely, images, only_a + only_b)) for likely in (1e-9, 1 - 1e-9))
    counts = np.arange(first, last + 1)
    # the most images right for the one model at which the test rejects
    most = np.asarray(binom.ppf(alpha / 2, counts, 0.5))
    most = most - (binom.cdf(most, counts, 0.5) > alpha / 2)
    share = only_a / (only_a + only_b)
    rejected = binom.cdf(most, counts, share) + binom.sf(counts - most - 1, counts, share)
    return float((binom.pmf(counts, images, only_a + only_b) * rejected).sum())


def _quantile(share: float) -> float:
    return NormalDist().inv_cdf(share)


def _counts(difference: Metric, only_a: int, only_b: int) -> str:
    value, low, high = (100 * required(number) for number in (difference.value, difference.low, difference.high))
    return (
        f"A's accuracy minus B's is {value:+.1f} points ({low:+.1f} to {high:+.1f}); only A is right on {only_a:,} "
        f"images, only B on {only_b:,}"
    )


def _sentence(
    verdict: str, difference: Metric, only_a: int, only_b: int, n: int, p_value: float, images: int | None
) -> str:
    if only_a == only_b == 0:
        return f"A tie: A and B are right and wrong on the same images, of {n:,}."
    result = _counts(difference, only_a, only_b)
    if verdict != "tie":
        return f"{verdict}: {result} (p = {p_value:.2g})."
    if images is None:
        return f"A tie: {result}, and no number of images can separate such models."
    return f"A tie: {result} (p = {p_value:.2g}); about {images:,} images would decide a difference of this size."


def _margin_sentence(decision: MarginDecision, margin: float, alpha: float, result: str) -> str:
    points = f"a margin of {100 * margin:g} point{'' if margin == 0.01 else 's'}, one-sided {100 * alpha:g} %"
    if decision.verdict != "undecided":
        p_of_verdict = decision.p_beyond if "by more" in decision.verdict else decision.p_within
        return f"{decision.verdict} ({points}, p = {p_of_verdict:.2g}): {result}."
    if decision.images_to_decide is None:
        return f"Undecided ({points}): {result}; no number of images would decide: the difference is the margin."
    return f"Undecided ({points}): {result}; about {decision.images_to_decide:,} images would decide."
