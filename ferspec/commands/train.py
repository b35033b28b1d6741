"""ferspec train"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.commands.fields import with_fields
from ferspec.commands.options import DataRoot, Json, WeightsDir
from ferspec.reference.training.settings import TrainingSettings

EXAMPLE = "Example: ferspec train resnet18-scratch-48-rafdb-conservative --data-root DATA/ --out runs/resnet18"


@with_fields
def train(
    cell: Annotated[
        str,
        typer.Argument(metavar="CELL", help="A cell's id ('ferspec grid list' shows them)."),
    ],
    settings: TrainingSettings,
    data_root: DataRoot = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Where to write; by default runs/CELL-seedN."),
    ] = None,
    weights_dir: WeightsDir = None,
    gpus: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="How many GPUs share each batch; by default all, 0 for none.")
    ] = None,
    log: Annotated[
        list[str] | None, typer.Option("--log", metavar="NAME", help="Log to tensorboard or mlflow too; repeatable.")
    ] = None,
    json: Json = False,
) -> None:
    """Train one cell of the grid by the protocol, and write its artifacts.

    After an interruption, such as Ctrl-C, the same command resumes after the last finished epoch. Writes run.json,
    history.csv, predictions.csv, report.json, model.keras, contract.toml, manifest.csv and a picture, curves.svg.
    """
    from ferspec.commands.endings import saying_what_is_kept
    from ferspec.commands.live.progress import progress
    from ferspec.commands.live.training import TrainingView, printing_deviations, what_is_kept
    from ferspec.commands.tables.training import print_run
    from ferspec.commands.unreadable import listing_unreadable
    from ferspec.files import write_whole
    from ferspec.grid.cells import find_cell
    from ferspec.grid.training.train import Request, train_cell
    from ferspec.report.training_curves import curves_svg
    from ferspec.subjects.runs.artifacts.history import read_history
    from ferspec.subjects.runs.artifacts.record import CURVES, HISTORY, is_run, read_run

    found = find_cell(cell)
    folder = out or Path("runs", f"{found.id}-seed{settings.seed}")
    request = Request(
        cell=found,
        out=folder,
        data_root=data_root,
        weights_dir=weights_dir,
        **dict(settings),
        gpus=gpus,
        loggers=tuple(log or ()),
    )
    before = read_run(folder) if is_run(folder) else None
    with saying_what_is_kept(lambda: what_is_kept(folder)):
        with listing_unreadable(), progress() as shown:
            run = train_cell(request, TrainingView(shown), shown, begins=printing_deviations(shown))
        finished_before = run == before
        # a process may have been killed after writing the artifacts and before drawing the picture
        if not finished_before or not (folder / CURVES).exists():
            title = f"{run.cell}, seed {run.settings.seed}"
            write_whole(folder / CURVES, curves_svg(read_history(folder / HISTORY), title))
    if json:
        print(run.model_dump_json(indent=2))
    else:
        print_run(run, folder, finished_before)
