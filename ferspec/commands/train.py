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
    from ferspec.api.train import request_of, train_request
    from ferspec.commands.endings import saying_what_is_kept
    from ferspec.commands.live.progress import progress
    from ferspec.commands.live.training import TrainingView, what_is_kept
    from ferspec.commands.tables.training import print_run
    from ferspec.commands.unreadable import listing_unreadable

    request = request_of(cell, settings, out, data_root, weights_dir, gpus, log or ())
    with saying_what_is_kept(lambda: what_is_kept(request.out)), listing_unreadable(), progress() as shown:
        run = train_request(request, TrainingView(shown), shown)
    if json:
        print(run.to_json())
    else:
        print_run(run, run.folder, run.finished_before)
