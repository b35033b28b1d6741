"""The options that several commands share."""

from typing import Annotated

import typer

Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A model file or folder (.keras, .h5, SavedModel, .tflite, .onnx, TorchScript), package.module:callable, "
        "a predictions CSV, or [bold]demo[/bold].",
    ),
]
Dataset = Annotated[
    str | None,
    typer.Option("--dataset", "-d", metavar="PATH", help="A folder per class, an .npz, or FER2013's CSV."),
]
Contract = Annotated[
    str | None,
    typer.Option("--contract", "-c", metavar="FILE", help="The contract; by default contract.toml beside the model."),
]
TrustCode = Annotated[
    bool,
    typer.Option("--trust-code", help="Load a model although loading it runs code that the file brings along."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
