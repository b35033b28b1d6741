"""ferspec grid judge, ferspec grid export-published"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.commands.options import Force, Json
from ferspec.spec.records import Profile

JUDGE_EXAMPLE = "Example: ferspec grid judge runs/ --select 'dataset=rafdb resolution=48' --out judged/"
EXPORT_EXAMPLE = "Example: ferspec grid export-published printed.csv && ferspec grid judge printed.csv"


def judge(
    artifacts: Annotated[
        list[str],
        typer.Argument(metavar="ARTIFACTS...", help="Run folders, folders of them, or tables of results (CSV)."),
    ],
    select: Annotated[
        list[str] | None,
        typer.Option("--select", "-s", metavar="TERMS", help="Judge these cells alone; as in 'ferspec grid list'."),
    ] = None,
    profile: Annotated[
        Profile,
        typer.Option(
            "--profile", "-p", help="Authors' report before print (released), or print before the report (paper)."
        ),
    ] = "released",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write grid.html, a picture, and judgement.json into it."),
    ] = None,
    json: Json = False,
) -> None:
    """Hold trained cells against the bands in which their figures are expected.

    Each cell is within, above (which asks for an explanation), below, incomplete, absent, unpublished, or not a
    protocol run, as one trained by another profile is not. Several runs of a cell are judged by their mean. What a run
    says of itself is checked against its own files. Exit status: 1 for a cell below its band or artifacts that
    contradict themselves, 3 for one above, 0 where all that could be judged is within, 2 where nothing could be.
    """
    from ferspec.commands.live.progress import progress
    from ferspec.commands.tables.judge import document, print_judged
    from ferspec.grid import cells, selection
    from ferspec.grid.judging import judge as judging
    from ferspec.grid.judging import reading
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.grid.page import write_grid
    from ferspec.report.pages import require_folder

    chosen = selection.select(cells.all_cells().values(), select or ())
    if out is not None:
        require_folder(out)
    with progress() as shown:
        read = reading.read(artifacts, shown)
    judgement = judging.judge(chosen, read.results, profile)
    told = document(judgement, read)
    page = None if out is None else write_grid(judgement, read, told, out)
    if json:
        print(told)
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
    """Write the published figures of all 258 cells as a table of results, to be judged as anyone's.

    As printed, some figures lie outside the bands, which are around the authors' own reports: those of misprinted rows.
    As released they lie within by construction. What is illegible or not released is left blank.
    """
    import json as jsonlib

    from ferspec.grid.judging.export import export_published as export

    written = export(out, profile, force)
    if json:
        print(jsonlib.dumps({"path": str(out), "cells": len(written), "profile": profile}))
    else:
        print(f"{out}: {len(written)} cells, profile {profile}")
