"""ferspec dataset withdraw"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec dataset withdraw photo.jpg --from collected/ --certificates certified/"


def withdraw(
    picture: Annotated[
        str, typer.Argument(metavar="PICTURE", help="A picture file, or the sha256 of one or of its pixels.")
    ],
    folder: Annotated[
        Path, typer.Option("--from", metavar="DIR", help="What 'ferspec dataset build' wrote, or class folders.")
    ],
    certificates: Annotated[
        Path | None,
        typer.Option("--certificates", metavar="DIR", help="List the certificates in this folder that used it."),
    ] = None,
    json: Json = False,
) -> None:
    """Remove a picture from a set, and keep it from returning.

    From what 'ferspec dataset build' wrote, the picture and its copies are removed at every stage, and the next face in
    the order of the seed takes its place. A list of digests, withdrawn.csv, keeps it from being collected again. Files
    and pixels are compared exactly; 'ferspec dataset find' also finds changed copies.
    """
    from ferspec.api.dataset.withdraw import withdraw as withdrawn
    from ferspec.commands.live.progress import progress
    from ferspec.commands.tables.persons import print_withdrawal

    with progress() as shown:
        taken = withdrawn(picture, folder, certificates, shown)
    if json:
        print(taken.to_json())
    else:
        print_withdrawal(taken)
