"""Metrics that break FER-M, and unusual ones that keep it."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np

from ferspec.checks.implementation.metrics.mistakes import (
    ACCURACIES,
    AVERAGED,
    AVERAGES,
    F1S,
    HIDDEN,
    MACRO_OF,
    PREDICTED,
    RECALLS,
    ROUNDED,
    UNDEFINED,
    averaged,
    averages,
    in_classes,
    per_class,
    weighed_by_predictions,
)
from ferspec.implementation.evaluation import EvaluationCapabilities
from mutants.kinds import mistaken, refusing, right, wrong

OWN = EvaluationCapabilities()
BALANCED = next(iter(ACCURACIES.values()))
LAST_OF_TIES = PREDICTED["the last of equal outputs wins"]
CUT_OFF = ROUNDED["digits are cut off, not rounded"]
ONE_REFUSED = {
    "FER-M-01": ("accuracy balanced over the classes", BALANCED),
    "FER-M-02": ("support counted from the predictions", averages(weighed_by_predictions)),
    "FER-M-03": ("recall weighted by predictions", averages(weighed_by_predictions)),
    "FER-M-04": ("the geometric mean for F1", F1S["it is the geometric mean of precision and recall"]),
    "FER-M-05": ("zero division hidden", UNDEFINED[HIDDEN]),
}


def macro(metric: str) -> Any:
    """Measure one metric with equal weights, and the others right."""
    return averages(lambda *images: {metric: averaged(*images, average="macro")[metric]})


def halves(own: dict[str, Any]) -> dict[str, Any]:
    return {name: [None if value is None else 0.5 for value in own[name]] for name in ("precision", "recall")}


def of_the_first_500(labels, predictions):
    return OWN.metrics(labels[:500], predictions[:500])


# --- right, and done otherwise ------------------------------------------------------------------------------------


def by_scikit_learn(labels, predictions):
    """It has 0 where a metric is undefined, and names those classes."""
    precision, recall, f1, _ = per_class(labels, predictions)
    names = OWN.metrics(labels, predictions)["undefined"]
    return {
        "per_class": {"f1": tuple(f1), "recall": tuple(recall), "precision": tuple(precision)},
        "undefined": names[::-1],
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
    """Metrics that are 0 or 1 come as integers, as other languages write them."""
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


def half_up(metric):
    return float(Decimal(str(metric)).quantize(Decimal("0.01"), ROUND_HALF_UP))


MUTANTS = (
    *mistaken("FER-M-01", "metrics", ACCURACIES),
    *mistaken("FER-M-02", "metrics", AVERAGES),
    *mistaken("FER-M-03", "metrics", RECALLS),
    *mistaken("FER-M-04", "metrics", F1S),
    *mistaken("FER-M-05", "metrics", UNDEFINED),
    *mistaken("FER-M-06", "predicted_classes", PREDICTED),
    *mistaken("FER-M-07", "rounded", ROUNDED),
    *(
        replace(wrong("FER-M-02", f"macro for weighted {metric}", metrics=macro(metric)), cause=f"{metric} {MACRO_OF}")
        for metric in AVERAGED
    ),
    wrong("FER-M-02", "precision and recall of each class one half throughout", metrics=in_classes(halves)),
    *(
        wrong(clause, "metrics of the first 500 images", metrics=of_the_first_500)
        for clause in ("FER-M-01", "FER-M-02")
    ),
    *(
        wrong(clause, f"{name}, one image refused", metrics=refusing(lambda asked: len(asked["labels"]) == 1, measured))
        for clause, (name, measured) in ONE_REFUSED.items()
    ),
    wrong(
        "FER-M-06",
        "the last of equal outputs wins, and one row alone is refused",
        predicted_classes=refusing(lambda asked: len(asked["outputs"]) == 1, LAST_OF_TIES),
    ),
    wrong(
        "FER-M-06",
        "labels as text",
        predicted_classes=lambda outputs: [str(label) for label in one_by_one(outputs)],
    ),
    wrong("FER-M-07", "digits cut off, and 0 refused", rounded=refusing(lambda asked: asked["metric"] == 0, CUT_OFF)),
    wrong("FER-M-07", "a text of two places", rounded=lambda metric: f"{metric:.2f}"),
    *(
        right(clause, f"metrics of {name}", metrics=measured)
        for clause in ("FER-M-01", "FER-M-02", "FER-M-03", "FER-M-04", "FER-M-05")
        for name, measured in (
            ("scikit-learn, as tuples in another order", by_scikit_learn),
            ("single precision", in_single_precision),
            ("whole numbers where they are whole", in_whole_numbers),
        )
    ),
    right("FER-M-06", "outputs compared one by one", predicted_classes=one_by_one),
    right(
        "FER-M-06",
        "labels as floating-point numbers",
        predicted_classes=lambda outputs: [float(label) for label in one_by_one(outputs)],
    ),
    right("FER-M-07", "a metric halfway rounded up", rounded=half_up),
    right("FER-M-07", "printed and read again", rounded=lambda metric: float(f"{metric:.2f}")),
    right("FER-M-07", "in single precision", rounded=lambda metric: float(np.float32(round(metric, 2)))),
)
