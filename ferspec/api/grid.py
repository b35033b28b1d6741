"""Judges trainings of the grid, and what the paper says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ferspec.api.requests import FindingsRequest, JudgeRequest
from ferspec.grid.cells import all_cells
from ferspec.grid.findings import findings as recomputed
from ferspec.grid.findings.findings import Findings
from ferspec.grid.judging import judge as judging
from ferspec.grid.judging.judge import GridJudgement
from ferspec.grid.judging.reading import ReadResults, read, read_results
from ferspec.grid.judging.results import published
from ferspec.grid.selection import select
from ferspec.progress import Progress, silent
from ferspec.spec.records import DEFAULT_PROFILE, Profile


@dataclass(frozen=True)
class JudgedGrid:
    """The judgement of the chosen cells, and what was read to judge them."""

    judgement: GridJudgement
    read: ReadResults


def judge(
    artifacts: Sequence[str | Path],
    cells: Sequence[str] = (),
    profile: Profile = DEFAULT_PROFILE,
    progress: Progress = silent,
) -> JudgedGrid:
    """Judge trained cells by the bands in which their metrics are expected.

    ``artifacts`` are run folders, folders of them, or tables of results; ``cells`` select, as ``ferspec grid list``
    does, the cells to judge. ``UserError`` for artifacts that cannot be read and a selection without cells.
    """
    return judge_request(JudgeRequest(artifacts=tuple(artifacts), cells=tuple(cells), profile=profile), progress)


def judge_request(request: JudgeRequest, progress: Progress = silent) -> JudgedGrid:
    """Judge the cells of a request."""
    chosen = select(all_cells().values(), request.cells)
    results = read(request.artifacts, progress)
    return JudgedGrid(judging.judge(chosen, results.results, request.profile), results)


def findings(results: Sequence[str | Path] = (), profile: Profile = DEFAULT_PROFILE) -> Findings:
    """Recompute the paper's findings on the grid from results, by default the published ones.

    ``UserError`` for results that cannot be read.
    """
    return findings_request(FindingsRequest(results=tuple(results), profile=profile))


def findings_request(request: FindingsRequest) -> Findings:
    """Recompute the findings of a request."""
    results = read_results(request.results) if request.results else published(request.profile)
    return recomputed.findings(results, request.profile)
