"""Judging a whole right grid: the effect of chance is as large as docs/grid.md says."""

import math

import numpy as np
import pytest

from ferspec import spec
from ferspec.grid.bands.spread import spread
from ferspec.grid.judging.judge import judge
from ferspec.grid.judging.results import Result
from ferspec.spec.records import CellMetrics

BOOK = spec.load()


def trained_again(cell, rng):
    """A further training of a cell, as far from the published one as two runs are; accuracy and F1 move together."""
    figures = {}
    for part in ("val", "btfer"):
        shift = rng.normal()
        for figure in (f"{part}_accuracy", f"{part}_f1"):
            published = cell.metric(figure)
            if published is not None:
                deviation = math.sqrt(2) * spread(figure, cell.resolution).sd
                figures[figure] = float(np.clip(published + shift * deviation, 0, 1))
    return Result(cell=cell.id, source="drawn", figures=CellMetrics(**figures))


@pytest.fixture(scope="module")
def judgements():
    """Eight whole grids, drawn."""
    rng = np.random.default_rng(0)
    return [judge(BOOK.cells, [trained_again(cell, rng) for cell in BOOK.cells]) for _ in range(8)]


def test_no_more_metrics_lie_outside_than_chance_explains(judgements):
    assert all(0 < judgement.outside < judgement.by_chance for judgement in judgements)


def test_a_handful_of_cells_is_below_in_every_one(judgements):
    assert all(1 <= judgement.statuses["below"] <= 6 for judgement in judgements)
