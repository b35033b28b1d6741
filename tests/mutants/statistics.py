"""Intervals of proportions and of F1 that break FER-Z, and unusual ones that keep it."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np

from ferspec.checks.implementation.statistics.mistakes.intervals import (
    F1_INTERVALS,
    PROPORTIONS,
    bca,
    by_scipy,
    f1_interval,
    f1_of,
    percentile,
    table_of,
)
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.evaluation import evaluate
from ferspec.reference.intervals import wilson
from mutants.kinds import mistaken, refusing, right, wrong

WALD = PROPORTIONS["it is the normal approximation (Wald)"]


def wilson_at(level: float):
    return lambda successes, n: list(wilson(successes, n, level))


def two_deviations(successes, n):
    return list(wilson(successes, n, 2 * NormalDist().cdf(2) - 1))


def wilson_in_single_precision(successes, n):
    return [float(np.float32(end)) for end in wilson(successes, n, 0.95)]


def f1_at(level: float):
    def interval(labels, predictions):
        resampling = replace(protocol_resampling(), level=level)
        found = evaluate(np.array(labels), np.array(predictions), resampling=resampling).f1.weighted
        return [found.low, found.high]

    return interval


def within_classes(labels, predictions):
    """Images are drawn again class by class, so that every replicate has the same supports."""
    table, rng = table_of(labels, predictions), np.random.default_rng(11)
    drawn = np.zeros((10_000, *table.shape), dtype=np.int64)
    for index, row in enumerate(table):
        if row.sum():
            drawn[:, index] = rng.multinomial(row.sum(), row / row.sum(), 10_000)
    return percentile(float(f1_of(table)), f1_of(drawn), len(labels))


def image_by_image(labels, predictions):
    """Twice as many replicates as asked for, drawn as images and from another stream."""
    value, n = float(f1_of(table_of(labels, predictions))), len(labels)
    labels, predictions, rng = np.array(labels), np.array(predictions), np.random.default_rng(5)
    found = []
    for _ in range(40):
        drawn = rng.integers(n, size=(500, n))
        cells = 7 * labels[drawn] + predictions[drawn] + 49 * np.arange(500)[:, None]
        found.append(np.bincount(cells.ravel(), minlength=49 * 500).reshape(-1, 7, 7))
    return percentile(value, f1_of(np.concatenate(found)), n)


def half_the_images(labels, predictions):
    return f1_interval(percentile, images=len(labels) // 2)(labels, predictions)


OTHER_LEVELS = {
    "shares at 90 %": ("the level is 90%", {"proportion_interval": wilson_at(0.9)}),
    "shares at 99 %": ("the level is 99%", {"proportion_interval": wilson_at(0.99)}),
    "two standard deviations for 95 %": (
        "two standard deviations are taken for 95 %",
        {"proportion_interval": two_deviations},
    ),
    "F1 at 90 %": ("the level is 90%", {"f1_interval": f1_at(0.9)}),
    "F1 at 99 %": ("the level is 99%", {"f1_interval": f1_at(0.99)}),
}
REFUSED = {
    "a share of 0": lambda asked: asked["successes"] == 0,
    "a million images": lambda asked: asked["n"] == 1_000_000,
}

MUTANTS = (
    *(replace(wrong("FER-Z-01", name, **changed), cause=cause) for name, (cause, changed) in OTHER_LEVELS.items()),
    *mistaken("FER-Z-02", "proportion_interval", PROPORTIONS),
    *(
        wrong("FER-Z-02", f"the normal approximation, and {what} refused", proportion_interval=refusing(refused, WALD))
        for what, refused in REFUSED.items()
    ),
    *mistaken("FER-Z-03", "f1_interval", F1_INTERVALS),
    wrong("FER-Z-03", "images drawn again class by class", f1_interval=within_classes),
    wrong("FER-Z-03", "half as many images drawn", f1_interval=half_the_images),
    wrong("FER-Z-03", "twenty replicates", f1_interval=f1_interval(percentile, replicates=20)),
    wrong(
        "FER-Z-03",
        "the interval of the accuracy, and few images refused",
        f1_interval=refusing(
            lambda asked: len(asked["labels"]) < 50, F1_INTERVALS["it is the interval of the accuracy"]
        ),
    ),
    right("FER-Z-01", "shares by SciPy", proportion_interval=by_scipy("wilson")),
    right("FER-Z-01", "F1 of another stream", f1_interval=image_by_image),
    right("FER-Z-02", "shares by SciPy, as a tuple", proportion_interval=by_scipy("wilson")),
    right("FER-Z-02", "shares in single precision", proportion_interval=wilson_in_single_precision),
    right("FER-Z-03", "corrected for bias and skewness (BCa)", f1_interval=bca),
    right("FER-Z-03", "twice as many replicates of another stream, image by image", f1_interval=image_by_image),
    *(
        right("FER-Z-03", f"NumPy's multinomial from seed {seed}", f1_interval=f1_interval(percentile, seed=seed))
        for seed in (1, 2, 3)
    ),
)
