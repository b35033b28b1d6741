"""ferspec edge"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.api.conversion import EdgeRequest
from ferspec.commands.fields import with_fields
from ferspec.commands.options import Force, Json

EXAMPLE = "Example: ferspec edge model.keras --calibration faces/ --dataset BTFER/ --max-drop 0.01"


@with_fields
def edge(
    request: EdgeRequest,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Where to write; by default ferspec-edge-MODEL.")
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Convert a model for small devices, and measure what that changes.

    Writes TFLite, ONNX and ExecuTorch files, as far as maintained converters go, each with its contract, so that
    'ferspec certify' takes them; edge.json, which 'ferspec recommend --measured' reads; and edge.html. Of each file:
    size, agreement with the original, change of accuracy and macro F1, latency and memory on this machine, operators,
    and the classes of devices that they exclude (docs/edge.md).

    A file is inferior if its accuracy is lower than the original's by --max-drop or more. Exit status: 0 no file is
    inferior, each proved with an error of at most 5 %; 1 one is inferior; 2 nothing was converted; 3 one is undecided:
    the number of images that would decide is printed.
    """
    from ferspec.api.edge import edge_request
    from ferspec.commands.live.ending import ended_in_order
    from ferspec.commands.live.progress import progress
    from ferspec.commands.tables.edge import print_edge
    from ferspec.edge.written import require_replaceable
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.pages import default_folder, require_folder

    folder = out or default_folder(f"edge-{Path(str(request.model)).name}")
    require_folder(folder)
    with ended_in_order(), progress() as shown:
        found = edge_request(request, shown, lambda digest: None if force else require_replaceable(folder, digest))
        found.write(folder)
    if json:
        print(found.to_json())
    else:
        print_edge(found, folder)
    raise typer.Exit(EXIT_STATUS[found.verdict])
