"""ferspec compare"""

from __future__ import annotations

from ferspec.api.requests import CompareRequest
from ferspec.commands.fields import with_fields
from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec compare old.keras new.onnx --dataset BTFER/"


@with_fields
def compare(request: CompareRequest, json: Json = False) -> None:
    """Compare two models on the same images: which is better, by how much, or whether it is a tie.

    Exit status: 0 whatever the result, 2 if they cannot be compared.
    """
    from ferspec.api.compare import compare_request
    from ferspec.commands.live.progress import progress
    from ferspec.report.terminal import print_comparison

    with progress() as shown:
        comparison = compare_request(request, shown)
    if json:
        print(comparison.to_json())
    else:
        print_comparison(comparison, comparison.model_a, comparison.model_b, comparison.dataset)
