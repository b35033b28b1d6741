"""Rankings of models that are mistaken for those of the protocol (FER-Z-11)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import combinations, product

import numpy as np

from ferspec.checks.implementation.answers.explain import Capability
from ferspec.checks.implementation.statistics.mistakes.comparison import ALPHA, Labels, bonferroni, exact, holm
from ferspec.checks.implementation.statistics.monte_carlo import Array

Places = list[dict[str, int]]
# from the images that each model gets right (m, n) and the clusters: the p value of two models
Test = Callable[[Array, Array, Array], float]
Clusters = Sequence[int] | None


def flipped(first: Array, second: Array, clusters: Array) -> float:
    """Return the exact p value of the sums over clusters, by trying all signs."""
    sums = [int(first[clusters == one].sum() - second[clusters == one].sum()) for one in np.unique(clusters)]
    sizes = sorted(abs(one) for one in sums if one)
    if all(size == 1 for size in sizes):
        return exact(sums.count(1), sums.count(-1))
    far = [abs(sum(map(math.prod, zip(signs, sizes, strict=True)))) >= abs(sum(sums)) for signs in _signs(len(sizes))]
    return sum(far) / len(far)


def _signs(count: int) -> product[tuple[int, ...]]:
    return product((-1, 1), repeat=count)


def of_images(first: Array, second: Array, clusters: Array) -> float:
    """Return McNemar's p value, which counts every image."""
    return exact(int((first & ~second).sum()), int((second & ~first).sum()))


def of_one_in_a_cluster(first: Array, second: Array, clusters: Array) -> float:
    """Return McNemar's p value of the first image of every cluster."""
    _, kept = np.unique(clusters, return_index=True)
    return of_images(first[kept], second[kept], clusters)


def ranked_by(
    test: Test = flipped,
    corrected: Callable[[Sequence[float]], Sequence[float]] = holm,
    alpha: float = ALPHA,
    places: Callable[[Array, Array], Places] | None = None,
) -> Capability:
    """Return ``tie_groups`` by a test, a correction, and places that follow from wins."""

    def tie_groups(labels: Labels, predictions: Sequence[Labels], clusters: Clusters) -> Places:
        right = np.equal(labels, predictions)
        numbers = np.arange(len(labels)) if clusters is None else np.array(clusters)
        pairs = list(combinations(range(len(right)), 2))
        p_values = corrected([test(right[one], right[other], numbers) for one, other in pairs])
        hits = right.sum(axis=1)
        beats = np.zeros((len(right), len(right)), dtype=bool)
        for (one, other), p in zip(pairs, p_values, strict=True):
            if p <= alpha:
                winner, loser = (one, other) if hits[one] > hits[other] else (other, one)
                beats[winner, loser] = True
        return (places or by_chains)(hits, beats)

    return tie_groups


def by_chains(hits: Array, beats: Array) -> Places:
    """Return the places of the protocol."""

    def group(model: int) -> int:
        return 1 + max((group(int(other)) for other in np.flatnonzero(beats[:, model])), default=0)

    return [
        {"group": group(model), "best_rank": 1 + int(beats[:, model].sum()), "worst_rank": _last(beats, model)}
        for model in range(len(hits))
    ]


def _last(beats: Array, model: int) -> int:
    return len(beats) - int(beats[model].sum())


def _by_accuracy(hits: Array, beats: Array) -> Places:
    """Divide models wherever their accuracies differ, and rank them without ties."""
    ranks = [1 + int((hits > own).sum()) for own in hits]
    return [{"group": rank, "best_rank": rank, "worst_rank": rank} for rank in ranks]


def _by_neighbours(hits: Array, beats: Array) -> Places:
    """Begin a group only where a model is beaten by the one just above it."""
    places, group, order = by_chains(hits, beats), 1, np.argsort(-hits, kind="stable").tolist()
    for above, model in zip([None, *order], order, strict=False):
        group += above is not None and bool(beats[above, model])
        places[model]["group"] = group
    return places


def _by_number_of_losses(hits: Array, beats: Array) -> Places:
    """Number the groups by how many models beat one."""
    return [place | {"group": place["best_rank"]} for place in by_chains(hits, beats)]


def _with_ranks_of_groups(hits: Array, beats: Array) -> Places:
    """Give the models of a group the same ranks, as if groups were in order."""
    groups = [place["group"] for place in by_chains(hits, beats)]
    return [
        {"group": own, "best_rank": 1 + sum(g < own for g in groups), "worst_rank": sum(g <= own for g in groups)}
        for own in groups
    ]


RANKINGS: dict[str, Capability] = {
    "models are in one group only if they are equally accurate": ranked_by(places=_by_accuracy),
    "p values are not corrected": ranked_by(corrected=lambda p_values: p_values),
    "every p value is multiplied by the number of pairs (Bonferroni)": ranked_by(corrected=bonferroni),
    "the level is 0.01": ranked_by(alpha=0.01),
    "the images of a cluster are counted as independent": ranked_by(of_images),
    "one image of each cluster is counted": ranked_by(of_one_in_a_cluster),
    "a group begins only where a model is worse than its neighbour": ranked_by(places=_by_neighbours),
    "groups are numbered by the models that beat one, not by chains of them": ranked_by(places=_by_number_of_losses),
    "the ranks of a model are those of its group": ranked_by(places=_with_ranks_of_groups),
}
