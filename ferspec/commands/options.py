"""The options that several commands share."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class AugmentName(StrEnum):
    threads = "threads"
    device = "device"
    reference = "reference"


class PrecisionName(StrEnum):
    float32 = "float32"
    mixed_float16 = "mixed_float16"
    mixed_bfloat16 = "mixed_bfloat16"


class ProfileName(StrEnum):
    released = "released"
    paper = "paper"


MODEL_FILES = "A model file or folder (.keras, .h5, SavedModel, .tflite, .onnx, TorchScript), package.module:callable"
Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help=f"{MODEL_FILES}, the folder of a finished training, a predictions CSV, or [bold]demo[/bold].",
    ),
]
Dataset = Annotated[
    str | None,
    typer.Option("--dataset", "-d", metavar="PATH", help="A folder per class, an .npz, or FER2013's CSV."),
]
Contract = Annotated[
    str | None,
    typer.Option(
        "--contract",
        "-c",
        metavar="FILE",
        help="The contract; by default MODEL.contract.toml, else contract.toml, beside the model.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there already, whatever it is.")]
TrustCode = Annotated[
    bool,
    typer.Option("--trust-code", help="Load a model although loading it runs code that the file brings along."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        "-s",
        metavar="TERMS",
        help="Cells by field ('resolution=48 dataset=rafdb,fer2013'), id or glob ('vgg16-*-48-*'); terms separated by "
        "spaces must all hold, of values separated by commas one. Given again, it adds cells.",
    ),
]
DataRoot = Annotated[
    Path | None,
    typer.Option("--data-root", metavar="DIR", help="The folder that holds RAF-DB, FER2013, AffectNet and BTFER."),
]
WeightsDir = Annotated[
    Path | None, typer.Option("--weights-dir", metavar="DIR", help="A folder of published starting weights.")
]
TrainingProfile = Annotated[
    ProfileName, typer.Option("--profile", help="Train as the published runs did, or as the paper says.")
]
EpochsCap = Annotated[
    int | None, typer.Option("--epochs-cap", min=1, metavar="N", help="End a phase after N epochs; a deviation.")
]
Subset = Annotated[
    int | None, typer.Option("--subset", min=1, metavar="N", help="Train on N images, stratified; a deviation.")
]
SkipUnreadable = Annotated[
    int, typer.Option("--skip-unreadable", min=0, metavar="N", help="Leave out up to N images that cannot be read.")
]
Augment = Annotated[
    AugmentName,
    typer.Option("--augment", help="Where images are changed: CPU threads, the device, or Keras' own generator."),
]
Precision = Annotated[PrecisionName, typer.Option("--precision", help="The precision that layers compute in.")]
Jit = Annotated[bool, typer.Option("--jit", help="Compile the training step with XLA.")]
