"""Widens intervals for clusters of images that are right or wrong together (FER-Z-03)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ferspec.reference import metrics
from ferspec.reference.bootstrap import Resampling
from ferspec.reference.intervals import percentile, unseen
from ferspec.reference.measured import Averages, Evaluation, Metric

BY_CLUSTER = "bootstrap over clusters"
DRAWS_AT_ONCE = 2_000_000

OfClasses = Callable[[np.ndarray], np.ndarray]


def widened_for_clusters(
    found: Evaluation, labels: np.ndarray, predicted: np.ndarray, clusters: np.ndarray, resampling: Resampling
) -> Evaluation:
    """Return metrics whose intervals allow for clusters: the values stay, no interval becomes narrower.

    ``clusters`` (n,) has one number for each image, equal for the images of a cluster. Widened are accuracy, and
    precision, recall and F1, averaged and of each class. If every cluster is one image, nothing changes.
    """
    count = len(np.unique(clusters))
    found = found.model_copy(update={"clusters": count})
    if count == len(clusters):
        return found
    matrix = np.array(found.confusion_matrix)
    cells = labels * matrix.shape[1] + predicted
    drawn = resample_clusters(cells, clusters, matrix.size, resampling).reshape(-1, *matrix.shape)

    def widened(metric: Metric, replicates: np.ndarray) -> Metric:
        return _widened(metric, replicates, count, resampling.level)

    def averages(stated: Averages, of_classes: OfClasses) -> Averages:
        values = of_classes(drawn)
        return Averages(
            weighted=widened(stated.weighted, metrics.weighted(values, drawn)),
            macro=widened(stated.macro, metrics.macro(values)),
        )

    accuracy = widened(found.accuracy, metrics.accuracy(drawn))
    recall = averages(found.recall, metrics.recall).model_copy(update={"weighted": accuracy})
    by_class = {name: figure(drawn) for name, figure in FIGURES.items()}
    return found.model_copy(
        update={
            "accuracy": accuracy,
            "precision": averages(found.precision, metrics.precision),
            "recall": recall,
            "f1": averages(found.f1, metrics.f1),
            "per_class": tuple(
                one.model_copy(
                    update={name: widened(getattr(one, name), drawn[:, place]) for name, drawn in by_class.items()}
                )
                for place, one in enumerate(found.per_class)
            ),
        }
    )


FIGURES: dict[str, OfClasses] = {"precision": metrics.precision, "recall": metrics.recall, "f1": metrics.f1}


def resample_clusters(cells: np.ndarray, clusters: np.ndarray, size: int, resampling: Resampling) -> np.ndarray:
    """Return tables (replicates, size) of counts after drawing the same number of clusters with replacement.

    ``cells`` (n,) is the cell of each image, from 0 to ``size`` - 1. Clusters of equal counts are drawn together, as
    multinomials, which is exact.
    """
    _, places = np.unique(clusters, return_inverse=True)
    owned = np.zeros((int(places.max()) + 1, size), np.int64)
    np.add.at(owned, (places, cells), 1)
    kinds, numbers = np.unique(owned, axis=0, return_counts=True)
    rng, count = resampling.generator(), len(owned)
    step = max(1, DRAWS_AT_ONCE // len(kinds))
    tables = np.empty((resampling.replicates, size), np.int64)
    for start in range(0, resampling.replicates, step):
        rows = min(step, resampling.replicates - start)
        tables[start : start + rows] = rng.multinomial(count, numbers / count, size=rows) @ kinds
    return tables


def _widened(metric: Metric, replicates: np.ndarray, clusters: int, level: float) -> Metric:
    """Return a metric whose interval includes that of its replicates, and of unseen clusters."""
    if (known := metric.known) is None:
        return metric
    # a metric of a class is undefined where none of its clusters was drawn
    defined = replicates[~np.isnan(replicates)]
    intervals = [(known.low, known.high), unseen(known.value, clusters, level, (0.0, 1.0))]
    if len(defined):
        intervals.append(percentile(defined, level))
    lows, highs = zip(*intervals, strict=True)
    method = f"{BY_CLUSTER} ({len(replicates):,} replicates), at least {metric.method}"
    return metric.model_copy(update={"low": min(lows), "high": max(highs), "method": method})
