"""ferspec evaluate"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec evaluate runs/resnet18-scratch-48-rafdb-conservative-seed0 --data-root DATA/"


def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a finished training.")],
    data_root: Annotated[
        Path | None,
        typer.Option("--data-root", metavar="DIR", help="The folder that holds RAF-DB, FER2013, AffectNet and BTFER."),
    ] = None,
    json: Json = False,
) -> None:
    """Predict the images of a finished training again, and say whether its artifacts are reproduced.

    Nothing is written. Exit status 0: reproduced; 1: other predictions, or a report that contradicts the predictions;
    2: files of the run are missing, or the images are not those it was tested on.
    """
    from ferspec.api.evaluate import evaluate as evaluated
    from ferspec.commands.live.progress import progress
    from ferspec.commands.tables.evaluate import print_reevaluated
    from ferspec.commands.unreadable import listing_unreadable

    with listing_unreadable(), progress() as shown:
        found = evaluated(run, data_root, shown)
    if json:
        print(found.to_json())
    else:
        print_reevaluated(found)
    raise typer.Exit(0 if found.verdict == "reproduced" else 1)
