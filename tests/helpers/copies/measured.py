"""Measure the search for copies: recall of each change, false pairs, time and memory; and the same of hashes."""

from __future__ import annotations

import resource
import time
from dataclasses import asdict
from typing import Any

import numpy as np

from ferspec.subjects.datasets.copies import find_copies
from helpers.copies.hashed import hashed, imagehash_functions
from helpers.copies.judged import Measured, judged
from helpers.copies.made import Planted


class Timed:
    """Images that count the CPU seconds that making them takes."""

    def __init__(self, images: Planted) -> None:
        self._images, self.seconds = images, 0.0

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, index: int) -> np.ndarray:
        began = time.thread_time()
        image = self._images[index]
        self.seconds += time.thread_time() - began
        return image


def searched(planted: Planted, moved: bool = True) -> Measured:
    """Return what a search among the others finds."""
    _ = planted.queries, planted.fill, planted.shows(0)
    others = Timed(planted)
    cpu, wall = time.process_time(), time.perf_counter()
    found = find_copies(planted.queries, others, moved=moved)
    result = judged(planted, found)
    result.cpu_seconds = time.process_time() - cpu - others.seconds
    result.reading_seconds = others.seconds
    result.wall_seconds = time.perf_counter() - wall
    result.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return result


def measured(planted: Planted) -> dict[str, Any]:
    """Return all: the search for copies that may be moved, for those in place, and the hashes."""
    return {
        "moved": asdict(searched(planted)),
        "in_place": asdict(searched(planted, moved=False)),
        "hashes": hashed(planted, imagehash_functions()),
        "queries": len(planted.queries),
        "photographs": len(planted.halves[0]),
        "fill": [len(each) for each in planted.fill],
    }
