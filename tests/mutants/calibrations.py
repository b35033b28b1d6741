"""Measures of calibration that break FER-Z-01, FER-Z-04, FER-Z-07 and FER-Z-08, and unusual ones that keep them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ferspec.checks.implementation.statistics.mistakes.calibration import (
    BINS,
    ERRORS,
    INTERVALS,
    LOG_LOSSES,
    calibration_error,
    log_loss,
)
from ferspec.implementation.evaluation import EvaluationCapabilities
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.calibration import calibration
from mutants.kinds import mistaken, refusing, right, wrong

OWN = EvaluationCapabilities()
PLAIN = next(iter(INTERVALS.values()))


def ece_in_single_precision(labels, probabilities):
    rows = np.array(probabilities, dtype=np.float32)
    right = (rows.argmax(axis=1) == np.array(labels)).astype(np.float32)
    confidence = rows.max(axis=1)
    places = np.digitize(confidence, np.linspace(0, 1, BINS + 1, dtype=np.float32)[1:-1])
    sums = [np.abs(np.sum(right[places == place] - confidence[places == place])) for place in range(BINS)]
    return float(np.sum(sums, dtype=np.float32) / np.float32(len(rows)))


def log_loss_without_floor(labels, probabilities):
    true = np.array(probabilities)[np.arange(len(labels)), labels]
    with np.errstate(divide="ignore"):
        return float(-np.log(true).mean())


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
    replace(
        wrong("FER-Z-01", "the calibration error at 90 %", calibration_interval=calibration_at(0.9)),
        cause="the level is 90%",
    ),
    *mistaken("FER-Z-04", "calibration_error", ERRORS),
    wrong(
        "FER-Z-04",
        "20 bins, and few images refused",
        calibration_error=refusing(lambda asked: len(asked["labels"]) < 10, ERRORS["there are 20 bins"]),
    ),
    *mistaken("FER-Z-07", "negative_log_likelihood", LOG_LOSSES),
    wrong("FER-Z-07", "no floor", negative_log_likelihood=log_loss_without_floor),
    wrong(
        "FER-Z-07",
        "a floor of 0.001, and a probability of 0 refused",
        negative_log_likelihood=refusing(lambda asked: 0 in np.array(asked["probabilities"]), log_loss(1e-3)),
    ),
    *mistaken("FER-Z-08", "calibration_interval", INTERVALS),
    wrong("FER-Z-08", "a low end that is always 0", calibration_interval=end_replaced(0, lambda value: 0.0)),
    wrong("FER-Z-08", "a low end at the metric", calibration_interval=end_replaced(0, lambda value: value)),
    wrong("FER-Z-08", "a high end at the metric", calibration_interval=end_replaced(1, lambda value: value)),
    wrong("FER-Z-08", "no width without an error", calibration_interval=sure_without_width),
    wrong(
        "FER-Z-08",
        "plain percentiles, and few images refused",
        calibration_interval=refusing(lambda asked: len(asked["labels"]) < 100, PLAIN),
    ),
    right("FER-Z-01", "calibration of another stream", calibration_interval=calibration_at(seed=99)),
    right("FER-Z-04", "bins that hold their lower edge", calibration_error=calibration_error()),
    right("FER-Z-04", "in single precision", calibration_error=ece_in_single_precision),
    right("FER-Z-07", "in single precision", negative_log_likelihood=log_loss_in_single_precision),
    right("FER-Z-07", "clipped at both ends, as in Keras", negative_log_likelihood=log_loss_as_keras_has_it),
    right("FER-Z-08", "another stream, twice as long", calibration_interval=calibration_at(seed=7, replicates=20_000)),
)
