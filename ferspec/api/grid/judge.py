"""Judges trainings of the grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ferspec.api.grid.band import ends_of
from ferspec.api.requests import JudgeRequest
from ferspec.api.results.drawing import ranges
from ferspec.api.results.judged import Judged
from ferspec.grid.cells import all_cells
from ferspec.grid.judging import judge as judging
from ferspec.grid.judging.judge import GridJudgement
from ferspec.grid.judging.reading import ReadResults, read
from ferspec.grid.selection import select
from ferspec.options import shell_command
from ferspec.outcomes import Outcome, Verdict
from ferspec.progress import Progress, silent
from ferspec.spec.records import DEFAULT_PROFILE, Profile

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


@dataclass(frozen=True, repr=False)
class JudgedGrid(Judged):
    """The judgement of the chosen cells, and what was read to judge them."""

    judgement: GridJudgement
    read: ReadResults

    @property
    def verdict(self) -> Verdict:
        """The verdict over the chosen cells."""
        return self.judgement.verdict

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcome of each cell, and the problems of artifacts of unknown cells."""
        return (*(cell.outcome for cell in self.judgement.cells), *self.judgement.problems)

    def summary(self) -> str:
        """Return the number of cells, the verdict, and the number of cells with each status."""
        statuses = ", ".join(f"{count:,} {status}" for status, count in self.judgement.statuses.items() if count)
        verdict = self.verdict.replace("_", " ")
        count = len(self.judgement.cells)
        cells = self.judgement.cells[0].cell if count == 1 else f"{count:,} cells"
        return f"judgement of {cells}: {verdict}, {statuses}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per cell: its status and likely causes, and each metric with the ends of its band."""
        import pandas as pd

        rows = {}
        for cell in self.judgement.cells:
            row: dict[str, object] = {"status": cell.status, "runs": cell.runs, "likely": "; ".join(cell.likely)}
            for one in cell.figures:
                row |= {one.figure: one.value, f"{one.figure}_low": one.band.low, f"{one.figure}_high": one.band.high}
            rows[cell.cell] = row
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("cell")

    def to_json(self) -> str:
        """Return the document that ``ferspec grid judge --json`` prints."""
        from ferspec.report.documents import grid_document

        return grid_document(self.judgement, self.read)

    def page(self) -> str:
        """Return the page of every trained cell and its bands."""
        from ferspec.report.grid.page import render_grid

        return render_grid(self.judgement, self.read)

    def _write(self, folder: Path) -> None:
        from ferspec.report.grid.page import write_grid

        write_grid(self.judgement, self.read, self.to_json(), folder)

    def plot_bands(self, figure: str = "btfer_accuracy", ax: Axes | None = None) -> Axes:
        """Draw one metric of each cell and its band with Matplotlib; return the axes."""
        found = [(cell.cell, one) for cell in self.judgement.cells for one in cell.figures if one.figure == figure]
        known = [(name, one) for name, one in found if one.value is not None and one.band.low is not None]
        ends = [ends_of(one.band) for _, one in known]
        axes = ranges([name for name, _ in known], ends, [one.value for _, one in known], ax)
        axes.set(xlabel=figure)
        return axes


def judge(
    artifacts: str | Path | Sequence[str | Path],
    cells: str | Sequence[str] = (),
    profile: Profile = DEFAULT_PROFILE,
    progress: Progress = silent,
) -> JudgedGrid:
    """Judge trained cells by the bands in which their metrics are expected.

    ``artifacts`` are run folders, folders of them, or tables of results; ``cells`` select, as ``ferspec grid list``
    does, the cells to judge. ``UserError`` for artifacts that cannot be read and a selection without cells.
    """
    given = (artifacts,) if isinstance(artifacts, str | Path) else tuple(artifacts)
    chosen = (cells,) if isinstance(cells, str) else tuple(cells)
    return judge_request(JudgeRequest(artifacts=given, cells=chosen, profile=profile), progress)


def judge_request(request: JudgeRequest, progress: Progress = silent) -> JudgedGrid:
    """Judge the cells of a request."""
    chosen = select(all_cells().values(), request.cells)
    results = read(request.artifacts, progress)
    reproduce = shell_command(("ferspec", "grid", "judge"), request, omit=("cells",))
    return JudgedGrid(judging.judge(chosen, results.results, request.profile, reproduce), results)
