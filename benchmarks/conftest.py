"""What the benchmarks share: the judgement of the artifacts that the command line names."""

from __future__ import annotations

import pytest

from ferspec.errors import UserError
from ferspec.grid.judging import GridJudgement, judge
from ferspec.grid.reading import read_results
from ferspec.spec import load


@pytest.fixture(scope="session")
def grid_judgement(request: pytest.FixtureRequest) -> GridJudgement:
    """All 258 cells, held against what ``--fer-artifacts`` names; without it every cell is absent."""
    path = request.config.getoption("--fer-artifacts")
    try:
        return judge(load().cells, read_results([path]) if path else ())
    except UserError as error:
        pytest.exit(f"ferspec: {error}", returncode=pytest.ExitCode.USAGE_ERROR)
