"""ferspec grid findings"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ferspec.commands.options import Json
from ferspec.spec.records import Profile

if TYPE_CHECKING:
    from ferspec.grid.judging.results import Result

EXAMPLE = "Example: ferspec grid findings runs/"


def findings(
    results: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RESULTS]...", help="Folders of runs, or tables of results; by default what is published."
        ),
    ] = None,
    profile: Annotated[
        Profile,
        typer.Option("--profile", "-p", help="The published figures, and their spread, as released or as printed."),
    ] = "released",
    json: Json = False,
) -> None:
    """Recompute what the paper says of the grid: supported, not supported, or within noise.

    Exit status: 0 whatever came out, 2 where nothing could be evaluated.
    """
    from ferspec.commands.tables.findings import print_findings
    from ferspec.grid.findings import findings as grid_findings
    from ferspec.outcomes import EXIT_STATUS

    found = grid_findings.findings(_read(results, profile), profile)
    print_findings(found, as_json=json)
    if found.count("not evaluated") == len(found.findings):
        raise typer.Exit(EXIT_STATUS["not_evaluated"])


def _read(paths: list[str] | None, profile: Profile) -> tuple[Result, ...]:
    from ferspec.grid.judging.results import published

    if not paths:
        return published(profile)
    from ferspec.grid.judging.reading import read_results

    return read_results(paths)
