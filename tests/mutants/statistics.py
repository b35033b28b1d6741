"""Statistics that break FER-Z, as people compute them, and unusual ones that keep it."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np

from ferspec.implementation.evaluation import Evaluation
from ferspec.reference import metrics
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.evaluation import evaluate
from ferspec.reference.intervals import wilson
from mutants.kinds import refusing, right, wrong

OWN = Evaluation()
BINS = 15


def deviations(level: float) -> float:
    return NormalDist().inv_cdf((1 + level) / 2)


# --- shares -------------------------------------------------------------------------------------------------------


def wilson_at(level: float):
    return lambda successes, n: list(wilson(successes, n, level))


def two_deviations(successes, n):
    return list(wilson(successes, n, 2 * NormalDist().cdf(2) - 1))


def by_statsmodels(method: str):
    def interval(successes, n):
        from statsmodels.stats.proportion import proportion_confint

        return [float(end) for end in proportion_confint(successes, n, method=method)]

    return interval


def by_scipy(method: str):
    def interval(successes, n):
        from scipy.stats import binomtest

        found = binomtest(successes, n).proportion_ci(0.95, method=method)
        return found.low, found.high

    return interval


wald = by_statsmodels("normal")


def wald_unclipped(successes, n):
    share = successes / n
    reach = deviations(0.95) * math.sqrt(share * (1 - share) / n)
    return [share - reach, share + reach]


def wilson_in_single_precision(successes, n):
    return [float(np.float32(end)) for end in wilson(successes, n, 0.95)]


# --- F1 -----------------------------------------------------------------------------------------------------------


def f1_and_replicates(labels, predictions, seed=11, replicates=10_000, images=None, average=metrics.weighted):
    """Return the averaged F1 and its replicates, drawn by NumPy's own multinomial."""
    matrix = metrics.confusion_matrix(np.array(labels), np.array(predictions))
    drawn = np.random.default_rng(seed).multinomial(images or len(labels), matrix.ravel() / len(labels), replicates)
    drawn = drawn.reshape(-1, 7, 7)
    if average is metrics.macro:
        return float(metrics.macro(metrics.f1(matrix))), metrics.macro(metrics.f1(drawn))
    return float(metrics.weighted(metrics.f1(matrix), matrix)), metrics.weighted(metrics.f1(drawn), drawn)


def percentiles(replicates, level=0.95):
    return [float(end) for end in np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2])]


def widened(ends, value, n):
    """Return an interval that ends no nearer than what the share of images unseen could change."""
    share = wilson(0, n, 0.95)[1]
    return min(ends[0], value * (1 - share)), max(ends[1], value + share * (1 - value))


def widened_percentiles(labels, predictions, **drawn):
    value, replicates = f1_and_replicates(labels, predictions, **drawn)
    return widened(percentiles(replicates), value, len(labels))


def f1_at(level: float):
    def interval(labels, predictions):
        resampling = replace(protocol_resampling(), level=level)
        found = evaluate(np.array(labels), np.array(predictions), resampling=resampling).f1.weighted
        return [found.low, found.high]

    return interval


def unwidened(labels, predictions):
    return percentiles(f1_and_replicates(labels, predictions)[1])


def normal_approximation(labels, predictions):
    value, replicates = f1_and_replicates(labels, predictions)
    reach = deviations(0.95) * float(replicates.std())
    return widened((value - reach, value + reach), value, len(labels))


def normal_of_zero_width(labels, predictions):
    value, replicates = f1_and_replicates(labels, predictions)
    reach = deviations(0.95) * float(replicates.std())
    return [max(0.0, value - reach), min(1.0, value + reach)]


def basic(labels, predictions):
    """The percentiles mirrored at the figure."""
    value, replicates = f1_and_replicates(labels, predictions)
    low, high = percentiles(replicates)
    return widened((2 * value - high, 2 * value - low), value, len(labels))


def f1_as_a_share(labels, predictions):
    value, n = f1_and_replicates(labels, predictions, replicates=1)[0], len(labels)
    return list(wilson(value * n, n, 0.95))


def of_the_accuracy(labels, predictions):
    return list(wilson(int(np.equal(labels, predictions).sum()), len(labels), 0.95))


def within_classes(labels, predictions):
    """Images are drawn again class by class, so that every replicate has the same supports."""
    matrix = metrics.confusion_matrix(np.array(labels), np.array(predictions))
    rng, drawn = np.random.default_rng(11), np.zeros((10_000, 7, 7), dtype=np.int64)
    for index, row in enumerate(matrix):
        if row.sum():
            drawn[:, index] = rng.multinomial(row.sum(), row / row.sum(), 10_000)
    value = float(metrics.weighted(metrics.f1(matrix), matrix))
    return widened(percentiles(metrics.weighted(metrics.f1(drawn), drawn)), value, len(labels))


def image_by_image(labels, predictions):
    """Twice as many replicates as asked for, drawn as images and from another stream."""
    labels, predictions = np.array(labels), np.array(predictions)
    rng, n = np.random.default_rng(5), len(labels)
    found = []
    for _ in range(40):
        drawn = rng.integers(n, size=(500, n))
        cells = 7 * labels[drawn] + predictions[drawn] + 49 * np.arange(500)[:, None]
        found.append(np.bincount(cells.ravel(), minlength=49 * 500).reshape(-1, 7, 7))
    tables = np.concatenate(found)
    value, _ = f1_and_replicates(labels, predictions, replicates=1)
    return widened(percentiles(metrics.weighted(metrics.f1(tables), tables)), value, n)


MUTANTS = (
    wrong("FER-Z-01", "shares at 90 %", proportion_interval=wilson_at(0.9)),
    wrong("FER-Z-01", "shares at 99 %", proportion_interval=wilson_at(0.99)),
    wrong("FER-Z-01", "two standard deviations for 95 %", proportion_interval=two_deviations),
    wrong("FER-Z-01", "F1 at 90 %", f1_interval=f1_at(0.9)),
    wrong("FER-Z-01", "F1 at 99 %", f1_interval=f1_at(0.99)),
    wrong("FER-Z-02", "the normal approximation (Wald)", proportion_interval=wald),
    wrong("FER-Z-02", "the normal approximation beyond 0 and 1", proportion_interval=wald_unclipped),
    wrong("FER-Z-02", "Clopper and Pearson's exact interval", proportion_interval=by_scipy("exact")),
    wrong("FER-Z-02", "Wilson's interval with continuity correction", proportion_interval=by_scipy("wilsoncc")),
    wrong("FER-Z-02", "Agresti and Coull's interval", proportion_interval=by_statsmodels("agresti_coull")),
    wrong("FER-Z-02", "Jeffreys' interval", proportion_interval=by_statsmodels("jeffreys")),
    *(
        wrong("FER-Z-02", f"the normal approximation, and {what} refused", proportion_interval=refusing(refused, wald))
        for what, refused in {
            "a share of 0": lambda asked: asked["successes"] == 0,
            "a million images": lambda asked: asked["n"] == 1_000_000,
        }.items()
    ),
    wrong("FER-Z-03", "no width where no replicate differs", f1_interval=unwidened),
    wrong("FER-Z-03", "the normal approximation, of no width without a mistake", f1_interval=normal_of_zero_width),
    wrong("FER-Z-03", "the normal approximation", f1_interval=normal_approximation),
    wrong("FER-Z-03", "basic for percentile", f1_interval=basic),
    wrong("FER-Z-03", "F1 taken for a share", f1_interval=f1_as_a_share),
    wrong("FER-Z-03", "the interval of the accuracy", f1_interval=of_the_accuracy),
    wrong("FER-Z-03", "images drawn again class by class", f1_interval=within_classes),
    wrong(
        "FER-Z-03",
        "half as many images drawn",
        f1_interval=lambda labels, predictions: widened_percentiles(labels, predictions, images=len(labels) // 2),
    ),
    wrong(
        "FER-Z-03",
        "the macro F1",
        f1_interval=lambda labels, predictions: widened_percentiles(labels, predictions, average=metrics.macro),
    ),
    wrong(
        "FER-Z-03",
        "twenty replicates",
        f1_interval=lambda labels, predictions: widened_percentiles(labels, predictions, replicates=20),
    ),
    wrong(
        "FER-Z-03",
        "the interval of the accuracy, and few images refused",
        f1_interval=refusing(lambda asked: len(asked["labels"]) < 50, of_the_accuracy),
    ),
    right("FER-Z-01", "shares by SciPy", proportion_interval=by_scipy("wilson")),
    right("FER-Z-01", "F1 of another stream", f1_interval=image_by_image),
    right("FER-Z-02", "shares by SciPy, as a tuple", proportion_interval=by_scipy("wilson")),
    right("FER-Z-02", "shares in single precision", proportion_interval=wilson_in_single_precision),
    right("FER-Z-03", "twice as many replicates of another stream, image by image", f1_interval=image_by_image),
    *(
        right(
            "FER-Z-03",
            f"NumPy's multinomial from seed {seed}",
            f1_interval=lambda labels, predictions, seed=seed: widened_percentiles(labels, predictions, seed=seed),
        )
        for seed in (1, 2, 3)
    ),
)
