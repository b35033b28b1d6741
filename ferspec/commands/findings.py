"""ferspec grid findings"""

from __future__ import annotations

import typer

from ferspec.api.requests import FindingsRequest
from ferspec.commands.fields import with_fields
from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec grid findings runs/"


@with_fields
def findings(request: FindingsRequest, json: Json = False) -> None:
    """Recompute the paper's findings on the grid: supported, not supported, or within noise.

    Exit status: 0 whatever the result, 2 where nothing could be evaluated.
    """
    from ferspec.api.grid.findings import findings_request
    from ferspec.commands.tables.findings import print_findings
    from ferspec.outcomes import EXIT_STATUS

    results = findings_request(request)
    print_findings(results, as_json=json)
    if results.count("not evaluated") == len(results.findings):
        raise typer.Exit(EXIT_STATUS["not_evaluated"])
