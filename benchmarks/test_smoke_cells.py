"""Compare four small cells, trained on a CPU, with recorded runs: pytest benchmarks -m smoke.

The bands come from ``ferspec/grid/smoke/runs.json``; ``python -m ferspec.grid.smoke.trainings``
records those runs again.
"""

import pytest

from ferspec.grid.smoke.trainings import SmokeCell, cached, judge_smoke_cell, smoke_plan, train_smoke_cell
from ferspec.plugin import explain

pytestmark = [pytest.mark.smoke, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def open_data():
    """The synthetic faces, drawn once for all cells."""
    return cached()


@pytest.mark.parametrize("cell", smoke_plan().cells, ids=lambda cell: cell.id)
def test_cell_trained_on_a_cpu_lies_within_its_bands(cell: SmokeCell, open_data, tmp_path, capsys):
    train_smoke_cell(cell, smoke_plan().seed, tmp_path / "run", open_data)
    judged = judge_smoke_cell(tmp_path / "run")
    with capsys.disabled():
        print(f"\n{cell.id}, {cell.epochs} epochs")
        for band in judged.bands:
            print(f"  {band.figure:15} {band.value:.4f}  {band.low:.4f} to {band.high:.4f}")
    assert not judged.problems, "\n".join(map(explain, judged.problems))
    assert [band.figure for band in judged.bands if not band.within] == []
