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
    trust_code: TrustCode = False,
    json: Json = False,
) -> None:
    """Compute every figure of a certificate again: from its predictions, and from model and images where given."""
    from ferspec import api
    from ferspec.commands.progress import progress
    from ferspec.engine import EXIT_STATUS
    from ferspec.report.terminal import print_judgement

    with progress() as shown:
        judgement = api.verify(certificate, dataset, model, trust_code, shown)
    print_judgement(judgement, as_json=json)
    raise typer.Exit(EXIT_STATUS[judgement.verdict])
