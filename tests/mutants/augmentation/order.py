"""Batches with another order or other random numbers than those of Keras (FER-A-10, -13, -14)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ferspec.checks.implementation.augmentation.mistakes import STREAMS
from ferspec.checks.implementation.augmentation.witness import Stream
from mutants.kinds import mistaken, right, wrong


def first_batch_alike(**asked: int) -> list[dict[str, Any]]:
    batches = Stream()(**asked)
    for number in range(0, len(batches), len(batches) // asked["epochs"]):
        changes = batches[number]["parameters"]
        batches[number]["parameters"] = changes[:1] * len(changes)
    return batches


def by_place_in_the_file(**asked: int) -> list[dict[str, Any]]:
    """The random numbers of a batch go to its images in the order of the files."""
    batches = Stream()(**asked)
    for batch in batches:
        ranks = np.argsort(np.argsort(batch["indices"]))
        batch["parameters"] = [batch["parameters"][rank] for rank in ranks]
    return batches


def with_indices(change: Callable[[list[int]], Any]) -> Callable[..., list[dict[str, Any]]]:
    return lambda **asked: [batch | {"indices": change(batch["indices"])} for batch in Stream()(**asked)]


class Modern:
    """NumPy's newer generator, under the names of the older one."""

    def __init__(self, seed: int) -> None:
        self._draw = np.random.default_rng(seed)

    def permutation(self, count: int) -> np.ndarray:
        return self._draw.permutation(count)

    def random_sample(self, shape: tuple[int, int]) -> np.ndarray:
        return self._draw.random(shape)


A_BATCH_MORE = "a batch more is counted where batches fit"
MUTANTS = (
    *(mutant for clause, made in STREAMS.items() for mutant in mistaken(clause, "augmentation_stream", made)),
    *(
        wrong(clause, A_BATCH_MORE, augmentation_stream=STREAMS["FER-A-13"][A_BATCH_MORE])
        for clause in ("FER-A-10", "FER-A-14")
    ),
    wrong("FER-A-10", "another generator", augmentation_stream=Stream(state=Modern)),
    wrong("FER-A-10", "the first batch of an epoch all changed alike", augmentation_stream=first_batch_alike),
    right("FER-A-10", "image after image from NumPy's old generator", augmentation_stream=Stream()),
    wrong(
        "FER-A-13", "random numbers go to images by their place in the file", augmentation_stream=by_place_in_the_file
    ),
    right(
        "FER-A-13", "indices as floats", augmentation_stream=with_indices(lambda indices: [float(i) for i in indices])
    ),
    wrong(
        "FER-A-14",
        "every epoch like the first",
        augmentation_stream=Stream(lambda epoch, step, count, size: step),
    ),
    right("FER-A-14", "indices as tuples", augmentation_stream=with_indices(tuple)),
)
