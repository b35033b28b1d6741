"""Ranks many models on the same images, with groups of ties and rank intervals (FER-Z-11)."""

from collections.abc import Sequence

import numpy as np

from ferspec import spec
from ferspec.records import Record
from ferspec.reference.evaluation import checked
from ferspec.reference.intervals import proportion
from ferspec.reference.measured import Metric
from ferspec.reference.significance import Array, holm, mcnemar_of_pairs, sign_flips


class RankedModel(Record):
    """The place of a model among all; ``model`` is its position, from 0, in the order given.

    ``group`` is 1 for the models that no other beats significantly; in group k, the longest chain of significant wins
    above a model has k - 1 others. The ranks, from 1, are those that the significant wins and losses allow.
    """

    model: int
    accuracy: Metric
    group: int
    best_rank: int
    worst_rank: int


class RankedPair(Record):
    """Two models, by their positions, with the p value corrected by Holm's method."""

    first: int
    second: int
    only_first_right: int
    only_second_right: int
    p_value: float


class Ranking(Record):
    """Models on the same ``n`` images, by group and accuracy; ``clusters`` of images, or None for single images."""

    n: int
    clusters: int | None
    models: tuple[RankedModel, ...]
    pairs: tuple[RankedPair, ...]


def rank(labels: Array, predicted: Sequence[Array], clusters: Array | None = None) -> Ranking:
    """Rank models by their accuracies on the same images.

    ``labels`` and each of ``predicted`` are (n,) integers from 0 to 6. ``clusters`` (n,) numbers the images, with one
    number for the images that are not independent, such as twins. All pairs are tested by McNemar's exact test, or by
    the exact distribution of the sums over clusters under random signs, and corrected by Holm's method. ``UserError``
    for other shapes or labels.
    """
    right = np.array([np.equal(*checked(labels, answers)) for answers in predicted])
    count, n = right.shape
    level, hits = spec.load().number("FER-Z-01", "level"), right.sum(axis=1)
    alone, p_values, beats = wins(right, clusters)
    groups = groups_of(hits, beats)
    models = [
        RankedModel(
            model=model,
            accuracy=proportion(int(hits[model]), n, level),
            group=int(groups[model]),
            best_rank=1 + int(beats[:, model].sum()),
            worst_rank=count - int(beats[model].sum()),
        )
        for model in np.lexsort((-hits, groups)).tolist()
    ]
    first, second = np.triu_indices(count, 1)
    columns = (first, second, alone[first, second], alone[second, first], p_values)
    pairs = [
        RankedPair(first=one, second=other, only_first_right=a, only_second_right=b, p_value=p)
        for one, other, a, b, p in zip(*(column.tolist() for column in columns), strict=True)
    ]
    numbers = None if clusters is None else len(np.unique(clusters))
    return Ranking(n=n, clusters=numbers, models=tuple(models), pairs=tuple(pairs))


def wins(right: Array, clusters: Array | None = None) -> tuple[Array, Array, Array]:
    """Return how often one model alone is right, p values, and which beats which.

    ``right`` (m, n) says which images each model gets right. The first and the last array are (m, m). The p values are
    corrected by Holm's method, in the order of ``np.triu_indices(m, 1)``.
    """
    alpha, (first, second) = spec.load().number("FER-Z-06", "alpha"), np.triu_indices(len(right), 1)
    alone = np.rint(right.astype(float) @ ~right.T).astype(int)
    if clusters is None:
        found: Array | list[float] = mcnemar_of_pairs(alone[first, second], alone[second, first])
    else:
        members = np.equal.outer(clusters, np.unique(clusters))
        sums = np.rint(right.astype(float) @ members).astype(int)
        found = [p for place in range(len(sums)) for p in sign_flips(sums[place] - sums[place + 1 :])]
    p_values = np.array(holm(found, len(found)))
    differs = np.zeros(alone.shape, dtype=bool)
    differs[first, second] = differs[second, first] = p_values <= alpha
    return alone, p_values, differs & (alone > alone.T)


def groups_of(hits: Array, beats: Array) -> Array:
    """Return the group (m,) of each model, from 1: one more than the longest chain of wins above it."""
    groups = np.ones(len(hits), dtype=int)
    for model in np.argsort(-hits, kind="stable"):
        groups[model] = 1 + groups[beats[:, model]].max(initial=0)
    return groups
