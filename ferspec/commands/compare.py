"""ferspec compare"""

from __future__ import annotations

from typing import Annotated

import typer

from ferspec.commands.options import Dataset, Json, Model, TrustCode

EXAMPLE = "Example: ferspec compare old.keras new.onnx --dataset BTFER/"


def compare(
    model_a: Model,
    model_b: Model,
    dataset: Dataset = None,
    contract_a: Annotated[
        str | None, typer.Option("--contract-a", metavar="FILE", help="The contract of the first model.")
    ] = None,
    contract_b: Annotated[
        str | None, typer.Option("--contract-b", metavar="FILE", help="The contract of the second model.")
    ] = None,
    trust_code: TrustCode = False,
    json: Json = False,
) -> None:
    """Compare two models on the same images: which is better, by how much, or whether it is a tie.

    Exit status: 0 whatever comes out, 2 where they cannot be compared.
    """
    from ferspec import api
    from ferspec.commands.live.progress import progress
    from ferspec.report.terminal import print_comparison

    with progress() as shown:
        compared = api.compare_named(model_a, model_b, dataset, contract_a, contract_b, trust_code, shown)
    print_comparison(*compared, as_json=json)
