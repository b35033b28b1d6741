"""Measures of calibration that break FER-Z-01, FER-Z-04, FER-Z-07 and FER-Z-08, and unusual ones that keep them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from ferspec.implementation.evaluation import EvaluationCapabilities
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.calibration import calibration
from mutants.kinds import refusing, right, wrong
from mutants.statistics import deviations, percentiles, widened

OWN = EvaluationCapabilities()
BINS = 15


def confident(labels, probabilities):
    """Return the confidence of each image and whether it is right."""
    rows = np.array(probabilities)
    return rows.max(axis=1), (rows.argmax(axis=1) == np.array(labels)).astype(float)


def apart(confidence, right, places):
    """Return the share of each bin that has images and its accuracy less its mean confidence."""
    inside = [places == place for place in np.unique(places)]
    gaps = np.array([right[of].mean() - confidence[of].mean() for of in inside])
    return np.array([of.mean() for of in inside]), gaps


def ece(bins=BINS, combined=lambda shares, gaps: (shares * np.abs(gaps)).sum()):
    def error(labels, probabilities):
        confidence, right = confident(labels, probabilities)
        return float(combined(*apart(confidence, right, np.minimum(np.floor(confidence * bins), bins - 1))))

    return error


def ece_of_equal_mass(labels, probabilities):
    confidence, right = confident(labels, probabilities)
    places = np.argsort(np.argsort(confidence, kind="stable")) * BINS // len(confidence)
    shares, gaps = apart(confidence, right, places)
    return float((shares * np.abs(gaps)).sum())


def ece_without_the_sure(labels, probabilities):
    """Bins that end before 1: what is certain falls into none."""
    confidence, right = confident(labels, probabilities)
    kept = confidence < 1
    if not kept.any():
        return 0.0
    shares, gaps = apart(confidence[kept], right[kept], np.floor(confidence[kept] * BINS))
    return float((shares * np.abs(gaps)).sum() * kept.mean())


def ece_from_the_least_confidence(labels, probabilities):
    """Bins equally wide from 1/7, where confidence begins, to 1."""
    confidence, right = confident(labels, probabilities)
    shares, gaps = apart(confidence, right, np.minimum(np.floor((confidence - 1 / 7) * 7 / 6 * BINS), BINS - 1))
    return float((shares * np.abs(gaps)).sum())


def ece_of_every_class(labels, probabilities):
    """Every probability is binned, not only that of the predicted class."""
    rows = np.array(probabilities)
    right = np.eye(7)[np.array(labels)]
    errors = []
    for column in range(7):
        shares, gaps = apart(rows[:, column], right[:, column], np.minimum(np.floor(rows[:, column] * BINS), BINS - 1))
        errors.append((shares * np.abs(gaps)).sum())
    return float(np.mean(errors))


def ece_in_single_precision(labels, probabilities):
    rows = np.array(probabilities, dtype=np.float32)
    right = (rows.argmax(axis=1) == np.array(labels)).astype(np.float32)
    confidence = rows.max(axis=1)
    places = np.digitize(confidence, np.linspace(0, 1, BINS + 1, dtype=np.float32)[1:-1])
    sums = [np.abs(np.sum(right[places == place] - confidence[places == place])) for place in range(BINS)]
    return float(np.sum(sums, dtype=np.float32) / np.float32(len(rows)))


def log_loss(floor=1e-7, log=math.log, total=False, added=0.0):
    def loss(labels, probabilities):
        costs = [-log(max(row[label], floor) + added) for label, row in zip(labels, probabilities, strict=True)]
        return sum(costs) if total else sum(costs) / len(costs)

    return loss


def log_loss_without_floor(labels, probabilities):
    true = np.array(probabilities)[np.arange(len(labels)), labels]
    with np.errstate(divide="ignore"):
        return float(-np.log(true).mean())


def log_loss_of_the_predicted(labels, probabilities):
    return float(-np.log(np.array(probabilities).max(axis=1)).mean())


def log_loss_in_single_precision(labels, probabilities):
    rows = np.clip(np.array(probabilities, dtype=np.float32), np.float32(1e-7), np.float32(1))
    return float(-np.log(rows[np.arange(len(labels)), labels]).mean())


def log_loss_as_keras_has_it(labels, probabilities):
    """Probabilities are clipped at both ends."""
    rows = np.clip(np.array(probabilities), 1e-7, 1 - 1e-7)
    return float(-np.log(rows[np.arange(len(labels)), labels]).mean())


def calibration_at(level=0.95, **drawn: Any):
    def interval(labels, probabilities):
        rows, resampling = np.array(probabilities), replace(protocol_resampling(), level=level, **drawn)
        found = calibration(np.array(labels), rows.argmax(axis=1), rows, resampling).ece
        return found.low, found.high

    return interval


def resampled_errors(labels, probabilities):
    """Return the calibration error and its replicates, as plain resampling of images gives them."""
    confidence, right = confident(labels, probabilities)
    errors = np.zeros((len(right), BINS))
    errors[np.arange(len(right)), np.minimum(np.floor(confidence * BINS), BINS - 1).astype(int)] = right - confidence
    times = np.random.default_rng(11).multinomial(len(right), np.full(len(right), 1 / len(right)), 4000)
    return float(np.abs(errors.mean(axis=0)).sum()), np.abs(times @ errors / len(right)).sum(axis=1)


def plain_percentiles(labels, probabilities):
    value, replicates = resampled_errors(labels, probabilities)
    return widened(percentiles(replicates), value, len(labels))


def mirrored_percentiles(labels, probabilities):
    value, replicates = resampled_errors(labels, probabilities)
    low, high = percentiles(replicates)
    return [max(0.0, 2 * value - high), 2 * value - low]


def normal_error(labels, probabilities):
    value, replicates = resampled_errors(labels, probabilities)
    reach = deviations(0.95) * float(replicates.std())
    return widened((max(0.0, value - reach), value + reach), value, len(labels))


def end_replaced(which: int, by):
    def interval(labels, probabilities):
        ends = OWN.calibration_interval(labels, probabilities)
        ends[which] = by(OWN.calibration_error(labels, probabilities))
        return ends

    return interval


def sure_without_width(labels, probabilities):
    value = OWN.calibration_error(labels, probabilities)
    return OWN.calibration_interval(labels, probabilities) if value > 0 else [0.0, 0.0]


MUTANTS = (
    wrong("FER-Z-01", "the calibration error at 90 %", calibration_interval=calibration_at(0.9)),
    *(wrong("FER-Z-04", f"{bins} bins", calibration_error=ece(bins)) for bins in (10, 20)),
    wrong("FER-Z-04", "bins of equal mass", calibration_error=ece_of_equal_mass),
    wrong(
        "FER-Z-04",
        "every bin weighs the same",
        calibration_error=ece(combined=lambda shares, gaps: np.abs(gaps).mean()),
    ),
    wrong(
        "FER-Z-04",
        "the largest distance of a bin",
        calibration_error=ece(combined=lambda shares, gaps: np.abs(gaps).max()),
    ),
    wrong(
        "FER-Z-04",
        "the root of squared distances",
        calibration_error=ece(combined=lambda shares, gaps: math.sqrt((shares * gaps**2).sum())),
    ),
    wrong(
        "FER-Z-04",
        "bins that cancel each other",
        calibration_error=ece(combined=lambda shares, gaps: abs((shares * gaps).sum())),
    ),
    wrong("FER-Z-04", "what is certain in no bin", calibration_error=ece_without_the_sure),
    wrong("FER-Z-04", "bins from the least confidence on", calibration_error=ece_from_the_least_confidence),
    wrong("FER-Z-04", "the probabilities of all classes", calibration_error=ece_of_every_class),
    wrong(
        "FER-Z-04",
        "20 bins, and few images refused",
        calibration_error=refusing(lambda asked: len(asked["labels"]) < 10, ece(20)),
    ),
    wrong("FER-Z-07", "no floor", negative_log_likelihood=log_loss_without_floor),
    *(
        wrong("FER-Z-07", f"a floor of {floor:g}", negative_log_likelihood=log_loss(floor))
        for floor in (1e-3, 1e-6, 1e-15)
    ),
    wrong(
        "FER-Z-07",
        "a floor of 0.001, and a probability of 0 refused",
        negative_log_likelihood=refusing(lambda asked: 0 in np.array(asked["probabilities"]), log_loss(1e-3)),
    ),
    wrong("FER-Z-07", "the floor added", negative_log_likelihood=log_loss(floor=0.0, added=1e-7)),
    wrong("FER-Z-07", "the logarithm to base 2", negative_log_likelihood=log_loss(log=math.log2)),
    wrong("FER-Z-07", "the sum for the mean", negative_log_likelihood=log_loss(total=True)),
    wrong("FER-Z-07", "the probability of the predicted class", negative_log_likelihood=log_loss_of_the_predicted),
    wrong("FER-Z-08", "plain percentiles", calibration_interval=plain_percentiles),
    wrong("FER-Z-08", "basic for inverted", calibration_interval=mirrored_percentiles),
    wrong("FER-Z-08", "the normal approximation", calibration_interval=normal_error),
    wrong("FER-Z-08", "a low end that is always 0", calibration_interval=end_replaced(0, lambda value: 0.0)),
    wrong("FER-Z-08", "a low end at the figure", calibration_interval=end_replaced(0, lambda value: value)),
    wrong("FER-Z-08", "a high end at the figure", calibration_interval=end_replaced(1, lambda value: value)),
    wrong("FER-Z-08", "no width without an error", calibration_interval=sure_without_width),
    wrong(
        "FER-Z-08",
        "plain percentiles, and few images refused",
        calibration_interval=refusing(lambda asked: len(asked["labels"]) < 100, plain_percentiles),
    ),
    right("FER-Z-01", "calibration of another stream", calibration_interval=calibration_at(seed=99)),
    right("FER-Z-04", "bins that hold their lower edge", calibration_error=ece()),
    right("FER-Z-04", "in single precision", calibration_error=ece_in_single_precision),
    right("FER-Z-07", "in single precision", negative_log_likelihood=log_loss_in_single_precision),
    right("FER-Z-07", "clipped at both ends, as in Keras", negative_log_likelihood=log_loss_as_keras_has_it),
    right("FER-Z-08", "another stream, twice as long", calibration_interval=calibration_at(seed=7, replicates=20_000)),
)
