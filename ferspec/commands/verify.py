"""ferspec verify"""

from __future__ import annotations

from typing import Annotated

import typer

from ferspec.commands.options import Dataset, Json, TrustCode

EXAMPLE = "Example: ferspec verify ferspec-demo/certificate.json --dataset demo --model demo"


def verify(
    certificate: Annotated[str, typer.Argument(metavar="CERTIFICATE", help="A certificate.json.")],
    dataset: Dataset = None,
    model: Annotated[
        str | None, typer.Option("--model", "-m", metavar="MODEL", help="The model that was certified.")
    ] = None,
    select: Annotated[str, typer.Option("-k", metavar="TEXT", help="Run only the checks whose id contains TEXT.")] = "",
    trust_code: TrustCode = False,
    json: Json = False,
) -> None:
    """Compute every figure of a certificate again: from its predictions, and from model and images where given.

    Exit status: 0 where the document says what follows, whatever it says: a verified FAIL is one; 1 where something
    else follows; 3 where it was made by another specification.
    """
    from ferspec import api
    from ferspec.commands.live.progress import progress
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.terminal import print_judgement, print_verification

    with progress() as shown:
        judgement, subject = api.verify_with_certificate(certificate, dataset, model, trust_code, select, shown)
    if select:
        print_judgement(judgement, as_json=json)
    else:
        print_verification(judgement, subject.report, as_json=json)
    raise typer.Exit(EXIT_STATUS[judgement.verdict])
