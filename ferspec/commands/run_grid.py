"""ferspec grid run"""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ferspec.commands.fields import with_fields
from ferspec.commands.options import DataRoot, Json, Select, WeightsDir
from ferspec.errors import UserError
from ferspec.reference.training.settings import TrainingSettings

if TYPE_CHECKING:
    from ferspec.grid.running.on_ray import Cluster

EXAMPLE = "Example: ferspec grid run --select 'resolution=48 dataset=rafdb' --data-root DATA/ --out runs/"
OUT = "runs"


class Where(StrEnum):
    local = "local"
    ray = "ray"


@with_fields
def run(
    settings: TrainingSettings,
    select: Select = None,
    data_root: DataRoot = None,
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="DIR", help="Where results go: a folder, or a URL such as s3://….")
    ] = OUT,
    on: Annotated[Where, typer.Option(help="One cell after another on this machine, or many at a time on Ray.")] = (
        Where.local
    ),
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="HOST:PORT", help="The Ray cluster, or auto; by default it is started here."),
    ] = None,
    gpus_per_cell: Annotated[
        float | None,
        typer.Option("--gpus-per-cell", min=0, metavar="G", help="By default all locally; on Ray 1, if it has any."),
    ] = None,
    cpus_per_cell: Annotated[
        float | None, typer.Option("--cpus-per-cell", min=0, metavar="C", help="On Ray; by default 1.")
    ] = None,
    cell_timeout: Annotated[
        float | None,
        typer.Option("--cell-timeout", min=1, metavar="SECONDS", help="End an attempt that takes longer."),
    ] = None,
    max_retries: Annotated[
        int,
        typer.Option(
            "--max-retries", min=0, metavar="N", help="How often a killed training resumes from its last epoch."
        ),
    ] = 2,
    seed: Annotated[
        list[int] | None,
        typer.Option("--seed", min=0, max=2**31 - 1, metavar="N", help="By default 0; repeatable, one training each."),
    ] = None,
    weights_dir: WeightsDir = None,
    json: Json = False,
) -> None:
    """Train many cells, each in its own process, on this machine or a Ray cluster.

    After an interruption the same command trains only what is missing. Each cell gets a folder CELL-seedN; beside it,
    CELL-seedN.failed.txt says why one failed. Exit status: 0 all finished, 1 some failed, 2 nothing could be started
    or evaluated, 3 some not evaluated.
    """
    from ferspec.commands.endings import saying_what_is_kept
    from ferspec.commands.live.running import print_summary, watching, what_is_kept
    from ferspec.extras import require_package
    from ferspec.grid.cells import all_cells
    from ferspec.grid.running.board import Board
    from ferspec.grid.running.jobs import Limits, jobs_of
    from ferspec.grid.running.results import open_results
    from ferspec.grid.running.run import run_jobs
    from ferspec.grid.selection import select as select_cells
    from ferspec.grid.training.train import Request

    for option, value in (("--gpus-per-cell", gpus_per_cell), ("--cpus-per-cell", cpus_per_cell)):
        if value is not None and not math.isfinite(value):
            raise UserError(f"{option} {value}: give a number")
    cluster = _cluster(on, address, gpus_per_cell, cpus_per_cell)
    require_package("training", "tensorflow")
    cells = select_cells(all_cells().values(), select or ())
    options = Request(
        cell=cells[0],
        out=Path(out),
        data_root=None if data_root is None else data_root.absolute(),
        weights_dir=None if weights_dir is None else weights_dir.absolute(),
        **dict(settings),
        gpus=None if gpus_per_cell is None else int(gpus_per_cell),
    )
    jobs = jobs_of(cells, seed or (0,), options)
    results = open_results(out)
    board = Board(out, jobs)
    with saying_what_is_kept(lambda: what_is_kept(board)), watching(board) as tell:
        run_jobs(jobs, results, Limits(cell_timeout, max_retries), tell, cluster)
    summary = board.summary()
    print_summary(summary, as_json=json)
    raise typer.Exit(summary.status)


def _cluster(on: Where, address: str | None, gpus: float | None, cpus: float | None) -> Cluster | None:
    from ferspec.extras import require_package
    from ferspec.grid.running.on_ray import Cluster

    if on is Where.ray:
        require_package("--on ray", "ray")
        return Cluster(address=address, gpus=gpus, cpus=1 if cpus is None else cpus)
    if address is not None or cpus is not None:
        raise UserError("--address and --cpus-per-cell are for --on ray")
    if gpus is not None and gpus != int(gpus):
        raise UserError(f"--gpus-per-cell {gpus:g}: only --on ray shares a GPU among cells")
    return None
