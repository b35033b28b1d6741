"""Artifacts that somebody trained, held against the bands of their cells: pytest benchmarks -m artifacts
--fer-artifacts DIR. No GPU, no framework; what ``ferspec grid judge`` prints as a table is a test a cell here."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferspec.engine import Outcome, Status
from ferspec.grid.judging import GridJudgement
from ferspec.plugin import explain, record
from ferspec.spec import load

pytestmark = pytest.mark.artifacts

CELLS = [cell.id for cell in load().cells]


@pytest.mark.parametrize("cell", CELLS)
def test_cell_lies_within_its_band(cell: str, grid_judgement: GridJudgement, tell: Callable[..., None]) -> None:
    """Every figure of the cell lies in its band."""
    __tracebackhide__ = True
    tell(next(judged for judged in grid_judgement.cells if judged.cell == cell))


def test_artifacts_are_of_known_cells(request: pytest.FixtureRequest, grid_judgement: GridJudgement) -> None:
    """No artifacts name a cell that the grid has not."""
    __tracebackhide__ = True
    clause = load().clause("FER-R-03")
    known = Outcome(
        check=f"{clause.id}[known cells]",
        clause=clause.id,
        title="artifacts are of known cells",
        place=clause.place,
        status=Status.PASS,
    )
    if request.config.getoption("--fer-artifacts") is None:
        reason = "no artifacts were named: add --fer-artifacts DIR"
        record(request, known.model_copy(update={"status": Status.NOT_EVALUATED, "message": reason}))
        pytest.skip(f"not evaluated: {reason}")
    for problem in grid_judgement.problems or (known,):
        record(request, problem)
    if grid_judgement.problems:
        pytest.fail("\n".join(map(explain, grid_judgement.problems)), pytrace=False)
