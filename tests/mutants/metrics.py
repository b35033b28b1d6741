"""Ways of measuring that break FER-M, all of them seen in the wild, and unusual ones that keep it."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from ferspec import spec
from ferspec.implementation.evaluation import EvaluationCapabilities
from mutants.kinds import refusing, right, wrong

SEVEN = range(7)
AVERAGED = ("precision", "recall", "f1")
OWN = EvaluationCapabilities()


def averaged(y_true: list[int], y_pred: list[int], **settings: Any) -> dict[str, float]:
    """Return precision, recall and F1 as scikit-learn averages them with these settings."""
    found = precision_recall_fscore_support(
        y_true, y_pred, **{"labels": SEVEN, "average": "weighted", "zero_division": 0} | settings
    )
    return dict(zip(AVERAGED, map(float, found[:3]), strict=True))


def per_class(labels: list[int], predictions: list[int], undefined: float = 0.0) -> list[np.ndarray]:
    found = precision_recall_fscore_support(labels, predictions, labels=SEVEN, zero_division=undefined)
    return [np.asarray(values, dtype=float) for values in found]


def accuracy(value):
    """Return a way of measuring that is right but for the accuracy."""
    return lambda labels, predictions: (
        OWN.metrics(labels, predictions) | {"accuracy": float(value(labels, predictions))}
    )


def averages(values):
    """Return a way of measuring that is right but for these averages."""
    return lambda labels, predictions: OWN.metrics(labels, predictions) | values(labels, predictions)


def classes(name: str, values):
    """Return a way of measuring in which a figure of each class is another, and its average follows from it."""

    def measured(labels, predictions):
        found, own = list(map(float, values(labels, predictions))), OWN.metrics(labels, predictions)
        average = float(np.average(found, weights=np.bincount(labels, minlength=7)))
        return own | {"per_class": own["per_class"] | {name: found}, name: average}

    return measured


def halves_in_classes(labels, predictions):
    """Averages that are right, beside figures of classes that are not."""
    own = OWN.metrics(labels, predictions)
    halves = {
        name: [None if value is None else 0.5 for value in own["per_class"][name]] for name in ("precision", "recall")
    }
    return own | {"per_class": own["per_class"] | halves}


def exchanged_in_classes(labels, predictions):
    own = OWN.metrics(labels, predictions)
    precision, recall = ([value or 0.0 for value in own["per_class"][name]] for name in ("precision", "recall"))
    return own | {"per_class": own["per_class"] | {"precision": recall, "recall": precision}}


def undefined(named):
    """Return a way of measuring that is right but for the classes it names."""
    return lambda labels, predictions: OWN.metrics(labels, predictions) | {"undefined": named(labels, predictions)}


def names(indices) -> list[str]:
    return [spec.load().classes[index] for index in indices]


def balanced(labels, predictions):
    return per_class(labels, predictions)[1][np.unique(labels)].mean()


def without_the_last_batch(labels, predictions):
    whole = max(1, len(labels) // 8 * 8)
    return np.mean(np.equal(labels[:whole], predictions[:whole]))


def weighted_by_predictions(labels, predictions):
    found, taken = per_class(labels, predictions), np.bincount(predictions, minlength=7)
    return {name: float(np.average(values, weights=taken)) for name, values in zip(AVERAGED, found[:3], strict=True)}


def without_classes_never_predicted(labels, predictions):
    found = per_class(labels, predictions)
    weights = np.bincount(labels, minlength=7) * (np.bincount(predictions, minlength=7) > 0)
    total = max(1, weights.sum())
    return {name: float((values * weights).sum() / total) for name, values in zip(AVERAGED, found[:3], strict=True)}


def harmonic(first, second):
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    return np.divide(2 * first * second, first + second, out=np.zeros_like(first), where=first + second > 0)


def f1_of(average: str):
    def value(labels, predictions):
        found = averaged(labels, predictions, average=average)
        return {"f1": float(harmonic(found["precision"], found["recall"]))}

    return value


def mean_of_both(labels, predictions):
    precision, recall, *_ = per_class(labels, predictions)
    return (precision + recall) / 2


def root_of_both(labels, predictions):
    precision, recall, *_ = per_class(labels, predictions)
    return np.sqrt(precision * recall)


def overlap(labels, predictions):
    f1 = per_class(labels, predictions)[2]
    return f1 / (2 - f1)


def recall_heavy(labels, predictions):
    precision, recall, *_ = per_class(labels, predictions)
    whole = 4 * precision + recall
    return np.divide(5 * precision * recall, whole, out=np.zeros(7), where=whole > 0)


def passed_off_as_perfect(name: str, of: int):
    """Return a way of measuring that says 1 for a class where it has no figure, and leaves the average as it is."""

    def measured(labels, predictions):
        own = OWN.metrics(labels, predictions)
        return own | {"per_class": own["per_class"] | {name: per_class(labels, predictions, 1.0)[of].tolist()}}

    return measured


def last_of_ties(outputs):
    return [len(row) - 1 - int(np.argmax(row[::-1])) for row in outputs]


def neutral_unless_sure(outputs):
    return [int(np.argmax(row)) if max(row) > 0.5 else 4 for row in outputs]


def rounded_outputs(digits: int):
    return lambda outputs: np.array(outputs).round(digits).argmax(axis=1).tolist()


def of_the_first_500(labels, predictions):
    return OWN.metrics(labels[:500], predictions[:500])


def rounded_twice(figure):
    once = Decimal(str(figure)).quantize(Decimal("0.001"), ROUND_HALF_UP)
    return float(once.quantize(Decimal("0.01"), ROUND_HALF_UP))


# --- right, and done otherwise ------------------------------------------------------------------------------------


def by_scikit_learn(labels, predictions):
    """It has 0 where a figure is undefined, and names those classes."""
    precision, recall, f1, _ = per_class(labels, predictions)
    return {
        "per_class": {"f1": tuple(f1), "recall": tuple(recall), "precision": tuple(precision)},
        "undefined": names(index for index in reversed(SEVEN) if index not in predictions),
        **averaged(labels, predictions),
        "accuracy": np.mean(np.equal(labels, predictions)),
    }


def in_single_precision(labels, predictions):
    own = OWN.metrics(labels, predictions)
    single = {name: float(np.float32(own[name])) for name in ("accuracy", *AVERAGED)}
    rows = {
        name: [None if value is None else float(np.float32(value)) for value in values]
        for name, values in own["per_class"].items()
    }
    return own | single | {"per_class": rows}


def in_whole_numbers(labels, predictions):
    """Figures that are 0 or 1 come as integers, as other languages write them."""
    own = OWN.metrics(labels, predictions)
    return {key: int(value) if value in (0.0, 1.0) else value for key, value in own.items()}


def one_by_one(outputs):
    labels = []
    for row in outputs:
        best = 0
        for index, value in enumerate(row):
            if value > row[best]:
                best = index
        labels.append(best)
    return labels


def half_up(figure):
    return float(Decimal(str(figure)).quantize(Decimal("0.01"), ROUND_HALF_UP))


MUTANTS = (
    wrong("FER-M-01", "accuracy balanced over the classes", metrics=accuracy(balanced)),
    wrong(
        "FER-M-01",
        "accuracy as the mean recall of all seven classes",
        metrics=accuracy(lambda labels, predictions: per_class(labels, predictions)[1].mean()),
    ),
    wrong(
        "FER-M-01",
        "the share of mistakes for the accuracy",
        metrics=accuracy(lambda labels, predictions: np.mean(np.not_equal(labels, predictions))),
    ),
    wrong(
        "FER-M-01",
        "accuracy in percent",
        metrics=accuracy(lambda labels, predictions: 100 * np.mean(np.equal(labels, predictions))),
    ),
    wrong("FER-M-01", "the last partial batch left out of the accuracy", metrics=accuracy(without_the_last_batch)),
    wrong(
        "FER-M-01",
        "the weighted precision for the accuracy",
        metrics=accuracy(lambda labels, predictions: averaged(labels, predictions)["precision"]),
    ),
    *(
        wrong(
            "FER-M-02",
            f"macro for weighted {name}",
            metrics=averages(
                lambda labels, predictions, name=name: {name: averaged(labels, predictions, average="macro")[name]}
            ),
        )
        for name in AVERAGED
    ),
    wrong(
        "FER-M-02",
        "macro over the classes that occur",
        metrics=averages(
            lambda labels, predictions: averaged(labels, predictions, average="macro", labels=np.unique(labels))
        ),
    ),
    wrong(
        "FER-M-02",
        "micro for weighted",
        metrics=averages(lambda labels, predictions: averaged(labels, predictions, average="micro")),
    ),
    wrong(
        "FER-M-02",
        "precision and recall exchanged",
        metrics=averages(lambda labels, predictions: averaged(predictions, labels)),
    ),
    wrong("FER-M-02", "support counted from the predictions", metrics=averages(weighted_by_predictions)),
    wrong(
        "FER-M-03",
        "macro recall beside the accuracy",
        metrics=averages(
            lambda labels, predictions: {"recall": averaged(labels, predictions, average="macro")["recall"]}
        ),
    ),
    wrong(
        "FER-M-03",
        "recall over the predictions of a class",
        metrics=averages(lambda labels, predictions: {"recall": averaged(labels, predictions)["precision"]}),
    ),
    wrong(
        "FER-M-03",
        "classes never predicted left out of the recall",
        metrics=averages(
            lambda labels, predictions: {"recall": without_classes_never_predicted(labels, predictions)["recall"]}
        ),
    ),
    wrong("FER-M-02", "precision and recall of each class exchanged", metrics=exchanged_in_classes),
    wrong("FER-M-02", "precision and recall of each class one half throughout", metrics=halves_in_classes),
    wrong("FER-M-04", "F1 of the averaged precision and recall", metrics=averages(f1_of("weighted"))),
    wrong("FER-M-04", "F1 of the macro averages", metrics=averages(f1_of("macro"))),
    wrong("FER-M-04", "the plain mean of precision and recall for F1", metrics=classes("f1", mean_of_both)),
    wrong("FER-M-04", "the geometric mean of precision and recall for F1", metrics=classes("f1", root_of_both)),
    wrong("FER-M-04", "intersection over union for F1", metrics=classes("f1", overlap)),
    wrong("FER-M-04", "F2, in which recall counts more", metrics=classes("f1", recall_heavy)),
    wrong(
        "FER-M-05",
        "an undefined precision counted as 1",
        metrics=averages(lambda labels, predictions: averaged(labels, predictions, zero_division=1)),
    ),
    wrong(
        "FER-M-05",
        "classes without a precision left out of the average",
        metrics=averages(without_classes_never_predicted),
    ),
    wrong("FER-M-05", "zero division hidden", metrics=undefined(lambda labels, predictions: [])),
    wrong(
        "FER-M-05",
        "undefined only where a class has images",
        metrics=undefined(lambda labels, predictions: names(sorted(set(labels) - set(predictions)))),
    ),
    wrong(
        "FER-M-05",
        "a precision of 0 reported as undefined",
        metrics=undefined(lambda labels, predictions: names(np.flatnonzero(per_class(labels, predictions)[0] == 0))),
    ),
    wrong(
        "FER-M-05",
        "classes without images reported for those never predicted",
        metrics=undefined(lambda labels, predictions: names(sorted(set(SEVEN) - set(labels)))),
    ),
    wrong("FER-M-05", "the precision of a class never predicted is 1", metrics=passed_off_as_perfect("precision", 0)),
    wrong("FER-M-05", "the recall of a class without images is 1", metrics=passed_off_as_perfect("recall", 1)),
    *(
        wrong(clause, "figures of the first 500 images", metrics=of_the_first_500)
        for clause in ("FER-M-01", "FER-M-02")
    ),
    *(
        wrong(clause, f"{name}, one image refused", metrics=refusing(lambda asked: len(asked["labels"]) == 1, measured))
        for clause, name, measured in (
            ("FER-M-01", "accuracy balanced over the classes", accuracy(balanced)),
            ("FER-M-02", "support counted from the predictions", averages(weighted_by_predictions)),
            ("FER-M-03", "recall weighted by predictions", averages(weighted_by_predictions)),
            ("FER-M-04", "the geometric mean of precision and recall for F1", classes("f1", root_of_both)),
            ("FER-M-05", "zero division hidden", undefined(lambda labels, predictions: [])),
        )
    ),
    *(
        wrong("FER-M-06", f"outputs rounded to {digits} digits first", predicted_classes=rounded_outputs(digits))
        for digits in (2, 4, 6)
    ),
    wrong(
        "FER-M-06",
        "the last of equal outputs wins, and one row alone is refused",
        predicted_classes=refusing(lambda asked: len(asked["outputs"]) == 1, last_of_ties),
    ),
    wrong("FER-M-06", "the last of equal outputs wins", predicted_classes=last_of_ties),
    wrong(
        "FER-M-06",
        "the output farthest from 0 wins",
        predicted_classes=lambda outputs: np.abs(outputs).argmax(axis=1).tolist(),
    ),
    wrong(
        "FER-M-06",
        "the lowest output wins",
        predicted_classes=lambda outputs: np.array(outputs).argmin(axis=1).tolist(),
    ),
    wrong(
        "FER-M-06",
        "labels counted from 1",
        predicted_classes=lambda outputs: (np.array(outputs).argmax(axis=1) + 1).tolist(),
    ),
    wrong("FER-M-06", "Neutral where no output is above a half", predicted_classes=neutral_unless_sure),
    wrong(
        "FER-M-06",
        "the highest output of a column, not of a row",
        predicted_classes=lambda outputs: np.array(outputs).argmax(axis=0).tolist(),
    ),
    wrong("FER-M-07", "digits cut off", rounded=lambda figure: math.floor(figure * 100) / 100),
    wrong(
        "FER-M-07",
        "digits cut off, and 0 refused",
        rounded=refusing(lambda asked: asked["figure"] == 0, lambda figure: math.floor(figure * 100) / 100),
    ),
    wrong("FER-M-07", "always rounded up", rounded=lambda figure: math.ceil(figure * 100) / 100),
    wrong("FER-M-07", "rounded to three places", rounded=lambda figure: round(figure, 3)),
    wrong("FER-M-07", "rounded to one place", rounded=lambda figure: round(figure, 1)),
    wrong("FER-M-07", "rounded twice, first to three places", rounded=rounded_twice),
    wrong("FER-M-07", "a text of two places", rounded=lambda figure: f"{figure:.2f}"),
    wrong("FER-M-07", "not rounded", rounded=lambda figure: figure),
    wrong("FER-M-07", "in percent", rounded=lambda figure: round(100 * figure)),
    *(
        right(clause, f"figures of {name}", metrics=measured)
        for clause in ("FER-M-01", "FER-M-02", "FER-M-03", "FER-M-04", "FER-M-05")
        for name, measured in (
            ("scikit-learn, as tuples in another order", by_scikit_learn),
            ("single precision", in_single_precision),
            ("whole numbers where they are whole", in_whole_numbers),
        )
    ),
    wrong(
        "FER-M-06",
        "labels as text",
        predicted_classes=lambda outputs: [str(label) for label in one_by_one(outputs)],
    ),
    right("FER-M-06", "outputs compared one by one", predicted_classes=one_by_one),
    right(
        "FER-M-06",
        "labels as floating-point numbers",
        predicted_classes=lambda outputs: [float(label) for label in one_by_one(outputs)],
    ),
    right("FER-M-07", "a figure halfway rounded up", rounded=half_up),
    right("FER-M-07", "printed and read again", rounded=lambda figure: float(f"{figure:.2f}")),
    right("FER-M-07", "in single precision", rounded=lambda figure: float(np.float32(round(figure, 2)))),
)
