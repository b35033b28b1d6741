"""Measure the search for copies: recall of each change, false pairs, time and memory; and the same of hashes."""

from __future__ import annotations

import resource
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from ferspec.subjects.datasets.copies import Copy, find_copies
from helpers.copies.made import CHANGES, COPIES, Planted

# bits of 64: what imagededup's hashes take as copies by default, and half of it
DISTANCES = (5, 10)
HASHES = ("phash", "dhash", "whash", "average_hash")
# fill that is hashed: enough for a rate
HASHED_FILL = 20_000


@dataclass
class Measured:
    """What one search found: recall by change, false pairs by kind of image, seconds of CPU and clock."""

    total: int
    recall: dict[str, float] = field(default_factory=dict)
    scanned: dict[str, int] = field(default_factory=dict)
    false: dict[str, int] = field(default_factory=dict)
    false_pictures: dict[str, int] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    reading_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_mib: float = 0.0


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


def judged(planted: Planted, found: tuple[Copy, ...]) -> Measured:
    hits: set[int] = set()
    false: Counter[str] = Counter()
    pictures: dict[str, set[int]] = {}
    for copy in found:
        kind, query = planted.shows(copy.second)
        if query >= 0 and planted.same(query, copy.first):
            if query == copy.first:
                hits.add(copy.second)
        else:
            both = (
                "photographs" if kind != "rendered face" and copy.first < len(planted.halves[0]) else "rendered faces"
            )
            false[both] += 1
            pictures.setdefault(both, set()).add(copy.second)
    kinds = Counter(planted.shows(place)[0] for place in range(len(planted)))
    counted = Counter(planted.shows(place)[0] for place in hits)
    return Measured(
        total=len(planted),
        recall={name: counted[name] / COPIES for name in CHANGES},
        scanned=dict(kinds),
        false={name: false[name] for name in ("photographs", "rendered faces")},
        false_pictures={name: len(pictures.get(name, ())) for name in ("photographs", "rendered faces")},
    )


def hashed(planted: Planted) -> list[dict[str, Any]]:
    """Return the recall and the false pairs of hashes at some distances, with the queries' mirror images too.

    All copies are hashed, and the first ``HASHED_FILL`` other images.
    """
    import imagehash

    fill = [place for place in range(len(planted)) if planted.shows(place)[1] < 0][:HASHED_FILL]
    places = [*map(int, planted.places), *fill]
    images = [Image.fromarray(planted[place]) for place in places]
    queries = [Image.fromarray(query) for query in planted.queries]
    rows = []
    for name in HASHES:
        function = getattr(imagehash, name)
        began = time.process_time()
        bits = [np.stack([function(image).hash.ravel() for image in each]) for each in (queries, images)]
        seconds = time.process_time() - began
        signs = [2 * each.astype(np.float32) - 1 for each in bits]
        distance = (signs[0].shape[1] - signs[1] @ signs[0].T) / 2
        for most in DISTANCES:
            near = [(int(row), int(first)) for row, first in zip(*np.nonzero(distance <= most), strict=True)]
            found = judged(planted, tuple(Copy(first, places[row], "changed copy", 1.0, 1.0) for row, first in near))
            of_fill = sum(found.false.values())
            rows.append(
                {
                    "hash": name,
                    "distance": most,
                    "recall": found.recall,
                    "false_per_100000": of_fill / len(places) * 100_000,
                    "seconds": seconds,
                }
            )
    return rows


def measured(planted: Planted) -> dict[str, Any]:
    """Return all: the search for copies that may be moved, for those in place, and the hashes."""
    return {
        "moved": asdict(searched(planted)),
        "in_place": asdict(searched(planted, moved=False)),
        "hashes": hashed(planted),
        "queries": len(planted.queries),
        "photographs": len(planted.halves[0]),
        "fill": [len(each) for each in planted.fill],
    }
