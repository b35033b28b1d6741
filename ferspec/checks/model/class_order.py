"""Finds the class order that a model's columns most likely have, from the confusion matrix."""

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
    """A class order that fits better. ``columns[i]`` is the class that the contract calls class i."""

    columns: np.ndarray
    declared: tuple[str, ...]
    likely: tuple[str, ...]
    name: str | None
    gain: Gain
    p_value: float

    def described(self) -> dict[str, Any]:
        """Return the fields of a diagnosis."""
        source = f" (the order of {self.name})" if self.name else ""
        return {
            "message": f"the columns look like {', '.join(self.likely)}{source}, not as declared: the declared order "
            f"costs {100 * self.gain.accuracy:.1f} points of accuracy. Correct [output] classes.",
            "declared": ", ".join(self.declared),
            "likely": ", ".join(self.likely),
            "gain": self.gain.figure,
            "p_value": self.p_value,
            "n": self.gain.n,
        }


def likely_class_order(labels: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> ClassOrder | None:
    """Return the order that fits significantly better than the declared one, or None.

    ``names`` are the declared classes of the columns; those outside the seven keep their place, and without all of the
    seven there is no order. ``labels`` (n,) are the true classes, ``predicted`` (n,) the classes as the contract calls
    them; images without one of the seven are left out. Candidates are the orders that datasets publish and the optimal
    assignment over the confusion matrix. Each p value is multiplied by the number of candidates it was chosen from
    (7! = 5,040 for the assignment). A published order is preferred if its gain is within the least reported gain of the
    best one: it is the likelier mistake. Source: FER-Z-05.
    """
    classes = spec.load().classes
    indices = [index for name in names if (index := spec.load().column_class(name)) is not None]
    answered = predicted < len(classes)
    if len(indices) < len(classes) or not answered.any():
        return None
    declared, labels, predicted = tuple(classes[index] for index in indices), labels[answered], predicted[answered]
    published = {name: _columns(declared, order) for name, order in _published_orders().items()}
    optimal = best_assignment(labels, predicted)
    candidates: list[tuple[str | None, np.ndarray, int]] = [
        *((name, columns, len(published)) for name, columns in published.items()),
        (None, optimal, factorial(len(optimal))),
    ]
    orders = [_class_order(labels, predicted, declared, *candidate) for candidate in candidates]
    alpha, least_gain = (spec.load().number("FER-Z-05", name) for name in ("alpha", "least_gain"))
    better = [order for order in orders if order.p_value <= alpha and order.gain.accuracy >= least_gain]
    if not better:
        return None
    best = max(order.gain.accuracy for order in better)
    return next(order for order in better if order.gain.accuracy >= best - least_gain)


def best_assignment(labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return the class order that makes most predictions right: class i is read as ``result[i]``."""
    from scipy.optimize import linear_sum_assignment

    count = len(spec.load().classes)
    confusion = np.zeros((count, count), dtype=int)
    answered = predicted < count
    np.add.at(confusion, (labels[answered], predicted[answered]), 1)
    return np.asarray(linear_sum_assignment(-confusion.T)[1])


def published_columns(names: Sequence[str]) -> list[np.ndarray]:
    """Return the columns of each published order, as ``ClassOrder`` has them.

    Without all of the seven there are none.
    """
    classes = spec.load().classes
    indices = [index for name in names if (index := spec.load().column_class(name)) is not None]
    if len(indices) < len(classes):
        return []
    declared = tuple(classes[index] for index in indices)
    return [_columns(declared, order) for order in _published_orders().values()]


def _published_orders() -> dict[str, tuple[str, ...]]:
    classes = spec.load().classes
    return {
        name: tuple(known for known in order.classes if known in classes)
        for name, order in spec.load().label_orders.items()
    }


def _columns(declared: tuple[str, ...], order: tuple[str, ...]) -> np.ndarray:
    """Return, for each declared class, the class that ``order`` has in the same column."""
    index = spec.load().class_index
    columns = np.empty(len(order), dtype=int)
    for name, likely in zip(declared, order, strict=True):
        columns[index(name)] = index(likely)
    return columns


def _class_order(
    labels: np.ndarray,
    predicted: np.ndarray,
    declared: tuple[str, ...],
    name: str | None,
    columns: np.ndarray,
    chosen_from: int,
) -> ClassOrder:
    classes, index = spec.load().classes, spec.load().class_index
    gain = gain_of(labels, columns[predicted], predicted)
    likely = tuple(classes[columns[index(name)]] for name in declared)
    return ClassOrder(columns, declared, likely, name, gain, min(1.0, gain.p_value * chosen_from))
