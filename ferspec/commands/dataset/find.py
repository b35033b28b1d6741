"""ferspec dataset find"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec dataset find photo.jpg --in BTFER/"


def find(
    photograph: Annotated[Path, typer.Argument(metavar="PHOTO", help="A picture file.")],
    dataset: Annotated[
        Path,
        typer.Option("--in", metavar="PATH", help="A dataset of any form, or what 'ferspec dataset build' wrote."),
    ],
    json: Json = False,
) -> None:
    """Say whether a photograph is in a set.

    Found are the same file, the same pixels, and changed copies: mirrored, turned, moved, recompressed, resized,
    brighter or darker. The photograph is compared as a whole: for a set of faces, cut it to the face first.

    Exit status 0: found; 1: not found; 2: it could not be searched.
    """
    from ferspec.api.dataset.find import find as found_in
    from ferspec.commands.live.progress import progress
    from ferspec.commands.tables.persons import print_found

    with progress() as shown:
        found = found_in(photograph, dataset, shown)
    if json:
        print(found.to_json())
    else:
        print_found(found)
    raise typer.Exit(0 if found.matches else 1)
