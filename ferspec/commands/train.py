"""ferspec train"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec train resnet18-scratch-48-rafdb-conservative --data-root DATA/ --out runs/resnet18"


class Augment(StrEnum):
    threads = "threads"
    device = "device"
    reference = "reference"


class Precision(StrEnum):
    float32 = "float32"
    mixed_float16 = "mixed_float16"
    mixed_bfloat16 = "mixed_bfloat16"


class ProfileName(StrEnum):
    released = "released"
    paper = "paper"


def train(
    cell: Annotated[
        str,
        typer.Argument(metavar="CELL", help="A cell's id ('ferspec grid list' shows them)."),
    ],
    data_root: Annotated[
        Path | None,
        typer.Option("--data-root", metavar="DIR", help="The folder that holds RAF-DB, FER2013, AffectNet and BTFER."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Where to write; by default runs/CELL-seedN."),
    ] = None,
    weights_dir: Annotated[
        Path | None, typer.Option("--weights-dir", metavar="DIR", help="A folder of published starting weights.")
    ] = None,
    profile: Annotated[ProfileName, typer.Option(help="Train as the published runs did, or as the paper says.")] = (
        ProfileName.released
    ),
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Decides start, split, order and augmentation.")] = 0,
    epochs_cap: Annotated[
        int | None,
        typer.Option("--epochs-cap", min=1, metavar="N", help="End a phase after N epochs; a deviation."),
    ] = None,
    subset: Annotated[
        int | None, typer.Option("--subset", min=1, metavar="N", help="Train on N images, stratified; a deviation.")
    ] = None,
    skip_unreadable: Annotated[
        int, typer.Option("--skip-unreadable", min=0, metavar="N", help="Leave out up to N images that cannot be read.")
    ] = 0,
    augment: Annotated[
        Augment, typer.Option(help="Where images are changed: CPU threads, the device, or Keras' own generator.")
    ] = Augment.threads,
    precision: Annotated[Precision, typer.Option(help="The precision that layers compute in.")] = Precision.float32,
    jit: Annotated[bool, typer.Option("--jit", help="Compile the training step with XLA.")] = False,
    gpus: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="How many GPUs share each batch; by default all, 0 for none.")
    ] = None,
    log: Annotated[
        list[str] | None, typer.Option("--log", metavar="NAME", help="Log to tensorboard or mlflow too; repeatable.")
    ] = None,
    json: Json = False,
) -> None:
    """Train one cell of the grid by the protocol, and leave artifacts that anyone can judge.

    Stopped at any moment, the same command goes on after the last finished epoch. Writes run.json, history.csv,
    predictions.csv, report.json, model.keras, contract.toml and manifest.csv.
    """
    from ferspec.commands.progress import progress
    from ferspec.commands.training_tables import print_run
    from ferspec.commands.training_view import TrainingView
    from ferspec.grid.cells import find_cell
    from ferspec.grid.training import Request, train_cell

    found = find_cell(cell)
    folder = out or Path("runs", f"{found.id}-seed{seed}")
    request = Request(
        cell=found,
        out=folder,
        data_root=data_root,
        weights_dir=weights_dir,
        profile=profile.value,
        seed=seed,
        epochs_cap=epochs_cap,
        subset=subset,
        skip_unreadable=skip_unreadable,
        augment=augment.value,
        precision=precision.value,
        jit=jit,
        gpus=gpus,
        loggers=tuple(log or ()),
    )
    with progress() as shown:
        run = train_cell(request, TrainingView(shown), shown)
    if json:
        print(run.model_dump_json(indent=2))
    else:
        print_run(run, folder)
