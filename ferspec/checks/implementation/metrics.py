"""Whether labels and predictions become the figures of the protocol (FER-M)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.implementation.answers.judge import close, equal, field, first_failure, judge_each, numbers, rows
from ferspec.checks.implementation.answers.numbers import compared
from ferspec.engine import Check
from ferspec.errors import SubjectError
from ferspec.outcomes import CheckResult
from ferspec.subjects.implementations.subject import ImplementationSubject

# as wide as single precision needs, and far below what any other average differs by
TOLERANCE = 1e-5
AVERAGED = ("precision", "recall", "f1")


@dataclass(frozen=True)
class Predictions:
    """Labels and predictions of some images, and what is special about them."""

    what: str
    labels: list[int]
    predictions: list[int]

    @property
    def right(self) -> float:
        """The share of images whose prediction is their label."""
        return float(np.mean(np.equal(self.labels, self.predictions)))

    def per_class(self, undefined: float = 0.0) -> tuple[np.ndarray, ...]:
        """Return precision, recall, F1 and images of each class as scikit-learn has them."""
        from sklearn.metrics import precision_recall_fscore_support

        return precision_recall_fscore_support(
            self.labels, self.predictions, labels=range(len(spec.load().classes)), zero_division=undefined
        )

    def averages(self, average: str, undefined: float = 0.0) -> dict[str, float]:
        """Return precision, recall and F1 averaged as scikit-learn has them."""
        from sklearn.metrics import precision_recall_fscore_support

        classes = range(len(spec.load().classes))
        found = precision_recall_fscore_support(
            self.labels, self.predictions, labels=classes, average=average, zero_division=undefined
        )
        return dict(zip(AVERAGED, map(float, found[:3]), strict=True))


def _skewed(count: int) -> Predictions:
    """Return images of which half are Happy, each class recognised less often than the one before."""
    rng = np.random.default_rng(1)
    labels = rng.choice(7, size=count, p=[0.1, 0.03, 0.1, 0.5, 0.12, 0.1, 0.05])
    predictions = np.where(rng.random(count) < np.linspace(0.9, 0.2, 7)[labels], labels, (labels + 3) % 7)
    return Predictions(f"{count:,} images of uneven classes", labels.tolist(), predictions.tolist())


SETS = (
    Predictions("12 images", [0, 0, 1, 2, 2, 3, 3, 3, 3, 4, 5, 6], [0, 3, 3, 2, 6, 3, 3, 3, 4, 4, 5, 6]),
    _skewed(400),
    # as many as the largest validation part has, that of FER2013
    _skewed(7178),
    Predictions("images of four classes", [0, 0, 2, 2, 3, 3, 3, 6, 6, 6], [0, 4, 0, 3, 3, 3, 4, 0, 3, 3]),
    Predictions("images all taken for Happy", [0, 1, 2, 3, 3, 3, 4, 5, 6], [3] * 9),
    Predictions("images none of which is recognised", [0, 1, 2, 3, 4, 5, 6, 6], [1, 2, 3, 4, 5, 6, 0, 0]),
    Predictions("a single image", [5], [5]),
)

# Rows of a square come first: where columns are taken for rows, there are as many answers, and they are wrong.
# A tie goes to the first, what single precision tells apart is no tie, a large negative output is no large output, and
# seven times seven rows have seven answers.
OUTPUTS = (
    ("rows of a square", np.roll(np.eye(7), 2, axis=1).tolist(), [2, 3, 4, 5, 6, 0, 1]),
    ("probabilities", [[0.1, 0.2, 0.4, 0.1, 0.1, 0.05, 0.05], [0.3, 0.05, 0.05, 0.1, 0.1, 0.1, 0.3001]], [2, 6]),
    (
        "outputs that are nearly equal",
        [[0.2, 0.25, 0.1, 0.1, 0.05, 0.2500002, 0.05], [1, 7, 2, 0, 7.000003, 3, 4]],
        [5, 4],
    ),
    ("one row", [[0.1, 0.1, 0.1, 0.1, 0.1, 0.4, 0.1]], [5]),
    ("logits", [[-9, -3, -5, -3.5, -8, -4, -7], [-12.5, 1, 2, 3, 2.5, -1, 0], [4, 0, -6, 5, 1, 2, 3]], [1, 3, 3]),
    ("ties of two", [[0, 0.4, 0.1, 0.4, 0.1, 0, 0], [0.5, 0, 0, 0, 0, 0, 0.5], [0, 0, 0, 0, 0, 0.5, 0.5]], [1, 0, 5]),
    ("ties of three", [[0.1, 0.05, 0.2, 0.05, 0.2, 0.2, 0.2], [-1, -2, -1, -1, -2, -2, -2]], [2, 0]),
    ("rows of equal outputs", [[0.25] * 7, [0] * 7], [0, 0]),
)

# Each prints as one value only, but for the last two, which lie halfway and may go either way.
FIGURES = (0.0, 1.0, 0.5, 0.1234, 0.1266, 0.5549, 0.5551, 0.7777, 0.999, 0.0049, 0.0051, 0.1146, 0.6549, 0.125, 0.875)


def accuracy_is_the_share_of_right_images(subject: ImplementationSubject) -> CheckResult:
    """FER-M-01: accuracy counts right images over all, whatever their class."""

    def judged(images: Predictions) -> CheckResult:
        observed = _figure(_measured(subject, images), "accuracy")
        recall, present = images.per_class()[1], _counts(images.labels) > 0
        balanced = recall[present].mean()
        mistakes = {
            "recall is averaged over the classes (balanced accuracy), not counted over all images": balanced,
            "recall is averaged over all seven classes, not counted over all images": recall.mean(),
            "the share of wrong images is returned": 1 - images.right,
            "the accuracy is a percentage, not a share": 100 * images.right,
        }
        return compared(observed, images.right, TOLERANCE, f"accuracy of {images.what}", mistakes)

    return judge_each(judged, SETS)


def averages_are_weighted_by_support(subject: ImplementationSubject) -> CheckResult:
    """FER-M-02: precision, recall and F1 are those that scikit-learn averages by support, from those of each class."""

    def judged(images: Predictions) -> CheckResult:
        answer, expected = _measured(subject, images), images.averages("weighted")
        findings = [_of_each_class(answer, images, name) for name in ("precision", "recall")]
        macro, exchanged = (
            images.averages("macro"),
            Predictions("", images.predictions, images.labels).averages("weighted"),
        )
        per_class, taken = images.per_class(), _counts(images.predictions)
        for name, values in zip(AVERAGED, per_class[:3], strict=True):
            mistakes = {
                "every class weighs the same (macro)": macro[name],
                "hits are summed over all classes (micro), or classes weighed by their predictions": images.right,
                "labels and predictions are exchanged": exchanged[name],
                "classes are weighed by their predictions, not by their images": (values * taken).sum() / taken.sum(),
                "classes without images or predictions are left out of the average": _mean_of_present(values, images),
            }
            label = f"weighted {name} of {images.what}"
            findings.append(compared(_figure(answer, name), expected[name], TOLERANCE, label, mistakes))
        return first_failure(findings)

    return judge_each(judged, SETS)


def weighted_recall_is_the_accuracy(subject: ImplementationSubject) -> CheckResult:
    """FER-M-03: the two are one number in every answer, whether or not it is the right one."""

    def judged(images: Predictions) -> CheckResult:
        answer = _measured(subject, images)
        recall, accuracy = _figure(answer, "recall"), _figure(answer, "accuracy")
        mistakes = {
            "recall is averaged with every class weighing the same (macro)": images.averages("macro")["recall"],
            "recall is over the predictions of a class (it is the precision)": images.averages("weighted")["precision"],
        }
        return compared(recall, accuracy, TOLERANCE, f"weighted recall of {images.what} beside its accuracy", mistakes)

    return judge_each(judged, SETS)


def f1_is_the_harmonic_mean_of_each_class(subject: ImplementationSubject) -> CheckResult:
    """FER-M-04: F1 is taken class by class, and averaged afterwards."""

    def judged(images: Predictions) -> CheckResult:
        answer = _measured(subject, images)
        precision, recall, f1, support = images.per_class()
        undefined = (support == 0) | (_counts(images.predictions) == 0)
        observed = _class_figures(answer, "f1", undefined)
        likely = "it is the plain mean of precision and recall" if _same(observed, (precision + recall) / 2) else None
        names = [f"F1 of {name} over {images.what}" for name in spec.load().classes]
        of_each_class = close(observed, f1, TOLERANCE, names, likely)
        weighted, macro = images.averages("weighted"), images.averages("macro")
        mistakes = {
            "it is the harmonic mean of the averaged precision and recall": _harmonic(weighted),
            "it is the harmonic mean of precision and recall averaged with equal weights": _harmonic(macro),
            "every class weighs the same (macro)": macro["f1"],
        }
        label = f"weighted F1 of {images.what}"
        averaged = compared(_figure(answer, "f1"), weighted["f1"], TOLERANCE, label, mistakes)
        return first_failure([of_each_class, averaged])

    return judge_each(judged, SETS)


def undefined_figures_are_reported(subject: ImplementationSubject) -> CheckResult:
    """FER-M-05: a class never predicted is named; its precision is null, or the 0 that averages count."""
    counted_as = spec.load().value("FER-M-05", "counted_as")

    def judged(images: Predictions) -> CheckResult:
        answer = _measured(subject, images)
        never = {name for index, name in enumerate(spec.load().classes) if index not in images.predictions}
        named = set(map(str, rows("metrics", field("metrics", answer, "undefined"))))
        likely = "a precision of nothing is hidden as a number" if named < never else None
        findings = [equal(sorted(named), sorted(never), f"classes without a precision over {images.what}", likely)]
        for name, occurring in (("precision", images.predictions), ("recall", images.labels)):
            undefined = _counts(occurring) == 0
            if undefined.any():
                observed = _class_figures(answer, name, undefined)[undefined]
                labels = [f"{name} of {of} over {images.what}" for of in np.array(spec.load().classes)[undefined]]
                likely = "an undefined figure is passed off as a perfect one" if (observed == 1).any() else None
                findings.append(close(observed, np.full(len(observed), counted_as), TOLERANCE, labels, likely))
        mistakes = {
            "an undefined precision is counted as 1": images.averages("weighted", 1.0)["precision"],
            "classes without a precision are left out of the average": _mean_of_present(images.per_class()[0], images),
        }
        expected = images.averages("weighted", counted_as)["precision"]
        label = f"weighted precision of {images.what}"
        findings.append(compared(_figure(answer, "precision"), expected, TOLERANCE, label, mistakes))
        return first_failure(findings)

    return judge_each(judged, SETS)


def the_highest_output_wins(subject: ImplementationSubject) -> CheckResult:
    """FER-M-06: labels are those of the highest outputs, the first of equal ones."""

    def judged(case: tuple[str, list[list[float]], list[int]]) -> CheckResult:
        what, outputs, expected = case
        answer = subject.ask("predicted_classes", outputs=outputs)
        observed = numbers("predicted_classes", answer, (len(outputs),)).tolist()
        values = np.array(outputs)
        mistakes = {
            "the last of equal outputs wins": values.shape[1] - 1 - values[:, ::-1].argmax(axis=1),
            "the output farthest from 0 wins": np.abs(values).argmax(axis=1),
            "the lowest output wins": values.argmin(axis=1),
            "classes are counted from 1": np.array(expected) + 1,
            "the highest output of each column is taken, not of each row": values.argmax(axis=0),
        } | {
            f"outputs are rounded to {digits} digits first": values.round(digits).argmax(axis=1)
            for digits in range(1, 7)
        }
        likely = (said for said, labels in mistakes.items() if np.array_equal(observed, labels))
        return equal(observed, [float(label) for label in expected], f"labels of {what}", next(likely, None))

    return judge_each(judged, OUTPUTS)


def figures_are_rounded_to_two_places(subject: ImplementationSubject) -> CheckResult:
    """FER-M-07: a figure halfway may be rounded to either side: what is printed stands for both."""
    unit = 10.0 ** -spec.load().value("FER-M-07", "decimals")

    def judged(figure: float) -> CheckResult:
        observed = float(numbers("rounded", subject.ask("rounded", figure=figure), ()))
        below, above = (of(figure / unit - shift) * unit for of, shift in ((math.ceil, 0.5), (math.floor, -0.5)))
        mistakes = {
            "digits are cut off, not rounded": math.floor(figure / unit) * unit,
            "it is rounded to one place": round(figure, 1),
            "it is rounded to three places": round(figure, 3),
            "it is rounded twice, first to three places": round(round(figure, 3) + 1e-9, 2),
            "it is rounded up": math.ceil(figure / unit) * unit,
            "it is a percentage, not a share": round(100 * figure),
        }
        nearest = min((below, above), key=lambda value: abs(value - observed))
        return compared(observed, nearest, TOLERANCE / 10, f"{figure} in print", mistakes)

    return judge_each(judged, FIGURES)


def _measured(subject: ImplementationSubject, images: Predictions) -> Any:
    return subject.ask("metrics", labels=images.labels, predictions=images.predictions)


def _figure(answer: Any, name: str) -> float:
    return float(numbers("metrics", field("metrics", answer, name), ()))


def _class_figures(answer: Any, name: str, undefined: np.ndarray) -> np.ndarray:
    """Return the figures of the classes, one that is null as 0 where it may be undefined."""
    values = rows("metrics", field("metrics", field("metrics", answer, "per_class"), name), len(undefined))
    for index, value in enumerate(values):
        if value is None and not undefined[index]:
            raise SubjectError(f"metrics gave no {name} of {spec.load().classes[index]}, which has one")
    return numbers("metrics", [0.0 if value is None else value for value in values], undefined.shape)


def _of_each_class(answer: Any, images: Predictions, name: str) -> CheckResult:
    """Compare the figures of those classes that have one; what stands for others is another clause's."""
    precision, recall, *_ = images.per_class()
    own, exchanged = (precision, recall) if name == "precision" else (recall, precision)
    defined = _counts(images.predictions if name == "precision" else images.labels) > 0
    observed = _class_figures(answer, name, ~defined)[defined]
    likely = "precision and recall of the classes are exchanged" if _same(observed, exchanged[defined]) else None
    names = [f"{name} of {of} over {images.what}" for of in np.array(spec.load().classes)[defined]]
    return close(observed, own[defined], TOLERANCE, names, likely)


def _mean_of_present(values: np.ndarray, images: Predictions) -> float:
    """Return the average by support over the classes that have both images and predictions, 0 without any."""
    support, taken = (_counts(of) for of in (images.labels, images.predictions))
    weights = support * (taken > 0)
    return float((values * weights).sum() / max(1, weights.sum()))


def _harmonic(figures: dict[str, float]) -> float:
    precision, recall = figures["precision"], figures["recall"]
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _same(observed: np.ndarray, values: np.ndarray) -> bool:
    return bool((np.abs(observed - values) <= TOLERANCE).all())


def _counts(classes: np.ndarray) -> np.ndarray:
    """Return how often each class occurs."""
    return np.bincount(classes, minlength=len(spec.load().classes))


CHECKS = (
    Check("FER-M-01", accuracy_is_the_share_of_right_images, needs=("metrics",)),
    Check("FER-M-02", averages_are_weighted_by_support, needs=("metrics",)),
    Check("FER-M-03", weighted_recall_is_the_accuracy, needs=("metrics",)),
    Check("FER-M-04", f1_is_the_harmonic_mean_of_each_class, needs=("metrics",)),
    Check("FER-M-05", undefined_figures_are_reported, needs=("metrics",)),
    Check("FER-M-06", the_highest_output_wins, needs=("predicted_classes",)),
    Check("FER-M-07", figures_are_rounded_to_two_places, needs=("rounded",)),
)
