"""Fixtures of the benchmarks: they judge artifacts from the command line and report the outcome."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ferspec.errors import UserError
from ferspec.grid.judging.judge import CellJudgement, GridJudgement, judge
from ferspec.grid.judging.reading import read_results
from ferspec.grid.selection import select
from ferspec.outcomes import Outcome, Status
from ferspec.plugin import OWES, explain, record
from ferspec.spec import load
from ferspec.spec.records import IDENTITY, Cell

GRID_CELL = "grid_cell"
JUDGING = ("test_artifacts", "test_gpu_cells")
KINDS = {"artifacts", "gpu", "learning", "smoke", "speed"}
HERE = Path(__file__).parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--fer-select",
        action="append",
        default=[],
        metavar="TERMS",
        help="only these cells of the grid, in the form of --select of 'ferspec grid list'; repeatable",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test for each cell, marked with its fields: ``-m "gpu and cell(dataset='RAF-DB', resolution=48)"``."""
    if GRID_CELL in metafunc.fixturenames:
        cells = [pytest.param(cell, marks=pytest.mark.cell(**fields_of(cell)), id=cell.id) for cell in load().cells]
        metafunc.parametrize(GRID_CELL, cells)


def fields_of(cell: Cell) -> dict[str, str | int]:
    return {name: getattr(cell, name) for name in IDENTITY}


def has_marker(config: pytest.Config) -> bool:
    """Return whether ``-m`` names a kind of benchmark."""
    return not KINDS.isdisjoint(re.findall(r"\w+", config.option.markexpr))


def pytest_report_collectionfinish(config: pytest.Config) -> str | None:
    if has_marker(config):
        return None
    return f"no marker was given, so no benchmark is run: add -m {', -m '.join(sorted(KINDS))}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect benchmarks without a named marker, and cells outside ``--fer-select``.

    The others must record an outcome. Benchmarks take long: without a marker none is run.
    """
    if not has_marker(config):
        leave_out(config, items, lambda item: item.path.is_relative_to(HERE))
    for item in items:
        if item.module.__name__.endswith(JUDGING):
            item.user_properties.append((OWES, cell_of(item) is not None))
    expressions = config.getoption("--fer-select")
    if not expressions:
        return
    try:
        chosen = {cell.id for cell in select(load().cells, expressions)}
    except UserError as error:
        raise pytest.UsageError(f"ferspec: {error}") from None
    leave_out(config, items, lambda item: (cell := cell_of(item)) is not None and cell.id not in chosen)


def leave_out(config: pytest.Config, items: list[pytest.Item], unwanted: Callable[[pytest.Item], bool]) -> None:
    config.hook.pytest_deselected(items=[item for item in items if unwanted(item)])
    items[:] = [item for item in items if not unwanted(item)]


def cell_of(item: pytest.Item) -> Cell | None:
    """Return the cell of the grid that a test is for."""
    return item.callspec.params.get(GRID_CELL) if hasattr(item, "callspec") else None


@pytest.fixture(scope="session")
def grid_judgement(request: pytest.FixtureRequest) -> GridJudgement:
    """All 258 cells, judged by ``--fer-artifacts``; without it every cell is absent."""
    path = request.config.getoption("--fer-artifacts")
    try:
        return judge(load().cells, read_results([path]) if path else (), request.config.getoption("--fer-profile"))
    except UserError as error:
        pytest.exit(f"ferspec: {error}", returncode=pytest.ExitCode.USAGE_ERROR)


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[CellJudgement], None]:
    """A function that passes, fails or skips a test by the outcome of its cell."""

    def report(judged: CellJudgement) -> None:
        __tracebackhide__ = True
        record(request.node, judged.outcome)
        if judged.outcome.status is Status.FAIL:
            pytest.fail("\n".join(map(explain, (judged.outcome, *judged.problems))), pytrace=False)
        if judged.outcome.status is not Status.PASS:
            pytest.skip(f"{judged.outcome.status.replace('_', ' ')}: {judged.status}: {reason_of(judged.outcome)}")

    return report


def reason_of(outcome: Outcome) -> str:
    return outcome.message or outcome.likely
