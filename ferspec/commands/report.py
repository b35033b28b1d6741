"""ferspec report"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.api.requests import ReportRequest
from ferspec.commands.fields import with_fields
from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec report --published --out site/"


@with_fields
def report(
    request: ReportRequest,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The folder of the site: new, or empty.")],
    json: Json = False,
) -> None:
    """Draw a static site of the results: the tables and figures of the paper, and a page for each cell.

    The pages need no network and no server: open index.html. Values are shown as printed, as released and, of the
    inputs, as measured; misprints are marked. A certificate that does not verify is refused, and nothing is written.
    """
    from ferspec.api.report import INDEX, report_request, require_subject
    from ferspec.commands.live.progress import progress
    from ferspec.report.site.writing import require_free

    require_subject(request)
    require_free(out)
    with progress() as shown:
        site = report_request(request, shown)
        site.write(out)
    print(site.to_json() if json else f"{site.summary()}: {out / INDEX}")
