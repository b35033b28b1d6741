"""Pairs of images that show one picture, in one set or in two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

TwinKind = Literal["exact", "changed"]
KINDS: tuple[TwinKind, ...] = ("exact", "changed")


@dataclass(frozen=True)
class Twin:
    """Two images of one picture: the index of the first in its set, and of the second in its set.

    An *exact* copy has the same pixels after decoding. ``similarity`` of a *changed* one is the correlation of the two
    after they are aligned, and ``overlap`` the share of the picture that both show; each is 0 to 1.
    """

    first: int
    second: int
    kind: TwinKind
    similarity: float = 1.0
    overlap: float = 1.0


def exact_twins(digests: Sequence[str], others: Sequence[str] | None = None) -> list[Twin]:
    """Return images of equal digests: each with the first of them in the same set, or in the other one.

    A picture that occurs k times in a set gives k - 1 pairs.
    """
    first: dict[str, int] = {}
    for place, digest in enumerate(digests if others is None else others):
        first.setdefault(digest, place)
    if others is not None:
        return [Twin(place, first[digest], "exact") for place, digest in enumerate(digests) if digest in first]
    return [Twin(first[digest], place, "exact") for place, digest in enumerate(digests) if first[digest] != place]


def distinct(digests: Sequence[str], known: Iterable[str] = ()) -> np.ndarray:
    """Return the places (m,) of the first images of digests that are not ``known``."""
    seen, places = set(known), []
    for place, digest in enumerate(digests):
        if digest not in seen:
            places.append(place)
        seen.add(digest)
    return np.array(places, int)


def clusters_of(count: int, twins: Iterable[Twin]) -> np.ndarray:
    """Return a number (count,) for each image: equal for all images that pairs connect."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = np.array([(twin.first, twin.second) for twin in twins], int).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], int)
