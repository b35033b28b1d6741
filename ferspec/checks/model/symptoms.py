"""Finds predictions that say little about the images: a constant class, shuffled rows, a degenerate softmax.

No correction of the contract was tried that would raise the accuracy, so the gain is undefined. Source: FER-Z-05.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ferspec import spec
from ferspec.checks.model.unrelated import are_unrelated
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

    ``probabilities`` are (n, k), or None for classes alone. Predictions without a ``contract`` were read from a table.
    With too few answers, no mistake is named.
    """
    answered = predicted < len(spec.load().classes)
    labels, predicted = labels[answered], predicted[answered]
    rows = None if probabilities is None else probabilities[answered]
    if len(predicted) < _number("least_images"):
        return None
    found = _constant_class(labels, predicted, contract) or _unrelated(labels, predicted, rows, contract)
    if found is None and rows is not None and np.isfinite(rows).all() and excess(rows) <= allowed(rows):
        found = _saturated(labels, predicted, rows)
        if found is None and (contract is None or contract.output.kind == "probabilities"):
            found = _two_softmaxes(labels, predicted, rows)
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


def _constant_class(labels: np.ndarray, predicted: np.ndarray, contract: Contract | None) -> Diagnosis | None:
    constant = np.bincount(predicted).argmax()
    if (predicted == constant).mean() < _number("constant") or (labels == constant).mean() >= _number("constant"):
        return None
    name = spec.load().classes[int(constant)]
    advice = (
        "Check how its images were prepared, and which column was written."
        if contract is None
        else "Check [input] in the contract."
    )
    message = (
        f"the model answers {name} for nearly every image: its input is far from what it was trained on, or it was not "
        f"trained. {advice}"
    )
    return _symptom("predictions", message, "several classes", f"always {name}", len(predicted))


def _unrelated(
    labels: np.ndarray, predicted: np.ndarray, rows: np.ndarray | None, contract: Contract | None
) -> Diagnosis | None:
    if not are_unrelated(labels, predicted, rows):
        return None
    found = f"the {'classes are' if rows is None else 'predictions are confident but'} unrelated to the labels"
    if contract is None:
        cause = "the rows are in another order than the images (was the order shuffled, as by shuffle=True?)"
        message = f"{found}: {cause}, or the network was not trained."
        return _symptom("predictions", message, "rows of these images", "rows in another order", len(predicted))
    message = (
        f"{found}, in any order of the classes: the network was not trained (were its weights loaded?), or its images "
        "are prepared quite differently. Check [input] in the contract."
    )
    return _symptom("predictions", message, "answers to these images", "answers unrelated to them", len(predicted))


def _saturated(labels: np.ndarray, predicted: np.ndarray, rows: np.ndarray) -> Diagnosis | None:
    right = proportion(int((predicted == labels).sum()), len(labels), spec.load().number("FER-Z-01", "level"))
    if not rows.max(axis=1).min() >= 1 - _number("saturated") > required(right.high):
        return None
    message = "every row gives one class the probability 1: the softmax is saturated, and its confidence means nothing."
    return _symptom("predictions", message, "probabilities", "one class each", len(predicted))


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


def _symptom(
    kind: Literal["predictions", "output kind"], message: str, declared: str, likely: str, n: int
) -> Diagnosis:
    gain = Metric(value=None, undefined="the gain of a correction cannot be computed")
    return Diagnosis(kind=kind, message=message, declared=declared, likely=likely, gain=gain, n=n)


def _number(name: str) -> float:
    return spec.load().number("FER-Z-05", name)
