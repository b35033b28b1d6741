"""Computes the accuracy with and without leaked images, and with copies counted once."""

from __future__ import annotations

import numpy as np

from ferspec.records import Count, Record
from ferspec.reference.bootstrap import protocol_resampling
from ferspec.reference.intervals import bootstrap, proportion, unseen
from ferspec.reference.measured import Metric

NO_IMAGES = "there are no such images"
BY_CLUSTER = "bootstrap over pictures, copies together"


class Accuracy(Record):
    """An accuracy and the number of images it is measured on."""

    n: Count
    accuracy: Metric


class LeakFigures(Record):
    """Accuracies of one model on all images, without the leaked ones, and on these alone.

    ``gain`` is how much higher the accuracy on all images is than without the leak, in shares of 1. The last two
    fields are as the first two, with the copies of a picture counted together; None where that was not asked.
    """

    all: Accuracy
    clean: Accuracy
    leaked: Accuracy
    gain: float | None
    all_by_picture: Accuracy | None = None
    clean_by_picture: Accuracy | None = None


def leak_figures(right: np.ndarray, leaked: np.ndarray, clusters: np.ndarray | None = None) -> LeakFigures:
    """Return the accuracies with and without the leaked images.

    ``right`` (n,) says which answers are right, ``leaked`` (n,) which images a model may have been trained on,
    ``clusters`` (n,) numbers the pictures that images show.
    """
    whole, clean = _accuracy(right), _accuracy(right[~leaked])
    undefined = None in (whole.accuracy.value, clean.accuracy.value)
    return LeakFigures(
        all=whole,
        clean=clean,
        leaked=_accuracy(right[leaked]),
        gain=None if undefined else float(right.mean() - right[~leaked].mean()),
        all_by_picture=None if clusters is None else clustered(right, clusters),
        clean_by_picture=None if clusters is None else clustered(right[~leaked], clusters[~leaked]),
    )


def clustered(right: np.ndarray, clusters: np.ndarray) -> Accuracy:
    """Return the accuracy over pictures: the images of one picture share a single vote.

    ``right`` (n,) says which answers are right, ``clusters`` (n,) numbers the pictures. Whole pictures are drawn for
    the interval (cluster bootstrap), which is widened for pictures unseen (FER-Z-03). ``n`` is the number of pictures.
    """
    _, places = np.unique(clusters, return_inverse=True)
    count = int(places.max()) + 1 if len(places) else 0
    if not count:
        return Accuracy(n=0, accuracy=Metric(value=None, undefined=NO_IMAGES))
    votes = np.bincount(places, weights=right.astype(float)) / np.bincount(places)
    resampling, value = protocol_resampling(), float(votes.mean())
    levels, numbers = np.unique(votes, return_counts=True)
    drawn = resampling.generator().multinomial(count, numbers / count, size=resampling.replicates) @ levels / count
    reach = unseen(value, count, resampling.level, (0.0, 1.0))
    return Accuracy(n=count, accuracy=bootstrap(value, drawn, resampling.level, (reach,), BY_CLUSTER))


def _accuracy(right: np.ndarray) -> Accuracy:
    if not len(right):
        return Accuracy(n=0, accuracy=Metric(value=None, undefined=NO_IMAGES))
    level = protocol_resampling().level
    return Accuracy(n=len(right), accuracy=proportion(int(right.sum()), len(right), level))
