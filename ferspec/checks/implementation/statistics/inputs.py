"""Inputs of the checks on statistics: images, predictions, shares and p values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ferspec import spec

CLASSES = len(spec.load().classes)
HAPPY = 3
MANY = 1_000_000

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Predicted:
    """Labels and predictions of some images."""

    what: str
    labels: tuple[int, ...]
    predictions: tuple[int, ...]

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments of a capability."""
        return {"labels": self.labels, "predictions": self.predictions}


@dataclass(frozen=True)
class Answers:
    """Labels and probabilities of some images."""

    what: str
    labels: tuple[int, ...]
    probabilities: tuple[tuple[float, ...], ...]

    @property
    def asked(self) -> dict[str, Any]:
        """The arguments of a capability."""
        return {"labels": self.labels, "probabilities": self.probabilities}

    def confidence_and_right(self) -> tuple[Array, Array]:
        """Return the probability of each predicted class, and whether that class is the label."""
        rows = np.array(self.probabilities)
        return rows.max(axis=1), rows.argmax(axis=1) == np.array(self.labels)


def by_name(images: Iterable[Predicted | Answers]) -> dict[str, tuple[Predicted | Answers]]:
    """Return images by their descriptions, as the cases of checks."""
    return {asked.what: (asked,) for asked in images}


# Proportions and F1

SHARES = ((0, 5), (5, 5), (1, 7), (3, 10), (19, 20), (150, 300), (0, 300), (300, 300), (1144, 2100), (2099, 2100))


def with_mistakes(what: str, n: int, mistakes: int, classes: int = CLASSES) -> Predicted:
    """Return n images, of which the first few are predicted as the next class."""
    labels = tuple(index % classes for index in range(n))
    return Predicted(what, labels, tuple((label + (index < mistakes)) % classes for index, label in enumerate(labels)))


def all_taken_for_one(n: int, right: int) -> Predicted:
    """Return n images that are all predicted as Happy, ``right`` of them correctly."""
    others = [label for label in range(CLASSES) if label != HAPPY]
    labels = [HAPPY] * right + [others[index % len(others)] for index in range(n - right)]
    return Predicted(f"{n} images all taken for Happy", tuple(labels), (HAPPY,) * n)


def _uneven(n: int) -> Predicted:
    rng = np.random.default_rng(2)
    labels = rng.choice(CLASSES, size=n, p=[0.1, 0.03, 0.1, 0.5, 0.12, 0.1, 0.05])
    known = rng.random(n) < np.linspace(0.9, 0.2, CLASSES)[labels]
    predictions = np.where(known, labels, rng.integers(CLASSES, size=n))
    return Predicted(f"{n} images of uneven classes", tuple(labels.tolist()), tuple(predictions.tolist()))


ALL_TAKEN_FOR_ONE = all_taken_for_one(2000, 1200)
RESAMPLED = (
    _uneven(350),
    all_taken_for_one(500, 300),
    with_mistakes("40 images with three mistakes", 40, 3),
    with_mistakes("50 images with one mistake", 50, 1),
)
NO_REPLICATE_DIFFERS = (
    with_mistakes("14 images, all right", 14, 0),
    with_mistakes("300 images of three classes, all right", 300, 0, classes=3),
    with_mistakes("21 images, all wrong", 21, 21),
)

# Calibration


def answers(what: str, confidence: Array, right: Array) -> Answers:
    """Return images with this confidence and correctness; the other classes share the rest."""
    predicted = np.arange(len(confidence)) * 3 % CLASSES
    labels = np.where(right, predicted, (predicted + 1 + np.arange(len(confidence)) % (CLASSES - 1)) % CLASSES)
    rows = np.repeat((1 - confidence)[:, None] / (CLASSES - 1), CLASSES, axis=1)
    rows[np.arange(len(confidence)), predicted] = confidence
    return Answers(what, tuple(labels.tolist()), tuple(map(tuple, rows.tolist())))


def one_bin(right: int, wrong: int, confidence: float) -> Answers:
    """Return ``right`` and ``wrong`` images, all predicted with one confidence."""
    n = right + wrong
    return answers(f"{n} images of one confidence", np.full(n, confidence), np.arange(n) < right)


def _spread_out(what: str, n: int, seed: int, accuracy_less: float) -> Answers:
    """Return images with many confidences, none near the edge of a bin.

    At an edge, single precision could change the bin.
    """
    rng = np.random.default_rng(seed)
    confidence = (rng.integers(3, 15, size=n) + rng.uniform(0.2, 0.8, size=n)) / 15
    return answers(what, confidence, rng.random(n) < confidence - accuracy_less)


def _sure() -> Answers:
    """Return images with mostly certain, sometimes wrong predictions."""
    confidence = np.array([1.0] * 60 + [0.97] * 15 + [0.55] * 5)
    return answers("80 images, most of them sure", confidence, np.arange(80) % 4 > 0)


CALIBRATED = (
    _spread_out("300 images", 300, 3, 0.0),
    _spread_out("90 images of a model too sure", 90, 4, 0.25),
    _spread_out("90 images of a model too unsure", 90, 5, -0.2),
    _sure(),
    answers("6 images, sure and right", np.ones(6), np.ones(6, dtype=bool)),
)
CALIBRATED_FOR_INTERVALS = (
    _spread_out("200 images of a model well calibrated", 200, 6, 0.0),
    _spread_out("400 images of a model too sure", 400, 7, 0.2),
    one_bin(right=200, wrong=200, confidence=0.8),
    answers("30 images, sure and right", np.ones(30), np.ones(30, dtype=bool)),
)

TRUE_PROBABILITIES = {
    "probabilities far from 0": (0.9, 0.5, 0.2, 0.05),
    "one sure mistake": (0.0, 0.8, 0.9),
    "a probability below the floor": (1e-9, 0.6),
    "a probability at the floor": (1e-7, 0.5),
    "a probability above the floor": (1e-6, 0.5),
}


def with_true_probabilities(true: tuple[float, ...]) -> dict[str, Any]:
    """Return labels, and rows in which the other classes share the rest equally."""
    labels = [index % CLASSES for index in range(len(true))]
    rows = [
        [p if place == label else (1 - p) / (CLASSES - 1) for place in range(CLASSES)]
        for label, p in zip(labels, true, strict=True)
    ]
    return {"labels": labels, "probabilities": rows}


# Mistakes and comparisons

# p values, gains, and the positions that are named
TRIED: dict[str, tuple[list[float], list[float], list[int]]] = {
    "three that Holm's method lets pass of four": ([0.2, 0.0024, 0.0032, 0.0019], [0.05, 0.04, 0.03, 0.02], [1, 2, 3]),
    "four that only a false discovery rate, or no correction, lets pass": ([0.0045, 0.3, 0.004, 0.005], [0.05] * 4, []),
    "four of which the second smallest is not significant": ([0.0036, 0.0035, 0.002, 0.5], [0.05] * 4, [2]),
    "four of which the smallest is just above Holm's level": ([0.002506, 0.3, 0.4, 0.5], [0.05] * 4, []),
    "one alone": ([0.009], [0.02], [0]),
    "one alone that is significant at 5 %": ([0.02], [0.3], []),
    "four with gains around the least": ([1e-6] * 4, [0.0099, 0.011, 0.0101, -0.2], [1, 2]),
    "three of which one gains": ([0.004, 0.6, 0.7], [0.05, 0.0, -0.01], []),
    "none": ([], [], []),
}

# images that only the first and only the second of two models gets right, and all images
COMPARED = ((40, 22, 200), (25, 40, 200), (5, 0, 60), (6, 0, 60), (0, 6, 60), (16, 6, 2100), (0, 0, 50), (20, 20, 150))
TIES = ((40, 30, 2100), (12, 5, 100), (20, 20, 150))


@cache
def two_models(only_first: int, only_second: int, n: int) -> dict[str, Any]:
    """Return labels and predictions of two models, equal in correctness on all other images.

    Both are right on half of those, and both wrong on the rest.
    """
    both = (n - only_first - only_second) // 2
    counts, labels = [only_first, only_second, both, n - only_first - only_second - both], np.arange(n) % CLASSES
    first, second = (np.repeat(right, counts) for right in ([True, False, True, False], [False, True, True, False]))
    return {
        "labels": labels.tolist(),
        "first": np.where(first, labels, (labels + 1) % CLASSES).tolist(),
        "second": np.where(second, labels, (labels + 2) % CLASSES).tolist(),
    }


# Decisions within a margin

# images that only the first and only the second model gets right, and all images; margin; equivalence; verdict
DECIDED: dict[str, tuple[tuple[int, int, int], float, bool, str]] = {
    "few disagreements, either way": ((5, 5, 1018), 0.01, False, "within"),
    "as many disagreements as a one-sided test allows": ((14, 14, 1018), 0.01, False, "within"),
    "no disagreement among 100": ((0, 0, 100), 0.01, False, "undecided"),
    "a few disagreements more": ((20, 20, 1018), 0.01, False, "undecided"),
    "no disagreement among 400": ((0, 0, 400), 0.01, False, "within"),
    "a difference that is not significant, but near the margin": ((40, 32, 1018), 0.01, False, "undecided"),
    "a clearly worse model": ((80, 20, 1018), 0.02, False, "beyond"),
    "a worse model, by less than the margin": ((20, 5, 2100), 0.02, False, "within"),
    "a clearly better model": ((10, 40, 1018), 0.01, False, "better"),
    "models that rarely disagree, asked of both": ((5, 5, 1018), 0.01, True, "within"),
    "a better model, asked of both": ((5, 20, 1018), 0.01, True, "undecided"),
    "a model better by more than the margin, asked of both": ((10, 45, 1018), 0.01, True, "beyond"),
}
# the same counts, and the margin
UNDECIDED: dict[str, tuple[tuple[int, int, int], float]] = {
    "20 and 20 among 1,018 within 1 point": ((20, 20, 1018), 0.01),
    "25 and 20 among 2,100 within half a point": ((25, 20, 2100), 0.005),
    "20 and 10 among 1,000 within 1 point": ((20, 10, 1000), 0.01),
}

# Rankings


@dataclass(frozen=True)
class Ranked:
    """The images that each model gets wrong; how many are twins, in pairs from the first on; the expected places."""

    wrong: tuple[range, ...]
    places: tuple[tuple[int, int, int], ...]
    twins: int = 0


# group, best and worst rank of each model
RANKED = {
    "three models, each clearly worse than the one before": Ranked(
        (range(0), range(10), range(30)), ((1, 1, 1), (2, 2, 2), (3, 3, 3))
    ),
    "three models of which only the outer two differ": Ranked(
        (range(0), range(5), range(10)), ((1, 1, 2), (1, 1, 3), (2, 2, 3))
    ),
    "three models that Holm's method divides": Ranked(
        (range(1), range(1, 10), range(2, 19)), ((1, 1, 1), (2, 2, 2), (3, 3, 3))
    ),
    "three models, two of which differ only before the correction": Ranked(
        (range(0), range(6), range(5)), ((1, 1, 3), (1, 1, 3), (1, 1, 3))
    ),
    "the worst of three first, and two that tie": Ranked(
        (range(20), range(0), range(3)), ((2, 3, 3), (1, 1, 2), (1, 1, 2))
    ),
    "three pairs of twins that one of two models gets wrong": Ranked((range(0), range(6)), ((1, 1, 2), (1, 1, 2)), 6),
    "one twin of six pairs": Ranked((range(0), range(1, 12, 2)), ((1, 1, 1), (2, 2, 2)), 12),
}
RANKED_IMAGES = 200


@cache
def ranked(name: str) -> dict[str, Any]:
    """Return labels, predictions of each model, and the clusters of a case with twins."""
    case, images = RANKED[name], np.arange(RANKED_IMAGES)
    labels = images % CLASSES
    predictions = [np.where(np.isin(images, wrong), (labels + 1) % CLASSES, labels).tolist() for wrong in case.wrong]
    clusters = np.where(images < case.twins, images // 2, images).tolist() if case.twins else None
    return {"labels": labels.tolist(), "predictions": predictions, "clusters": clusters}


# Groups, and claims judged while images are asked

# right images and all images of each group
GROUPS: dict[str, tuple[list[int], list[int]]] = {
    "one group": ([61], [100]),
    "three groups": ([20, 45, 300], [30, 60, 700]),
    "five groups, of which two are too small": ([12, 29, 40, 5, 210], [29, 30, 90, 5, 300]),
    "groups all right and all wrong": ([40, 0, 55], [40, 35, 80]),
    "forty groups": ([30 + place for place in range(40)], [80 + 3 * place for place in range(40)]),
    "only groups that are too small": ([3, 8], [10, 12]),
}


def _sequence(share: float, n: int, seed: int) -> list[int]:
    return [int(drawn < share) for drawn in np.random.default_rng(seed).random(n)]


# outcomes in the order asked, and the threshold
SEQUENCES: dict[str, tuple[list[int], float]] = {
    "a share 5 points above": (_sequence(0.65, 1500, 1), 0.6),
    "a share 5 points below": (_sequence(0.45, 1500, 2), 0.5),
    "a share far above": (_sequence(0.9, 300, 3), 0.5),
    "a share far below": (_sequence(0.1, 300, 4), 0.4),
    "a share near 1": (_sequence(0.995, 900, 5), 0.97),
    "a share at the threshold": (_sequence(0.5, 400, 6), 0.5),
    "three outcomes": ([1, 1, 0], 0.3),
    "no outcome": ([], 0.6),
}
