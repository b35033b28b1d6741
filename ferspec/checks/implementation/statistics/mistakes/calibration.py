"""Typical mistakes in calibration metrics (FER-Z-04, FER-Z-07, FER-Z-08)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ferspec.checks.implementation.answers.explain import Capability
from ferspec.checks.implementation.statistics.mistakes.intervals import Made, mirrored, normal
from ferspec.checks.implementation.statistics.monte_carlo import Array, percentiles, widened

# an independent witness of FER-Z-04 and FER-Z-07
BINS, FLOOR = 15, 1e-7

Labels = Sequence[int]
Rows = Sequence[Sequence[float]]
# an error from the share of images in each bin, and its accuracy minus its mean confidence
Combined = Callable[[Array, Array], Any]


def confident(labels: Labels, probabilities: Rows) -> tuple[Array, Array]:
    """Return the confidence of each image and whether it is right."""
    rows = np.array(probabilities)
    return rows.max(axis=1), (rows.argmax(axis=1) == np.array(labels)).astype(float)


def equal_width(confidence: Array, bins: int = BINS) -> Array:
    """Return the bin of each image; a certain one lies in the last bin."""
    return np.asarray(np.minimum(np.floor(confidence * bins), bins - 1).astype(int))


def _equal_mass(confidence: Array) -> Array:
    return np.asarray(np.argsort(np.argsort(confidence, kind="stable")) * BINS // len(confidence))


def weighted(shares: Array, gaps: Array) -> float:
    """Return the mean absolute gap of the bins, weighted by their images."""
    return float((shares * np.abs(gaps)).sum())


def binned(confidence: Array, right: Array, places: Array, combined: Combined = weighted) -> float:
    """Return the error of images in bins."""
    inside = [places == place for place in np.unique(places)]
    gaps = np.array([right[images].mean() - confidence[images].mean() for images in inside])
    return float(combined(np.array([images.mean() for images in inside]), gaps))


def calibration_error(places: Callable[[Array], Array] = equal_width, combined: Combined = weighted) -> Capability:
    """Return ``calibration_error`` with these bins and this combination of them."""

    def capability(labels: Labels, probabilities: Rows) -> float:
        confidence, right = confident(labels, probabilities)
        return binned(confidence, right, places(confidence), combined)

    return capability


def _bins(count: int) -> Callable[[Array], Array]:
    return lambda confidence: equal_width(confidence, count)


def _without_the_certain(labels: Labels, probabilities: Rows) -> float:
    """Use bins that end before 1 and so leave out certain predictions."""
    confidence, right = confident(labels, probabilities)
    kept = confidence < 1
    if not kept.any():
        return 0.0
    return float(binned(confidence[kept], right[kept], np.floor(confidence[kept] * BINS)) * kept.mean())


def _of_every_class(labels: Labels, probabilities: Rows) -> float:
    """Bin every probability, not only that of the predicted class."""
    rows = np.array(probabilities)
    truth = np.eye(rows.shape[1])[np.array(labels)]
    return float(np.mean([binned(p, right, equal_width(p)) for p, right in zip(rows.T, truth.T, strict=True)]))


ERRORS: dict[str, Capability] = {
    "every bin weighs the same": calibration_error(combined=lambda shares, gaps: np.abs(gaps).mean()),
    "the largest distance of a bin is taken": calibration_error(combined=lambda shares, gaps: np.abs(gaps).max()),
    "distances are squared": calibration_error(combined=lambda shares, gaps: math.sqrt((shares * gaps**2).sum())),
    "distances of opposite sign cancel": calibration_error(combined=lambda shares, gaps: abs((shares * gaps).sum())),
    "bins hold equally many images": calibration_error(_equal_mass),
    "bins begin at 1/7, the least confidence": calibration_error(lambda c: equal_width((c - 1 / 7) * 7 / 6)),
    "what is certain is in no bin": _without_the_certain,
    "the probabilities of all classes are binned": _of_every_class,
    "it is the mean confidence, not its distance from the accuracy": lambda labels, probabilities: float(
        confident(labels, probabilities)[0].mean()
    ),
    **{f"there are {count} bins": calibration_error(_bins(count)) for count in (5, 10, 20, 25, 30, 50, 100)},
}


def log_loss(
    floor: float = FLOOR, log: Callable[[float], float] = math.log, total: bool = False, added: float = 0.0
) -> Capability:
    """Return ``negative_log_likelihood`` with this floor and logarithm, a sum or a mean."""

    def capability(labels: Labels, probabilities: Rows) -> float:
        costs = [-log(max(row[label], floor) + added) for label, row in zip(labels, probabilities, strict=True)]
        return sum(costs) if total else sum(costs) / len(costs)

    return capability


LOG_LOSSES: dict[str, Capability] = {
    "the logarithm is to base 2": log_loss(log=math.log2),
    "the logarithm is to base 10": log_loss(log=math.log10),
    "it is summed over the images, not averaged": log_loss(total=True),
    "the sign is missing": log_loss(log=lambda p: -math.log(p)),
    "the floor is added": log_loss(floor=0.0, added=FLOOR),
    "it is the probability of the predicted class": lambda labels, probabilities: float(
        -np.log(np.array(probabilities).max(axis=1)).mean()
    ),
    **{f"the floor is {floor:g}": log_loss(floor) for floor in (1e-3, 1e-5, 1e-6, 1e-8, 1e-12, 1e-15, 1e-16, 2.2e-16)},
}


def calibration_interval(made: Made) -> Capability:
    """Return ``calibration_interval`` from the error and its plain bootstrap replicates."""

    def capability(labels: Labels, probabilities: Rows) -> list[float]:
        confidence, right = confident(labels, probabilities)
        n = len(right)
        errors = np.zeros((n, BINS))
        errors[np.arange(n), equal_width(confidence)] = right - confidence
        times = np.random.default_rng(11).multinomial(n, np.full(n, 1 / n), 4000)
        replicates = np.abs(times @ errors / n).sum(axis=1)
        return [max(0.0, end) for end in made(float(np.abs(errors.mean(axis=0)).sum()), replicates, n)]

    return capability


INTERVALS: dict[str, Capability] = {
    "the lower quantile of plain resampling, which adds chance to chance, is taken for the low end": (
        calibration_interval(lambda value, replicates, n: widened(percentiles(replicates), value, n))
    ),
    "it is the basic interval, the percentiles mirrored": calibration_interval(mirrored),
    "it is the normal approximation": calibration_interval(normal),
}
