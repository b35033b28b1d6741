"""ferspec conform"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.api.requests import ConformRequest
from ferspec.commands.fields import with_fields
from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec conform mypackage.fer, or ferspec conform --command 'Rscript fer.R'"


@with_fields
def conform(
    request: ConformRequest,
    list_: Annotated[bool, typer.Option("--list", help="List the capabilities of the catalogue.")] = False,
    init: Annotated[
        Path | None, typer.Option("--init", metavar="DIR", help="Write a skeleton to fill in; judge nothing.")
    ] = None,
    json: Json = False,
) -> None:
    """Judge an implementation of the protocol clause by clause: conforms, departs, or not evaluated.

    It runs in a process of its own and may offer any of the capabilities; what it does not offer is not evaluated.
    Exit status: 0 if all that is evaluated conforms, 1 if a clause fails, 2 if nothing could be evaluated, 3 if a check
    is inconclusive.
    """
    if list_:
        from ferspec.report.catalogue import print_catalogue

        print_catalogue(as_json=json)
        return
    if init is not None:
        from ferspec.commands.skeleton import print_written, write_skeleton

        print_written(write_skeleton(init), as_json=json)
        return
    from ferspec.api.conform import conform_request
    from ferspec.commands.live.ending import ended_in_order
    from ferspec.commands.live.progress import progress
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.conformance import print_conformance

    with ended_in_order(), progress() as shown:
        found = conform_request(request, shown)
    print_conformance(found, found.implementation, found.profile, found.departures, as_json=json)
    raise typer.Exit(EXIT_STATUS[found.verdict])
