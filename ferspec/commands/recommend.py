"""ferspec recommend"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.api.requests import RecommendRequest
from ferspec.commands.fields import with_fields
from ferspec.commands.options import Json

EXAMPLE = "Example: ferspec recommend --resolution 48 --max-params 5M --dataset rafdb"


@with_fields
def recommend(
    request: RecommendRequest,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Also write recommendation.html and .json there."),
    ] = None,
    json: Json = False,
) -> None:
    """Rank the published cells that meet your constraints: accuracy against parameters, with bands and ties.

    The score is fixed: the Pareto set of parameters, validation and BTFER accuracy, in the order of the BTFER accuracy
    (docs/recommend.md). Each row of the paper's Tables 4 to 6 and each sentence of its Section 4.6 is then shown as
    supported, tied or contradicted by the same results.

    Exit status: 0 where a cell is left, 2 where the constraints leave none: the message says what each of them leaves.
    """
    from ferspec.api.recommend import recommend_request
    from ferspec.commands.tables.recommend import print_recommendation
    from ferspec.report.pages import require_folder

    if out is not None:
        require_folder(out)
    found = recommend_request(request)
    if out is not None:
        found.write(out)
    if json:
        print(found.to_json())
    else:
        print_recommendation(found, out)
