"""ferspec audit"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ferspec.commands.options import Json, ProfileName

EXAMPLE = "Example: ferspec audit training_log.csv --weights imagenet --reported 0.83"


class WeightsName(StrEnum):
    scratch = "scratch"
    imagenet = "imagenet"
    vggface = "vggface"


def audit(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Run folders, CSVLogger files, TensorBoard or MLflow logs, or folders to search for them.",
        ),
    ],
    weights: Annotated[
        WeightsName | None,
        typer.Option("--weights", "-w", help="What the networks started from, where the run does not say."),
    ] = None,
    profile: Annotated[
        ProfileName | None,
        typer.Option("--profile", "-p", help="The profile to judge by; by default the run's own, or released."),
    ] = None,
    reported: Annotated[
        str | None,
        typer.Option("--reported", metavar="ACCURACY", help="The validation accuracy that is reported, such as 0.83."),
    ] = None,
    deviations: Annotated[
        Path | None,
        typer.Option("--deviations", metavar="TOML", help="Clauses that are declared to fail, each with its reason."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write a page with the curves of every run here.")
    ] = None,
    select: Annotated[str, typer.Option("-k", metavar="TEXT", help="Run only the checks whose id contains TEXT.")] = "",
    json: Json = False,
) -> None:
    """Judge whether training runs followed the schedule, by replaying it on the losses that they logged.

    Tells for each clause whether the run followed it or in which phase and epoch it first departs, and the likely
    cause. What a log does not show is not evaluated: rates that are not logged, an end that an interruption may have
    made. Notes say what a reader of the reported accuracy should know; they are no verdicts.
    """
    from ferspec.checks.run import audit as auditing
    from ferspec.commands.live.progress import progress
    from ferspec.commands.tables.audit import print_audit
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.audit_page import write_audit_page
    from ferspec.report.pages import require_folder

    if out is not None:
        require_folder(out)
    settings = {"weights": weights and weights.value, "profile": profile and profile.value, "reported": reported}
    with progress() as shown:
        found = auditing.audit(paths, **settings, deviations=deviations, select=select, progress=shown)
        if out is not None:
            write_audit_page(found, out)
    print_audit(found, as_json=json, page=out)
    raise typer.Exit(EXIT_STATUS[found.verdict])
