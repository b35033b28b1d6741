"""Estimate the spread between runs from the replicates in the grid (FER-G-05, FER-G-06)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection
from functools import cache

from ferspec import spec
from ferspec.records import Record
from ferspec.spec.records import DEFAULT_PROFILE, Cell, Profile, Resolution

CLAUSE = "FER-G-06"
BOTH = 2

Row = tuple[str, str]


class Spread(Record):
    """The spread of single runs: their standard deviation ``sd``, from ``pairs`` of replicates. Metrics are 0 to 1.

    ``typical`` is a robust standard deviation, from the median of the pairs.
    """

    pairs: int
    sd: float
    typical: float

    def reach(self, runs: int, level: float) -> float:
        """Return how far the mean of further runs may lie from one run (FER-G-07)."""
        return student(self.pairs, level) * self.sd * math.sqrt(1 + 1 / runs)


@cache
def spread(figure: str, resolution: Resolution, profile: Profile = DEFAULT_PROFILE) -> Spread:
    """Return the spread of a published metric at a resolution under a profile (FER-G-06)."""
    return spread_of(differences(figure, resolution, profile).values())


def spread_of(pairs: Collection[float]) -> Spread:
    """Return the spread of single runs, from the difference of each pair of replicates. ``ValueError`` for no pair."""
    if not pairs:
        raise ValueError("a spread needs at least one pair of replicates")
    factor = spec.load().number(CLAUSE, "robust_factor")
    return Spread(
        pairs=len(pairs),
        sd=math.sqrt(statistics.fmean(difference**2 for difference in pairs) / BOTH),
        typical=factor * statistics.median(map(abs, pairs)) / math.sqrt(BOTH),
    )


def differences(figure: str, resolution: Resolution, profile: Profile = DEFAULT_PROFILE) -> dict[Row, float]:
    """Return the difference of every pair of replicates with known metrics, by architecture and weights."""
    book = spec.load()
    no_replicates = {cell for id in book.texts(CLAUSE, "left_out", profile) for cell in book.erratum(id).cells}
    rows: dict[Row, list[Cell]] = {}
    for cell in book.cells:
        if cell.dataset == book.text(CLAUSE, "dataset") and cell.resolution == resolution:
            rows.setdefault((cell.architecture, cell.weights), []).append(cell)
    known: dict[Row, float] = {}
    for row, pair in rows.items():
        first, second = (cell.metric(figure, profile) for cell in pair)
        if first is not None and second is not None and no_replicates.isdisjoint(cell.id for cell in pair):
            known[row] = first - second
    return known


@cache
def student(freedom: float, level: float) -> float:
    """Return the two-sided quantile of Student's distribution, in standard errors."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))
