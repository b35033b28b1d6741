"""Compare given artifacts with the bands of their cells: pytest benchmarks -m artifacts --fer-artifacts DIR.

This needs neither GPU nor framework. Each row of ``ferspec grid judge`` is a test.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferspec.grid.judging.judge import GridJudgement
from ferspec.plugin import explain, record
from ferspec.spec.records import Cell

pytestmark = pytest.mark.artifacts


def test_cell_lies_within_its_band(grid_cell: Cell, grid_judgement: GridJudgement, tell: Callable[..., None]) -> None:
    """Every metric of the cell lies in its band."""
    __tracebackhide__ = True
    tell(next(judged for judged in grid_judgement.cells if judged.cell == grid_cell.id))


def test_artifacts_are_of_known_cells(request: pytest.FixtureRequest, grid_judgement: GridJudgement) -> None:
    """All artifacts name a cell of the grid."""
    __tracebackhide__ = True
    if request.config.getoption("--fer-artifacts") is None:
        pytest.skip("not evaluated: no artifacts were named: add --fer-artifacts DIR")
    # an outcome only for a failure, so that the verdict is that of the cells, as on the command line
    for problem in grid_judgement.problems:
        record(request.node, problem)
    if grid_judgement.problems:
        pytest.fail("\n".join(map(explain, grid_judgement.problems)), pytrace=False)
