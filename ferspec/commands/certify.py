"""ferspec certify"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.commands.options import Contract, Dataset, Force, Json, Model, TrustCode

EXAMPLE = "Example: ferspec certify model.keras --dataset BTFER/ --claim 'accuracy>=0.60'"


def certify(
    model: Model,
    dataset: Dataset = None,
    contract: Contract = None,
    claim: Annotated[
        list[str] | None,
        typer.Option("--claim", metavar="CLAIM", help="A claim to judge, such as 'recall[Disgust]>=0.3'; repeatable."),
    ] = None,
    groups: Annotated[
        str | None,
        typer.Option("--groups", metavar="CSV", help="A column for the image and columns to slice the accuracy by."),
    ] = None,
    deviations: Annotated[
        str | None,
        typer.Option("--deviations", metavar="TOML", help="Clauses that are declared to fail, each with its reason."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Where to write; by default ferspec-MODEL.")
    ] = None,
    select: Annotated[
        str | None,
        typer.Option("-k", metavar="TEXT", help="Run only the checks whose id contains TEXT; nothing is written."),
    ] = None,
    no_images: Annotated[bool, typer.Option("--no-images", help="Put no thumbnails into the report.")] = False,
    force: Force = False,
    trust_code: TrustCode = False,
    json: Json = False,
) -> None:
    """Certify a trained model: checks, figures with intervals, diagnoses, a report that anyone can recompute.

    The test set must have the BTFER form (7 × 300 images of 256 × 256) for a certificate; any other gives an
    evaluation, marked so. Writes certificate.json, report.html, badge.svg and model-index.yml.

    PASS says that the checks hold and every --claim is kept; without a claim nothing is asked of the accuracy. Exit
    status: 0 pass, 1 fail, 2 cannot be evaluated, 3 inconclusive.
    """
    from functools import partial

    from ferspec import api
    from ferspec.commands.live.progress import progress
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.pages import default_folder, require_folder, require_replaceable, write_pages
    from ferspec.report.terminal import print_judgement, print_report

    arguments = (model, dataset, contract, claim or (), deviations, groups, trust_code)
    if select is not None:
        with progress() as shown:
            judgement = api.run_checks(*arguments, select=select, progress=shown)
        print_judgement(judgement, as_json=json)
        raise typer.Exit(EXIT_STATUS[judgement.verdict])
    folder = out or default_folder(model)
    require_folder(folder)
    checks = {} if force else {"approve": partial(require_replaceable, folder)}
    with progress() as shown:
        report, images = api.certify_with_images(*arguments, progress=shown, **checks)
        write_pages(report, folder, None if no_images else images)
    if json:
        print(report.model_dump_json(indent=2))
    else:
        print_report(report, folder)
    raise typer.Exit(EXIT_STATUS[report.verdict])
