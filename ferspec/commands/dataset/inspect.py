"""ferspec dataset inspect"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.api.requests import InspectRequest
from ferspec.commands.fields import with_fields
from ferspec.commands.options import Json
from ferspec.errors import UserError

EXAMPLE = "Example: ferspec dataset inspect BTFER/ --as btfer --against RAF-DB/ --out inspected/"


@with_fields
def inspect(
    request: InspectRequest,
    images: Annotated[
        bool, typer.Option("--images", help="Show the pictures of pairs side by side on the page.")
    ] = False,
    deidentify: Annotated[
        bool, typer.Option("--deidentify", help="Reduce the pictures of --images to blocks that hide the face.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write a page, findings.csv, clusters.csv and JSON here."),
    ] = None,
    json: Json = False,
) -> None:
    """Inspect a dataset: copies, leakage, labels, files, identifiers, balance.

    Lists pictures that occur twice, under two labels, or in another set too, also mirrored, rotated, shifted, zoomed or
    compressed; unreadable images, other sizes and modes; metadata that identifies people. With --model or
    --predictions, gives the accuracy with and without the leak.

    Exit status: 0 pass, 1 fail, 2 the set cannot be inspected, 3 inconclusive. Nothing is written without --out.
    """
    from ferspec.api.dataset.inspect import inspect_request
    from ferspec.commands.live.progress import progress
    from ferspec.commands.tables.inspection import print_inspection
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.pages import require_folder
    from ferspec.subjects.disk import require_outside

    if out is not None:
        require_folder(out)
        require_outside(out, request.dataset, *request.against)
    elif images:
        raise UserError("pictures are shown on the page: add --out DIR, or leave out --images")
    with progress() as shown:
        found = inspect_request(request, images, deidentify, shown)
        if out is not None:
            found.write(out)
    if json:
        print(found.to_json())
    else:
        print_inspection(found, out)
    raise typer.Exit(EXIT_STATUS[found.verdict])
