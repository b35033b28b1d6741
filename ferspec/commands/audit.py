"""ferspec audit"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.api.requests import AuditRequest
from ferspec.commands.fields import with_fields
from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec audit training_log.csv --weights imagenet --reported 0.83"


@with_fields
def audit(
    request: AuditRequest,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write a page with the curves of every run here.")
    ] = None,
    json: Json = False,
) -> None:
    """Judge whether training runs followed the schedule, by replaying it on their logged losses.

    Says for each clause whether the run followed it, or in which phase and epoch it first departs, and the likely
    cause. What a log does not show is not evaluated: rates that are not logged, an end that an interruption may have
    caused. Notes say what a reader of the reported accuracy should know; they do not change the verdict.
    """
    from ferspec.api.audit import audit_request
    from ferspec.commands.live.progress import progress
    from ferspec.commands.tables.audit import print_audit
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.pages import require_folder

    if out is not None:
        require_folder(out)
    with progress() as shown:
        found = audit_request(request, shown)
        if out is not None:
            found.write(out)
    print_audit(found, as_json=json, page=out)
    raise typer.Exit(EXIT_STATUS[found.verdict])
