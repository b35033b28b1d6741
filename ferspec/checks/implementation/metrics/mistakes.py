"""Common mistakes in computing metrics (FER-M).

Correct values come from scikit-learn, which is independent of the suite's own metrics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from ferspec import spec
from ferspec.checks.implementation.answers.explain import Capability

Array = npt.NDArray[Any]
Answer = dict[str, Any]
# a number or an answer computed from labels and predictions
Value = Callable[[Sequence[int], Sequence[int]], Any]
AVERAGED = ("precision", "recall", "f1")


def per_class(labels: Sequence[int], predictions: Sequence[int], undefined: float = 0.0) -> tuple[Array, ...]:
    """Return precision, recall, F1 and images of each class as scikit-learn has them."""
    from sklearn.metrics import precision_recall_fscore_support

    classes = range(len(spec.load().classes))
    return tuple(precision_recall_fscore_support(labels, predictions, labels=classes, zero_division=undefined))


def averaged(y_true: Sequence[int], y_pred: Sequence[int], **settings: Any) -> dict[str, float]:
    """Return precision, recall and F1 as scikit-learn averages them with these settings, else by support."""
    from sklearn.metrics import precision_recall_fscore_support

    usual = {"labels": range(len(spec.load().classes)), "average": "weighted", "zero_division": 0}
    found = precision_recall_fscore_support(y_true, y_pred, **(usual | settings))
    return dict(zip(AVERAGED, map(float, found[:3]), strict=True))


def occurring(classes: Sequence[int]) -> Array:
    """Return how often each class occurs."""
    return np.bincount(classes, minlength=len(spec.load().classes))


def measured(labels: Sequence[int], predictions: Sequence[int]) -> Answer:
    """Return the right answer of the capability ``metrics``; undefined metrics are null."""
    precision, recall, f1, _ = per_class(labels, predictions, math.nan)
    return {
        "accuracy": float(np.mean(np.equal(labels, predictions))),
        **averaged(labels, predictions),
        "per_class": {
            metric: [None if math.isnan(value) else float(value) for value in values]
            for metric, values in zip(AVERAGED, (precision, recall, f1), strict=True)
        },
        "undefined": _names(np.flatnonzero(occurring(predictions) == 0)),
    }


def _names(classes: Iterable[int]) -> list[str]:
    return [spec.load().classes[index] for index in classes]


def accuracy(value: Value) -> Capability:
    """Return ``metrics`` with another accuracy."""
    return lambda labels, predictions: measured(labels, predictions) | {"accuracy": float(value(labels, predictions))}


def averages(value: Value) -> Capability:
    """Return ``metrics`` with other averages."""
    return lambda labels, predictions: measured(labels, predictions) | value(labels, predictions)


def of_classes(value: Callable[[Array, Array], Array]) -> Capability:
    """Return ``metrics`` with another F1 of precision and recall, and its average."""

    def capability(labels: Sequence[int], predictions: Sequence[int]) -> Answer:
        precision, recall, _, support = per_class(labels, predictions)
        right, f1 = measured(labels, predictions), value(precision, recall)
        average = float(np.average(f1, weights=support))
        return right | {"per_class": right["per_class"] | {"f1": f1.tolist()}, "f1": average}

    return capability


def undefined(named: Value) -> Capability:
    """Return ``metrics`` that names other classes as those without a precision."""
    return lambda labels, predictions: (
        measured(labels, predictions) | {"undefined": _names(sorted(named(labels, predictions)))}
    )


def in_classes(changed: Callable[[Answer], Answer]) -> Capability:
    """Return ``metrics`` with changed metrics of the classes and the right averages."""

    def capability(labels: Sequence[int], predictions: Sequence[int]) -> Answer:
        right = measured(labels, predictions)
        return right | {"per_class": right["per_class"] | changed(right["per_class"])}

    return capability


def _perfect(metric: str) -> Capability:
    """Return ``metrics`` in which a metric of a class is 1 where it is undefined."""
    return in_classes(
        lambda per_class: {metric: [1.0 if value is None else value for value in per_class[metric]]},
    )


def _balanced(labels: Sequence[int], predictions: Sequence[int]) -> Any:
    return per_class(labels, predictions)[1][np.unique(labels)].mean()


def _without_the_last_batch(labels: Sequence[int], predictions: Sequence[int]) -> Any:
    whole = max(1, len(labels) // 8 * 8)
    return np.mean(np.equal(labels[:whole], predictions[:whole]))


def weighed_by_predictions(labels: Sequence[int], predictions: Sequence[int]) -> dict[str, float]:
    """Return averages weighted by the number of predictions of each class."""
    weights, values = occurring(predictions), per_class(labels, predictions)[:3]
    return {metric: float(np.average(value, weights=weights)) for metric, value in zip(AVERAGED, values, strict=True)}


def _of_predicted_classes(labels: Sequence[int], predictions: Sequence[int]) -> dict[str, float]:
    weights = occurring(labels) * (occurring(predictions) > 0)
    values = (float((value * weights).sum() / max(1, weights.sum())) for value in per_class(labels, predictions)[:3])
    return dict(zip(AVERAGED, values, strict=True))


def harmonic(first: Any, second: Any, of_zeros: float = 0.0) -> Array:
    """Return the harmonic mean, ``of_zeros`` where both are 0."""
    first, second = np.asarray(first, float), np.asarray(second, float)
    both = first + second
    return np.asarray(np.divide(2 * first * second, both, out=np.full_like(first, of_zeros), where=both > 0))


def _f1_of(average: str) -> Value:
    def value(labels: Sequence[int], predictions: Sequence[int]) -> dict[str, float]:
        found = averaged(labels, predictions, average=average)
        return {"f1": float(harmonic(found["precision"], found["recall"]))}

    return value


EXCHANGED = ("precision", "recall"), ("recall", "precision")
MACRO, MACRO_OF = "every class weighs the same (macro)", "weighs every class the same (macro)"
ACCURACIES: dict[str, Capability] = {
    "recall is averaged over the classes (balanced accuracy), not counted over all images": accuracy(_balanced),
    "recall is averaged over all seven classes, not counted over all images": accuracy(
        lambda labels, predictions: per_class(labels, predictions)[1].mean()
    ),
    "the share of wrong images is returned": accuracy(
        lambda labels, predictions: np.mean(np.not_equal(labels, predictions))
    ),
    "the accuracy is a percentage, not a share": accuracy(
        lambda labels, predictions: 100 * np.mean(np.equal(labels, predictions))
    ),
    "the last partial batch is left out": accuracy(_without_the_last_batch),
    "this is the weighted precision": accuracy(lambda labels, predictions: averaged(labels, predictions)["precision"]),
}
AVERAGES: dict[str, Capability] = {
    MACRO: averages(lambda labels, predictions: averaged(labels, predictions, average="macro")),
    "every class that has images weighs the same": averages(
        lambda labels, predictions: averaged(labels, predictions, average="macro", labels=np.unique(labels))
    ),
    "hits are summed over all classes (micro)": averages(
        lambda labels, predictions: averaged(labels, predictions, average="micro")
    ),
    "labels and predictions are exchanged": averages(lambda labels, predictions: averaged(predictions, labels)),
    "classes are weighed by their predictions, not by their images": averages(weighed_by_predictions),
    "classes without images or predictions are left out of the average": averages(_of_predicted_classes),
    "precision and recall of the classes are exchanged": in_classes(
        lambda own: {name: [value or 0.0 for value in own[other]] for name, other in zip(*EXCHANGED, strict=True)}
    ),
}


def _macro(chosen: tuple[str, ...], labels: Sequence[int], predictions: Sequence[int]) -> dict[str, float]:
    found = averaged(labels, predictions, average="macro")
    return {metric: found[metric] for metric in chosen}


# some averages alone: a program may mix them
SOME_MACRO: dict[str, Capability] = {
    f"{' and '.join(chosen)} {MACRO_OF}": averages(partial(_macro, chosen))
    for size in (1, 2)
    for chosen in combinations(AVERAGED, size)
}
RECALLS: dict[str, Capability] = {
    "recall is averaged with every class weighing the same (macro)": averages(
        lambda labels, predictions: {"recall": averaged(labels, predictions, average="macro")["recall"]}
    ),
    "recall is over the predictions of a class (it is the precision)": averages(
        lambda labels, predictions: {"recall": averaged(labels, predictions)["precision"]}
    ),
    "classes that are never predicted are left out of the recall": averages(
        lambda labels, predictions: {"recall": _of_predicted_classes(labels, predictions)["recall"]}
    ),
    "it is the share of images that are missed": averages(
        lambda labels, predictions: {"recall": 1 - averaged(labels, predictions)["recall"]}
    ),
}
F1S: dict[str, Capability] = {
    "it is the plain mean of precision and recall": of_classes(lambda precision, recall: (precision + recall) / 2),
    "it is the geometric mean of precision and recall": of_classes(
        lambda precision, recall: np.sqrt(precision * recall)
    ),
    "it is the intersection over union": of_classes(
        lambda precision, recall: harmonic(precision, recall) / (2 - harmonic(precision, recall))
    ),
    "it is F2, in which recall counts more": of_classes(
        lambda precision, recall: 0.625 * harmonic(4 * precision, recall)
    ),
    "it is 1 where precision and recall are 0": of_classes(lambda precision, recall: harmonic(precision, recall, 1.0)),
    "it is the harmonic mean of the averaged precision and recall": averages(_f1_of("weighted")),
    "it is the harmonic mean of precision and recall averaged with equal weights": averages(_f1_of("macro")),
}
HIDDEN = "a precision of nothing is hidden as a number"
UNDEFINED: dict[str, Capability] = {
    HIDDEN: undefined(lambda labels, predictions: []),
    "classes without images are not named": undefined(lambda labels, predictions: set(labels) - set(predictions)),
    "a precision of 0 is reported as undefined": undefined(
        lambda labels, predictions: np.flatnonzero(per_class(labels, predictions)[0] == 0)
    ),
    "a precision below a half is reported as undefined": undefined(
        lambda labels, predictions: np.flatnonzero(per_class(labels, predictions)[0] < 0.5)
    ),
    "classes without images are named, not those that are never predicted": undefined(
        lambda labels, predictions: np.flatnonzero(occurring(labels) == 0)
    ),
    "the precision of a class that is never predicted is 1": _perfect("precision"),
    "the recall of a class without images is 1": _perfect("recall"),
    "an undefined precision is counted as 1": averages(
        lambda labels, predictions: averaged(labels, predictions, zero_division=1)
    ),
    "classes without a precision are left out of the average": averages(_of_predicted_classes),
}


def _of_rounded(digits: int) -> Capability:
    return lambda outputs: np.array(outputs).round(digits).argmax(axis=1).tolist()


PREDICTED: dict[str, Capability] = {
    "the last of equal outputs wins": lambda outputs: [len(row) - 1 - int(np.argmax(row[::-1])) for row in outputs],
    "the output farthest from 0 wins": lambda outputs: np.abs(outputs).argmax(axis=1).tolist(),
    "the lowest output wins": lambda outputs: np.array(outputs).argmin(axis=1).tolist(),
    "classes are counted from 1": lambda outputs: (np.array(outputs).argmax(axis=1) + 1).tolist(),
    "the highest output of each column is taken, not of each row": lambda outputs: (
        np.array(outputs).argmax(axis=0).tolist()
    ),
    "it is Neutral where no output is above a half": lambda outputs: [
        int(np.argmax(row)) if max(row) > 0.5 else spec.load().classes.index("Neutral") for row in outputs
    ],
    **{f"outputs are rounded to {digits} digits first": _of_rounded(digits) for digits in range(1, 7)},
}


def _rounded_twice(metric: float) -> float:
    once = Decimal(str(metric)).quantize(Decimal("0.001"), ROUND_HALF_UP)
    return float(once.quantize(Decimal("0.01"), ROUND_HALF_UP))


ROUNDED: dict[str, Capability] = {
    "digits are cut off, not rounded": lambda metric: math.floor(metric * 100) / 100,
    "it is rounded up": lambda metric: math.ceil(metric * 100) / 100,
    "it is rounded to one place": lambda metric: round(metric, 1),
    "it is rounded to three places": lambda metric: round(metric, 3),
    "it is rounded twice, first to three places": _rounded_twice,
    "it is not rounded": lambda metric: metric,
    "it is a percentage, not a share": lambda metric: round(100 * metric),
}
