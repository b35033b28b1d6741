"""How far runs of one cell lie apart, estimated from the replicates that the grid contains (FER-G-05, FER-G-06)."""

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
    """The spread of single runs: ``sd`` their standard deviation, from that many ``pairs``; figures are 0 to 1.

    ``typical`` is the robust deviation, that of a typical pair, which a few runs far out do not move.
    """

    pairs: int
    sd: float
    typical: float

    def reach(self, runs: int, level: float) -> float:
        """Return how far the mean of ``runs`` further runs may lie from one run (FER-G-07), at a two-sided level."""
        return _student(self.pairs, level) * self.sd * math.sqrt(1 + 1 / runs)


@cache
def spread(figure: str, resolution: Resolution, profile: Profile = DEFAULT_PROFILE) -> Spread:
    """Return the spread of a figure at a resolution, as a profile reads the published figures (FER-G-06)."""
    return spread_of(differences(figure, resolution, profile).values())


def spread_of(apart: Collection[float]) -> Spread:
    """Return the spread of single runs whose replicates lie that far apart; ``ValueError`` for no pair at all."""
    if not apart:
        raise ValueError("a spread needs at least one pair of replicates")
    factor = spec.load().number(CLAUSE, "robust_factor")
    return Spread(
        pairs=len(apart),
        sd=math.sqrt(statistics.fmean(difference**2 for difference in apart) / BOTH),
        typical=factor * statistics.median(map(abs, apart)) / math.sqrt(BOTH),
    )


def differences(figure: str, resolution: Resolution, profile: Profile = DEFAULT_PROFILE) -> dict[Row, float]:
    """Return the difference of every pair of replicates whose figures are known, by architecture and weights."""
    book = spec.load()
    no_replicates = {cell for id in book.texts(CLAUSE, "left_out", profile) for cell in book.erratum(id).cells}
    rows: dict[Row, list[Cell]] = {}
    for cell in book.cells:
        if cell.dataset == book.text(CLAUSE, "dataset") and cell.resolution == resolution:
            rows.setdefault((cell.architecture, cell.weights), []).append(cell)
    pairs = {
        row: [cell.figure(figure, profile) for cell in pair]
        for row, pair in rows.items()
        if no_replicates.isdisjoint(cell.id for cell in pair)
    }
    return {row: figures[0] - figures[1] for row, figures in pairs.items() if None not in figures}


@cache
def _student(freedom: int, level: float) -> float:
    """Return how many standard errors the middle of Student's distribution reaches to either side."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + level) / 2))
