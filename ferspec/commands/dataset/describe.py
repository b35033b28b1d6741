"""ferspec dataset describe"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec dataset describe RAF-DB/ --out rafdb-described/"


def describe(
    dataset: Annotated[Path, typer.Argument(metavar="PATH", help="A dataset in any form of docs/datasets.md.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="Write description.html, .svg, .csv and .json into this folder."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Show the images of each class, before and after weighting.

    The splits and both weights of each class stand beside them. Images are counted and not decoded.
    Nothing is written without --out.
    """
    from ferspec.api.dataset.describe import describe as described
    from ferspec.commands.tables.description import print_description
    from ferspec.report.pages import require_folder
    from ferspec.subjects.disk import require_outside

    if out is not None:
        require_folder(out)
        require_outside(out, dataset)
    found = described(dataset)
    written = None if out is None else found.write(out)
    if json:
        print(found.to_json())
    else:
        print_description(found, written)
