"""The class order that a model's columns most likely have, found from the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import factorial
from typing import Any

import numpy as np

from ferspec import spec
from ferspec.checks.model.paired import Gain, gain_of


@dataclass(frozen=True)
class ClassOrder:
    """A better reading of the columns: ``columns[i]`` is the class that is called class i by the contract."""

    columns: np.ndarray
    declared: tuple[str, ...]
    likely: tuple[str, ...]
    name: str | None
    gain: Gain
    p_value: float

    def described(self) -> dict[str, Any]:
        """Return the fields of a diagnosis."""
        called = f" (the order of {self.name})" if self.name else ""
        return {
            "message": f"the columns look like {', '.join(self.likely)}{called}, not as declared: the declared order "
            f"costs {100 * self.gain.figure.value:.1f} points of accuracy. Correct [output] classes.",
            "declared": ", ".join(self.declared),
            "likely": ", ".join(self.likely),
            "gain": self.gain.figure,
            "p_value": self.p_value,
            "n": self.gain.n,
        }


def likely_class_order(labels: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> ClassOrder | None:
    """Return the order that fits significantly better than the declared one, or None.

    ``names`` are the classes of the columns as declared; ``predicted`` (n,) are classes as the contract calls them.

    The orders that datasets publish are tried, and the optimal assignment over the confusion matrix, whose p value is
    multiplied by the number of orders it was chosen from (7! = 5,040). A published order that fits as well as the
    optimal one, within the least gain that is named, is preferred: it is the likelier mistake.
    """
    classes, index = spec.load().classes, spec.load().class_index
    declared = tuple(classes[index(name)] for name in names)
    known = {name: _reading(declared, order) for name, order in _published_orders().items()}
    optimal = best_assignment(labels, predicted)
    readings = [(name, reading, len(known)) for name, reading in known.items()]
    readings.append((None, optimal, factorial(len(optimal))))
    tried = [_judge(labels, predicted, declared, *reading) for reading in readings]
    alpha, least_gain = (spec.load().number("FER-Z-05", name) for name in ("alpha", "least_gain"))
    better = [order for order in tried if order.p_value <= alpha and order.gain.figure.value >= least_gain]
    if not better:
        return None
    best = max(order.gain.figure.value for order in better)
    return next(order for order in better if order.gain.figure.value >= best - least_gain)


def best_assignment(labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return the reading of the columns that makes most predictions right: class i is read as ``result[i]``."""
    from scipy.optimize import linear_sum_assignment

    count = len(spec.load().classes)
    confusion = np.zeros((count, count), dtype=int)
    np.add.at(confusion, (labels, predicted), 1)
    return linear_sum_assignment(-confusion.T)[1]


def _published_orders() -> dict[str, tuple[str, ...]]:
    classes = spec.load().classes
    return {
        name: tuple(known for known in order.classes if known in classes)
        for name, order in spec.load().label_orders.items()
    }


def _reading(declared: tuple[str, ...], order: tuple[str, ...]) -> np.ndarray:
    """Return for each class, as the contract calls it, the class that ``order`` has in the same column."""
    index = spec.load().class_index
    reading = np.empty(len(order), dtype=int)
    for called, likely in zip(declared, order, strict=True):
        reading[index(called)] = index(likely)
    return reading


def _judge(
    labels: np.ndarray,
    predicted: np.ndarray,
    declared: tuple[str, ...],
    name: str | None,
    reading: np.ndarray,
    chosen_from: int,
) -> ClassOrder:
    classes, index = spec.load().classes, spec.load().class_index
    gain = gain_of(labels, reading[predicted], predicted)
    likely = tuple(classes[reading[index(column)]] for column in declared)
    return ClassOrder(reading, declared, likely, name, gain, min(1.0, gain.p_value * chosen_from))
