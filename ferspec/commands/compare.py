"""ferspec compare"""

from __future__ import annotations

import typer

from ferspec.api.requests import CompareRequest
from ferspec.commands.fields import with_fields
from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec compare old.keras new.onnx --dataset BTFER/ --margin 0.01"


@with_fields
def compare(request: CompareRequest, json: Json = False) -> None:
    """Compare two models on the same images, A and then B; or rank more.

    Without --margin, the result says which model is better. With --margin, it says whether B is as good as A: B's
    accuracy is not lower by the margin or more, with an error of at most 5 % (non-inferiority). With --equivalence,
    A's must not be lower either. If all models are certificates, --dataset is not needed.
    Exit status: 0 B is better, or as good within the margin; 1 A is better, or B is not as good; 2 they cannot be
    compared; 3 a tie, or undecided. A ranking gives 0.
    """
    from ferspec.api.compare import compare_request, rank_request
    from ferspec.commands.live.progress import progress
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.terminal import print_comparison, print_ranking

    if request.ranks:
        with progress() as shown:
            ranking = rank_request(request, shown)
        if json:
            print(ranking.to_json())
        else:
            print_ranking(ranking, ranking.names, ranking.dataset, ranking.sentence)
        return
    with progress() as shown:
        comparison = compare_request(request, shown)
    if json:
        print(comparison.to_json())
    else:
        print_comparison(comparison, comparison.model_a, comparison.model_b, comparison.dataset)
    raise typer.Exit(EXIT_STATUS[comparison.decision])
