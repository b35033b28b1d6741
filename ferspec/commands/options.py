"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from ferspec.api.requests import TRUST_CODE

Force = Annotated[bool, typer.Option("--force", help="Replace what already exists there.")]
TrustCode = Annotated[bool, typer.Option("--trust-code", help=TRUST_CODE)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
Select = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        "-s",
        metavar="TERMS",
        help="Cells by field ('resolution=48 dataset=rafdb,fer2013'), id or glob ('vgg16-*-48-*'); all terms "
        "separated by spaces must hold, and one of the values separated by commas; repeatable, to add cells.",
    ),
]
DataRoot = Annotated[
    Path | None,
    typer.Option("--data-root", metavar="DIR", help="The folder that holds RAF-DB, FER2013, AffectNet and BTFER."),
]
WeightsDir = Annotated[
    Path | None, typer.Option("--weights-dir", metavar="DIR", help="A folder of published initial weights.")
]
