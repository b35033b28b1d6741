"""Checks on metrics, predicted classes and rounding (FER-M)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.attribute import Known, attributed
from ferspec.checks.implementation.answers.explain import Mistakes, Same, explained, near
from ferspec.checks.implementation.answers.judge import close, equal, field, first_failure, numbers, rows
from ferspec.checks.implementation.metrics import mistakes
from ferspec.checks.implementation.metrics.mistakes import AVERAGED, Array, averaged, occurring, per_class
from ferspec.engine import Check, checks_by_case
from ferspec.errors import SubjectError
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

# wide enough for single precision, and far below the difference of any other average
TOLERANCE = 1e-5
SAME = near(absolute=TOLERANCE)
Predictions = tuple[list[int], list[int]]


def _skewed(count: int) -> Predictions:
    """Return images, half of them Happy; recognition falls from class to class."""
    rng = np.random.default_rng(1)
    labels = rng.choice(7, size=count, p=[0.1, 0.03, 0.1, 0.5, 0.12, 0.1, 0.05])
    predictions = np.where(rng.random(count) < np.linspace(0.9, 0.2, 7)[labels], labels, (labels + 3) % 7)
    return labels.tolist(), predictions.tolist()


# labels and predictions
SETS: Mapping[str, Predictions] = {
    "12 images": ([0, 0, 1, 2, 2, 3, 3, 3, 3, 4, 5, 6], [0, 3, 3, 2, 6, 3, 3, 3, 4, 4, 5, 6]),
    "400 images of uneven classes": _skewed(400),
    # as many as the largest validation split has, that of FER2013
    "7,178 images of uneven classes": _skewed(7178),
    "images of four classes": ([0, 0, 2, 2, 3, 3, 3, 6, 6, 6], [0, 4, 0, 3, 3, 3, 4, 0, 3, 3]),
    "images all taken for Happy": ([0, 1, 2, 3, 3, 3, 4, 5, 6], [3] * 9),
    "images none of which is recognised": ([0, 1, 2, 3, 4, 5, 6, 6], [1, 2, 3, 4, 5, 6, 0, 0]),
    "a single image": ([5], [5]),
}
# outputs and their classes; single precision distinguishes the nearly equal ones
OUTPUTS: Mapping[str, tuple[list[list[float]], list[int]]] = {
    "rows of a square": (np.roll(np.eye(7), 2, axis=1).tolist(), [2, 3, 4, 5, 6, 0, 1]),
    "probabilities": ([[0.1, 0.2, 0.4, 0.1, 0.1, 0.05, 0.05], [0.3, 0.05, 0.05, 0.1, 0.1, 0.1, 0.3001]], [2, 6]),
    "outputs that are nearly equal": (
        [[0.2, 0.25, 0.1, 0.1, 0.05, 0.2500002, 0.05], [1, 7, 2, 0, 7.000003, 3, 4]],
        [5, 4],
    ),
    "outputs that differ in one digit each": (
        [[0.2, 0.2 + 4 * 10.0**-digit, 0.1, 0.1, 0.1, 0.1, 0.1] for digit in range(2, 8)],
        [1] * 6,
    ),
    "one row": ([[0.1, 0.1, 0.1, 0.1, 0.1, 0.4, 0.1]], [5]),
    "logits": ([[-9, -3, -5, -3.5, -8, -4, -7], [-12.5, 1, 2, 3, 2.5, -1, 0], [4, 0, -6, 5, 1, 2, 3]], [1, 3, 3]),
    "ties of two": ([[0, 0.4, 0.1, 0.4, 0.1, 0, 0], [0.5, 0, 0, 0, 0, 0, 0.5], [0, 0, 0, 0, 0, 0.5, 0.5]], [1, 0, 5]),
    "ties of three": ([[0.1, 0.05, 0.2, 0.05, 0.2, 0.2, 0.2], [-1, -2, -1, -1, -2, -2, -2]], [2, 0]),
    "rows of equal outputs": ([[0.25] * 7, [0] * 7], [0, 0]),
}
# each prints as one value only, except the last two, which lie halfway and may go either way
METRICS = (0.0, 1.0, 0.5, 0.1234, 0.1266, 0.5549, 0.5551, 0.7777, 0.999, 0.0049, 0.0051, 0.1146, 0.6549, 0.125, 0.875)


class Measured:
    """The answer of an implementation for one set, and checks on its numbers."""

    def __init__(self, subject: ImplementationSubject, name: str) -> None:
        self.name, (self.labels, self.predictions) = name, SETS[name]
        self.subject = subject
        self.asked = {"labels": self.labels, "predictions": self.predictions}
        self.answer = subject.ask("metrics", **self.asked)

    def value(self, metric: str) -> float:
        return float(numbers("metrics", field("metrics", self.answer, metric), ()))

    def close(self, what: str, metric: str, expected: float, known: Mistakes) -> CheckResult:
        """Compare a metric of all images."""
        found = close(self.value(metric), expected, TOLERANCE, (f"{what} of {self.name}",))
        return explained(found, self.answer, known, self.asked, lambda own, other: SAME(own[metric], other[metric]))

    def of_classes(self, metric: str, undefined: Array) -> Array:
        """Return the metric of each class; null counts as 0 where it may be undefined."""
        values = rows("metrics", field("metrics", field("metrics", self.answer, "per_class"), metric), len(undefined))
        for index, value in enumerate(values):
            if value is None and not undefined[index]:
                raise SubjectError(f"metrics gave no {metric} of {spec.load().classes[index]}, which has one")
        return numbers("metrics", _zeros(values), undefined.shape)

    def close_in_classes(
        self, metric: str, expected: Array, undefined: Array, judged: Array, known: Mistakes
    ) -> CheckResult:
        """Compare a metric of the classes that are judged."""
        observed = self.of_classes(metric, undefined)[judged]
        names = [f"{metric} of {name} over {self.name}" for name in np.array(spec.load().classes)[judged]]
        return explained(
            close(observed, expected[judged], TOLERANCE, names),
            self.answer,
            known,
            self.asked,
            _same_in_classes(metric),
        )

    def attributed(self, finding: CheckResult, clause: str) -> CheckResult:
        """Return a finding; a failure that a departure from another clause explains becomes a pass."""
        return attributed(finding, clause, KNOWN, self.subject, self.answer, self.asked)


def _numbers_of(answer: Any) -> Array:
    """Return all numbers of an answer, null as 0, and the classes named as undefined."""
    classes, named = spec.load().classes, rows("metrics", field("metrics", answer, "undefined"))
    of_classes = field("metrics", answer, "per_class")
    columns = [rows("metrics", field("metrics", of_classes, metric), len(classes)) for metric in AVERAGED]
    averages = [field("metrics", answer, metric) for metric in ("accuracy", *AVERAGED)]
    is_named = [float(name in named) for name in classes]
    return numbers("metrics", [*averages, *chain.from_iterable(map(_zeros, columns)), *is_named])


def _asked_again(subject: ImplementationSubject, asked: dict[str, Any]) -> Any:
    answer = subject.ask("metrics", **asked)
    _numbers_of(answer)
    return answer


def _made(steps: Sequence[Any]) -> Callable[[dict[str, Any]], Any] | None:
    """Return the answers of one mistake; each replaces the whole capability."""
    made = (*steps, mistakes.measured)[0]
    return None if len(steps) > 1 else lambda asked: made(**asked)


def _same_answer(own: Any, other: Any) -> bool:
    return other is not None and SAME(_numbers_of(own), _numbers_of(other))


KNOWN = Known(
    {
        "FER-M-01": mistakes.ACCURACIES,
        "FER-M-02": mistakes.AVERAGES | mistakes.SOME_MACRO,
        "FER-M-03": mistakes.RECALLS,
        "FER-M-04": mistakes.F1S,
        "FER-M-05": mistakes.UNDEFINED,
    },
    _made,
    [{"labels": labels, "predictions": predictions} for labels, predictions in SETS.values() if len(labels) < 1000],
    _asked_again,
    _same_answer,
)


def _zeros(values: list[Any]) -> list[Any]:
    return [0.0 if value is None else value for value in values]


def _same_in_classes(metric: str) -> Same:
    return lambda own, other: SAME(_zeros(own["per_class"][metric]), _zeros(other["per_class"][metric]))


def accuracy_is_the_share_of_right_images(subject: ImplementationSubject, name: str) -> CheckResult:
    """Accuracy is the share of images whose prediction is their label, whatever their class."""
    images = Measured(subject, name)
    expected = float(np.mean(np.equal(images.labels, images.predictions)))
    return images.close("accuracy", "accuracy", expected, mistakes.ACCURACIES)


def averages_are_weighted_by_support(subject: ImplementationSubject, name: str) -> CheckResult:
    """Precision, recall and F1 are averaged over classes, weighted by number of images."""
    images = Measured(subject, name)
    precision, recall, *_ = per_class(images.labels, images.predictions)
    never, absent = occurring(images.predictions) == 0, occurring(images.labels) == 0
    expected = averaged(images.labels, images.predictions)
    found = first_failure(
        [
            # another clause judges undefined values
            images.close_in_classes("precision", precision, never, ~never, mistakes.AVERAGES),
            images.close_in_classes("recall", recall, absent, ~absent, mistakes.AVERAGES),
            *(images.close(f"weighted {metric}", metric, expected[metric], mistakes.AVERAGES) for metric in AVERAGED),
        ]
    )
    return images.attributed(found, "FER-M-02")


def weighted_recall_is_the_accuracy(subject: ImplementationSubject, name: str) -> CheckResult:
    """Weighted recall and accuracy are the same number in every answer, right or wrong."""
    images = Measured(subject, name)
    found = images.close("weighted recall", "recall", images.value("accuracy"), mistakes.RECALLS)
    return found.model_copy(update={"expected": f"{found.expected}, as its accuracy"})


def f1_is_the_harmonic_mean_of_each_class(subject: ImplementationSubject, name: str) -> CheckResult:
    """F1 is the harmonic mean for each class; averaging comes afterwards."""
    images = Measured(subject, name)
    f1 = per_class(images.labels, images.predictions)[2]
    undefined = (occurring(images.labels) == 0) | (occurring(images.predictions) == 0)
    weighted = averaged(images.labels, images.predictions)["f1"]
    found = first_failure(
        [
            images.close_in_classes("f1", f1, undefined, np.full(len(f1), True), mistakes.F1S),
            images.close("weighted F1", "f1", weighted, mistakes.F1S),
        ]
    )
    return images.attributed(found, "FER-M-04")


def undefined_metrics_are_reported(subject: ImplementationSubject, name: str) -> CheckResult:
    """A class never predicted is named; its precision is null, or the 0 that averages count."""
    images = Measured(subject, name)
    classes, never, absent = spec.load().classes, occurring(images.predictions) == 0, occurring(images.labels) == 0
    expected = [classes[index] for index in np.flatnonzero(never)]
    named = sorted(set(map(str, rows("metrics", field("metrics", images.answer, "undefined")))))
    found = equal(named, expected, f"classes without a precision over {name}")
    findings = [
        explained(found, named, mistakes.UNDEFINED, images.asked, lambda own, other: own == sorted(other["undefined"]))
    ]
    for metric, undefined in (("precision", never), ("recall", absent)):
        if undefined.any():
            zeros = np.zeros(len(undefined))
            findings.append(images.close_in_classes(metric, zeros, undefined, undefined, mistakes.UNDEFINED))
    precision = averaged(images.labels, images.predictions)["precision"]
    findings.append(images.close("weighted precision", "precision", precision, mistakes.UNDEFINED))
    return images.attributed(first_failure(findings), "FER-M-05")


def the_highest_output_wins(subject: ImplementationSubject, name: str) -> CheckResult:
    """The predicted class is that of the highest output, the first of equal ones."""
    outputs, expected = OUTPUTS[name]
    answer = subject.ask("predicted_classes", outputs=outputs)
    observed = numbers("predicted_classes", answer, (len(outputs),)).tolist()
    found = equal(observed, [float(label) for label in expected], f"labels of {name}")
    return explained(found, observed, mistakes.PREDICTED, {"outputs": outputs})


def metrics_are_rounded_to_two_places(subject: ImplementationSubject, metric: float) -> CheckResult:
    """A metric is printed with two places; one that lies halfway may be rounded to either side."""
    observed = float(numbers("rounded", subject.ask("rounded", metric=metric), ()))
    nearest = (math.ceil(metric * 100 - 0.5) / 100, math.floor(metric * 100 + 0.5) / 100)
    expected = min(nearest, key=lambda value: abs(value - observed))
    found = close(observed, expected, TOLERANCE / 10, (f"{metric} in print",))
    return explained(found, observed, mistakes.ROUNDED, {"metric": metric}, near(absolute=TOLERANCE / 10))


CHECKS: tuple[Check, ...] = (
    *checks_by_case("FER-M-01", accuracy_is_the_share_of_right_images, list(SETS), needs=("metrics",)),
    *checks_by_case("FER-M-02", averages_are_weighted_by_support, list(SETS), needs=("metrics",)),
    *checks_by_case("FER-M-03", weighted_recall_is_the_accuracy, list(SETS), needs=("metrics",)),
    *checks_by_case("FER-M-04", f1_is_the_harmonic_mean_of_each_class, list(SETS), needs=("metrics",)),
    *checks_by_case("FER-M-05", undefined_metrics_are_reported, list(SETS), needs=("metrics",)),
    *checks_by_case("FER-M-06", the_highest_output_wins, list(OUTPUTS), needs=("predicted_classes",)),
    *checks_by_case("FER-M-07", metrics_are_rounded_to_two_places, METRICS, needs=("rounded",)),
)
