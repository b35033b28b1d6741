"""Finds predictions that say little about the images: a constant class, shuffled rows, a degenerate softmax.

No correction of the contract was tried that would raise the accuracy, so the gain is undefined. Source: FER-Z-05.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ferspec import spec
from ferspec.checks.model.class_order import best_assignment
from ferspec.reference.distributions import allowed, excess
from ferspec.reference.intervals import proportion
from ferspec.reference.measured import Metric
from ferspec.required import required
from ferspec.subjects.certificates.document import Diagnosis
from ferspec.subjects.models.contracts.contract import Contract


def symptom_of(
    labels: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray | None, contract: Contract | None
) -> Diagnosis | None:
    """Return a likely mistake that shows in predictions (n,), or None.

    ``probabilities`` are (n, k), or None for classes alone. With too few answers, no mistake is named.
    """
    answered = predicted < len(spec.load().classes)
    labels, predicted = labels[answered], predicted[answered]
    probabilities = None if probabilities is None else probabilities[answered]
    if len(predicted) < _number("least_images"):
        return None
    found = _constant_class(labels, predicted) or _of_probabilities(labels, predicted, probabilities)
    if found is None and probabilities is not None and (contract is None or contract.output.kind == "probabilities"):
        return _two_softmaxes(labels, predicted, probabilities)
    return found


def of_outputs(outputs: np.ndarray, contract: Contract) -> Diagnosis | None:
    """Return the mistake of declaring probabilities as logits, which applies a softmax twice; else None."""
    if contract.output.kind != "logits" or not np.isfinite(outputs).all() or excess(outputs) > allowed(outputs):
        return None
    message = (
        "the outputs are already probabilities: every row is a distribution. The softmax applied to declared logits "
        'flattens them and makes every confidence wrong. Declare kind = "probabilities" in [output].'
    )
    return _symptom("output kind", message, "logits", "probabilities", len(outputs))


def _constant_class(labels: np.ndarray, predicted: np.ndarray) -> Diagnosis | None:
    constant = np.bincount(predicted).argmax()
    if (predicted == constant).mean() < _number("constant") or (labels == constant).mean() >= _number("constant"):
        return None
    name = spec.load().classes[int(constant)]
    message = (
        f"the model answers {name} for nearly every image: its input is far from what it was trained on, or it has not "
        "learned. Check [input] in the contract."
    )
    return _symptom("predictions", message, "several classes", f"always {name}", len(predicted))


def _of_probabilities(labels: np.ndarray, predicted: np.ndarray, rows: np.ndarray | None) -> Diagnosis | None:
    if rows is None or not np.isfinite(rows).all() or excess(rows) > allowed(rows):
        return None
    n, confidence, level = len(predicted), rows.max(axis=1), spec.load().number("FER-Z-01", "level")
    best = int((best_assignment(labels, predicted)[predicted] == labels).sum())
    if confidence.mean() > required(proportion(best, n, level).high) and _independent(labels, predicted):
        message = (
            "the predictions are confident but unrelated to the labels: the rows do not belong to these images (was "
            "the order shuffled?), or the network was not trained."
        )
        return _symptom("predictions", message, "rows of these images", "rows in another order", n)
    right = proportion(int((predicted == labels).sum()), n, level)
    if confidence.min() >= 1 - _number("saturated") > required(right.high):
        message = (
            "every row gives one class the probability 1: the softmax is saturated, and its confidence means nothing."
        )
        return _symptom("predictions", message, "probabilities", "one class each", n)
    return None


def _two_softmaxes(labels: np.ndarray, predicted: np.ndarray, rows: np.ndarray) -> Diagnosis | None:
    # the highest probability that a softmax of probabilities can give
    most = math.e / (math.e + rows.shape[1] - 1) + spec.load().number("FER-B-04", "tolerance")
    right = proportion(int((predicted == labels).sum()), len(labels), spec.load().number("FER-Z-01", "level"))
    if not rows.max() <= most < required(right.low):
        return None
    message = (
        f"no probability exceeds {most:.2f}, but the accuracy is higher: a softmax was applied to probabilities, "
        "for example by two softmax layers."
    )
    return _symptom("predictions", message, "one softmax", "two softmaxes", len(labels))


def _independent(labels: np.ndarray, predicted: np.ndarray) -> bool:
    from scipy.stats import chi2_contingency
    from scipy.stats.contingency import crosstab

    table = crosstab(labels, predicted).count
    return bool(chi2_contingency(table).pvalue > spec.load().number("FER-Z-05", "alpha"))


def _symptom(
    kind: Literal["predictions", "output kind"], message: str, declared: str, likely: str, n: int
) -> Diagnosis:
    gain = Metric(value=None, undefined="the gain of a correction cannot be computed")
    return Diagnosis(kind=kind, message=message, declared=declared, likely=likely, gain=gain, n=n)


def _number(name: str) -> float:
    return spec.load().number("FER-Z-05", name)
