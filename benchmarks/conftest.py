"""What the benchmarks share: the judgement of the artifacts that the command line names, and how a test tells it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ferspec.engine import Outcome, Status
from ferspec.errors import UserError
from ferspec.grid.judging import CellJudgement, GridJudgement, judge
from ferspec.grid.reading import read_results
from ferspec.plugin import explain, record
from ferspec.spec import load


@pytest.fixture(scope="session")
def grid_judgement(request: pytest.FixtureRequest) -> GridJudgement:
    """All 258 cells, held against what ``--fer-artifacts`` names; without it every cell is absent."""
    path = request.config.getoption("--fer-artifacts")
    try:
        return judge(load().cells, read_results([path]) if path else ())
    except UserError as error:
        pytest.exit(f"ferspec: {error}", returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[CellJudgement], None]:
    """A function that passes, fails or skips a test as its cell was judged, and records the outcome."""

    def told(judged: CellJudgement) -> None:
        __tracebackhide__ = True
        record(request, judged.outcome)
        if judged.outcome.status is Status.FAIL:
            pytest.fail("\n".join(map(explain, (judged.outcome, *judged.problems))), pytrace=False)
        if judged.outcome.status is not Status.PASS:
            pytest.skip(f"{judged.outcome.status.replace('_', ' ')}: {judged.status}: {reason_of(judged.outcome)}")

    return told


def reason_of(outcome: Outcome) -> str:
    return outcome.message or outcome.likely
