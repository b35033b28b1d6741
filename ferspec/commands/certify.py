"""ferspec certify"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ferspec.api.requests import CertifyRequest
from ferspec.commands.fields import with_fields
from ferspec.commands.options import Force, Json
from ferspec.errors import UserError

EXAMPLE = "Example: ferspec certify model.keras --dataset BTFER/ --claim 'accuracy>=0.60' --robustness"


@with_fields
def certify(
    request: CertifyRequest,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Where to write; by default ferspec-MODEL.")
    ] = None,
    sign: Annotated[
        Path | None,
        typer.Option("--sign", metavar="KEY", help="Sign the certificate with an Ed25519 private key (PEM)."),
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Certify a trained model: checks, metrics with intervals, diagnoses, a report that anyone can recompute.

    Only BTFER, recognised by its pictures, gives a certificate; any other test set gives an evaluation, marked so.
    Writes certificate.json, report.html, badge.svg, model-index.yml and documentation.md.

    PASS means that all checks pass and every --claim holds; without a claim the accuracy is not judged. Exit status: 0
    pass, 1 fail, 2 cannot be evaluated, 3 inconclusive.

    With --use and --place, a use of the model is declared: page, badge and second line say what dated data on law say
    of it (docs/use.md). It changes no verdict, and is not legal advice.

    With --robustness, the model is asked again about changed images: low resolution, blur, JPEG, light, noise,
    occlusion, other crops, roll and other preparations. The report says what each costs (docs/robustness.md). It
    changes no verdict.

    With --sign, certificate.intoto.jsonl says who made the certificate. Its assurance remains self-asserted until
    another party reproduces it and signs with 'ferspec verify --sign'.
    """
    from ferspec.api.certify import Unfinished, certify_request, judge_selected
    from ferspec.api.sign import issue
    from ferspec.commands.live.progress import progress
    from ferspec.outcomes import EXIT_STATUS
    from ferspec.report.pages import CERTIFICATE, default_folder, require_folder, require_replaceable, write_pages
    from ferspec.report.terminal import print_judgement, print_report
    from ferspec.subjects.certificates.signing.assurance import issued_by
    from ferspec.subjects.certificates.signing.keys import read_signing_key
    from ferspec.subjects.models.lineage import read_history
    from ferspec.subjects.models.subject import ModelSubject

    key = None if sign is None else read_signing_key(sign)
    folder = out or default_folder(str(request.model))
    history = None if request.lineage is None else read_history(folder, request.lineage)
    if request.select:
        if key is not None:
            raise UserError("--sign signs a whole certificate: leave out -k")
        if request.robustness:
            raise UserError("--robustness adds to a whole report: leave out -k")
        with progress() as shown:
            judgement = judge_selected(request, shown, history)
        print_judgement(judgement, as_json=json)
        raise typer.Exit(EXIT_STATUS[judgement.verdict])
    require_folder(folder)

    def approve(subject: ModelSubject) -> None:
        if not force:
            require_replaceable(folder, subject)

    with progress() as shown:
        try:
            found = certify_request(request, shown, approve, folder, history)
        except Unfinished as end:
            print_judgement(end.judgement, as_json=json)
            raise typer.Exit(EXIT_STATUS[end.judgement.verdict]) from end
        assurance = issued_by(key)
        if history is not None:
            history.write(folder, found.report.dataset.manifest_digest)
        write_pages(found.report, folder, found.shown, assurance)
        if key is not None:
            issue(found.report, folder / CERTIFICATE, key)
    if json:
        print(found.report.model_dump_json(indent=2))
    else:
        print_report(found.report, folder, assurance=assurance)
    raise typer.Exit(EXIT_STATUS[found.report.verdict])
