"""ferspec verify"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ferspec.api.requests import VerifyRequest
from ferspec.commands.fields import with_fields
from ferspec.commands.options import Json
from ferspec.errors import UserError

EXAMPLE = "Example: ferspec verify ferspec-demo/certificate.json --dataset demo --model demo"


@with_fields
def verify(
    request: VerifyRequest,
    sign: Annotated[
        Path | None,
        typer.Option("--sign", metavar="KEY", help="Sign what was reproduced, with an Ed25519 private key (PEM)."),
    ] = None,
    json: Json = False,
) -> None:
    """Recompute every metric of a certificate: from its predictions, and from model and images where given.

    CONSISTENT: the document agrees with itself, and with the images or the model that were given. REPRODUCED: the
    model, run again on the images, gives what the document says. Names and environment are claims, not compared.

    With --sign, a second party signs a certificate that it reproduced; --public-key checks who signed.

    Exit status: 0 consistent or reproduced, even if the document's verdict is FAIL; 1 not consistent or not
    reproduced; 2 nothing could be verified; 3 inconclusive, such as a certificate of another specification.
    """
    from ferspec.api.sign import countersign, require_reproducing
    from ferspec.api.verify import verify_request
    from ferspec.commands.live.progress import progress
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.pages import rewrite_pages
    from ferspec.report.terminal import print_judgement, print_verification
    from ferspec.subjects.certificates.signing.keys import read_signing_key

    if sign is not None:
        require_reproducing(request)
    key = None if sign is None else read_signing_key(sign)
    with progress() as shown:
        found = verify_request(request, shown)
    assurance, refusal, path = found.assurance, None, Path(request.certificate)
    if key is not None:
        try:
            assurance = countersign(found, path, key)
            rewrite_pages(found.certificate, path.parent, assurance)
        except UserError as error:
            refusal = error
    if request.select:
        print_judgement(found, as_json=json)
    else:
        print_verification(found, found.certificate, found.finding, assurance, as_json=json)
    if refusal is not None and found.verdict == "pass":
        raise refusal
    if refusal is not None:
        print(f"ferspec: {refusal}", file=sys.stderr)
    raise typer.Exit(EXIT_STATUS[found.verdict])
