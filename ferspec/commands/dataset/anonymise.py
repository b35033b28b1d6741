"""ferspec dataset anonymise"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec dataset anonymise private/ --out faces/"


def anonymise(
    dataset: Annotated[Path, typer.Argument(metavar="PATH", help="A dataset in any form of docs/datasets.md.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The new folder of the copy.")],
    json: Json = False,
) -> None:
    """Copy a dataset without metadata and file names.

    Each image becomes a PNG of its upright pixels, named for these, in the folder of its class. A manifest has columns
    for licence and consent, which are unknown until you fill them in. The faces themselves stay: the copy is not
    anonymous to those who know the people.
    """
    from ferspec.api.dataset.anonymise import anonymise as anonymised
    from ferspec.commands.live.progress import progress
    from ferspec.commands.unreadable import listing_unreadable
    from ferspec.report.words import shorten

    with listing_unreadable(), progress() as shown:
        found = anonymised(dataset, out, shown)
    print(found.to_json() if json else shorten(found.summary(), 400))
