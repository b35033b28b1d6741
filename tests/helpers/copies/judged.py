"""Judge what a search found: recall of each change, and false pairs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ferspec.subjects.datasets.copies import Copy
from helpers.copies.made import CHANGES, COPIES, Planted


@dataclass
class Measured:
    """What one search found: recall by change, false pairs by kind of image, seconds of CPU and clock."""

    total: int
    recall: dict[str, float] = field(default_factory=dict)
    scanned: dict[str, int] = field(default_factory=dict)
    false: dict[str, int] = field(default_factory=dict)
    false_pictures: dict[str, int] = field(default_factory=dict)
    of_one_sitting: int = 0
    cpu_seconds: float = 0.0
    reading_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_mib: float = 0.0


def judged(planted: Planted, found: tuple[Copy, ...]) -> Measured:
    hits: set[int] = set()
    false: Counter[str] = Counter()
    pictures: dict[str, set[int]] = {}
    of_one_sitting = 0
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
            of_one_sitting += both == "photographs" and planted.of_one_sitting(copy.first, copy.second)
            pictures.setdefault(both, set()).add(copy.second)
    kinds = Counter(planted.shows(place)[0] for place in range(len(planted)))
    counted = Counter(planted.shows(place)[0] for place in hits)
    return Measured(
        total=len(planted),
        recall={name: counted[name] / COPIES for name in CHANGES},
        scanned=dict(kinds),
        false={name: false[name] for name in ("photographs", "rendered faces")},
        false_pictures={name: len(pictures.get(name, ())) for name in ("photographs", "rendered faces")},
        of_one_sitting=of_one_sitting,
    )
