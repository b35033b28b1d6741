"""ferspec verify"""

from __future__ import annotations

import typer

from ferspec.api.requests import VerifyRequest
from ferspec.commands.fields import with_fields
from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec verify ferspec-demo/certificate.json --dataset demo --model demo"


@with_fields
def verify(request: VerifyRequest, json: Json = False) -> None:
    """Recompute every metric of a certificate: from its predictions, and from model and images where given.

    Exit status: 0 where the document agrees with what is recomputed, also where its verdict is FAIL; 1 where it
    disagrees; 3 where it was made by another specification.
    """
    from ferspec.api.verify import verify_request
    from ferspec.commands.live.progress import progress
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.terminal import print_judgement, print_verification

    with progress() as shown:
        found = verify_request(request, shown)
    if request.select:
        print_judgement(found, as_json=json)
    else:
        print_verification(found, found.report, as_json=json)
    raise typer.Exit(EXIT_STATUS[found.verdict])
