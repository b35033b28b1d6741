"""Finds labels that a model confidently contradicts (Northcutt, Jiang and Chuang 2021, confident learning)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Suspect(NamedTuple):
    """An image whose label may be wrong: its place, the likelier class, and both probabilities."""

    place: int
    likelier: int
    probability: float
    own_probability: float


def suspects(labels: np.ndarray, probabilities: np.ndarray) -> list[Suspect]:
    """Return the images whose label a model confidently contradicts, the most confident first.

    ``labels`` (n,) are 0 to k - 1, ``probabilities`` (n, k) rows that sum to 1; rows of NaN are left out. A class is
    confidently predicted if its probability is at least its mean over the images that have it as label. An image is a
    suspect if the most probable of these classes is not its label. The model must not have been trained on the images.
    """
    known = np.isfinite(probabilities).all(axis=1)
    count = probabilities.shape[1]
    thresholds = np.array(
        [
            probabilities[known & (labels == label), label].mean() if (known & (labels == label)).any() else np.inf
            for label in range(count)
        ]
    )
    confident = np.where(probabilities >= thresholds, probabilities, -1.0)
    likelier = confident.argmax(axis=1)
    doubtful = known & (confident.max(axis=1) >= 0) & (likelier != labels)
    places = np.flatnonzero(doubtful)
    own, other = probabilities[places, labels[places]], probabilities[places, likelier[places]]
    order = np.argsort(-(other - own), kind="stable")
    return [Suspect(int(places[row]), int(likelier[places[row]]), float(other[row]), float(own[row])) for row in order]
