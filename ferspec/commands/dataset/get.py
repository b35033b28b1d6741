"""ferspec dataset get"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.commands.options import Json
from ferspec.errors import UserError

EXAMPLE = "Example: ferspec dataset get btfer --archive downloads/archive.zip"


def get(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="btfer, rafdb, fer2013 or affectnet.")] = None,
    archive: Annotated[
        Path | None,
        typer.Option(
            "--archive", "-a", metavar="FILE", help="The downloaded archive, or the folder that it unpacks to."
        ),
    ] = None,
    kaggle: Annotated[
        str | None,
        typer.Option("--kaggle", metavar="OWNER/NAME", help="Download it by its name on Kaggle, with your own client."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="The new folder of the seven class folders.")
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the datasets: where, terms, and what is needed.")] = False,
    json: Json = False,
) -> None:
    """Say where a dataset is published, or take its download.

    BTFER is put into a folder for each class, and its pictures are recognised; this is the first step of certifying a
    model against it. RAF-DB, FER2013 and AffectNet are compared with Table 1 where they are. Credentials are those of
    your Kaggle client, which alone sees them.

    Exit status 0: as the protocol uses it; 1: a download with other images; 2: nothing was taken.
    """
    from ferspec.commands.tables.received import print_received, print_sources
    from ferspec.subjects.datasets.sources import source_of, sources

    if list_:
        print_sources(sources(), as_json=json)
        return
    if name is None:
        raise UserError("name a dataset (btfer, rafdb, fer2013 or affectnet), or list them with --list")
    if archive is None and kaggle is None:
        print_sources([source_of(name)], as_json=json)
        raise typer.Exit(2)

    from ferspec.api.dataset.get import get as received
    from ferspec.commands.live.progress import progress
    from ferspec.commands.unreadable import listing_unreadable

    with listing_unreadable(), progress() as shown:
        found = received(name, archive, kaggle, out, shown)
    if json:
        print(found.to_json())
    else:
        print_received(found)
    raise typer.Exit(0 if found.accepted else 1)
