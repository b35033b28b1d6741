"""ferspec grid judge, ferspec grid export-published"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.api.requests import JudgeRequest
from ferspec.commands.fields import with_fields
from ferspec.commands.options import Force, Json
from ferspec.spec.records import Profile

JUDGE_EXAMPLE = "Example: ferspec grid judge runs/ --select 'dataset=rafdb resolution=48' --out judged/"
EXPORT_EXAMPLE = "Example: ferspec grid export-published printed.csv && ferspec grid judge printed.csv"


@with_fields
def judge(
    request: JudgeRequest,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write grid.html, a picture, and judgement.json into it."),
    ] = None,
    json: Json = False,
) -> None:
    """Judge trained cells by the bands in which their metrics are expected.

    Each cell is within its bands, above (which asks for an explanation), below, contradictory, incomplete, absent,
    unpublished, or not a protocol run (as with another profile). Several runs of a cell are judged by their mean. The
    record of a run is checked against its files. Exit status: 1 for a cell that is below its band or contradictory,
    3 for one above or a misprint of the paper, 0 where all that could be judged is within, 2 where nothing could be.
    """
    from ferspec.api.grid.judge import judge_request
    from ferspec.commands.live.progress import progress
    from ferspec.commands.tables.judge import print_judged
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.grid.page import PAGE
    from ferspec.report.pages import require_folder

    if out is not None:
        require_folder(out)
    with progress() as shown:
        found = judge_request(request, shown)
    judgement, read = found.judgement, found.read
    page = None if out is None else found.write(out) / PAGE
    if json:
        print(found.to_json())
    else:
        print_judged(judgement, read, page)
    raise typer.Exit(EXIT_STATUS[judgement.verdict])


def export_published(
    out: Annotated[Path, typer.Argument(metavar="OUT.csv", help="Where to write the table of results.")],
    profile: Annotated[
        Profile,
        typer.Option("--profile", "-p", help="As printed (paper), or as in the authors' reports (released)."),
    ] = "paper",
    force: Force = False,
    json: Json = False,
) -> None:
    """Write the published metrics of all 258 cells as a table of results.

    With the metrics as printed, misprinted rows contradict themselves or lie outside the bands, which are derived from
    the authors' reports. With the metrics as released, every cell lies within its bands. A metric that is illegible
    or was not released is blank.
    """
    import json as jsonlib

    from ferspec.grid.judging.export import export_published as export

    written = export(out, profile, force)
    if json:
        print(jsonlib.dumps({"path": str(out), "cells": len(written), "profile": profile}))
    else:
        print(f"{out}: {len(written)} cells, profile {profile}")
