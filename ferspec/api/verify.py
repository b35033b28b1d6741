"""Verifies a certificate: recomputes its metrics, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ferspec.api.certify import report_on
from ferspec.api.requests import VerifyRequest
from ferspec.checks.generator import checks_for_certificate
from ferspec.engine import run_checks, selected
from ferspec.outcomes import Judgement
from ferspec.progress import Progress, silent
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.certificates.subject import Certificate, read_certificate
from ferspec.subjects.models.callables.trial import IMPORT_ONLY, Trial, trial_of
from ferspec.subjects.models.claims import parse_claim
from ferspec.subjects.models.from_names import DEMO, join, open_images, open_source, require_source
from ferspec.subjects.time_limit import OF_MODELS


@dataclass(frozen=True)
class Verification(Judgement):
    """The judgement of a certificate, and its report, None if the document is broken."""

    report: Report | None


def verify(
    certificate: str | Path,
    dataset: str | Path | None = None,
    model: str | Path | None = None,
    trust_code: bool = False,
    time_limit: float = OF_MODELS,
    select: str = "",
    progress: Progress = silent,
) -> Verification:
    """Recompute every metric of a certificate from its predictions.

    With dataset and model, labels and predictions are recomputed too. With ``select`` only the checks run whose id
    contains it; ``UserError`` where there are none.
    """
    request = VerifyRequest(
        certificate=certificate,
        dataset=dataset,
        model=model,
        trust_code=trust_code,
        time_limit=time_limit,
        select=select,
    )
    return verify_request(request, progress)


def verify_request(request: VerifyRequest, progress: Progress = silent) -> Verification:
    """Verify the certificate of a request."""
    checks = selected(checks_for_certificate(), request.select)
    document = read_certificate(request.certificate)
    if request.model is not None:
        require_source(request.model)
    images = None if request.dataset is None else open_images(DEMO, request.dataset, progress=progress)
    source = None
    if request.model is not None:
        trial = _trial(Certificate(document), (request.dataset, request.certificate))
        source = open_source(request.model, request.trust_code, request.time_limit, trial)
    subject = Certificate(document, images, source, recertify=partial(_certify_again, progress=progress))
    judgement = run_checks(checks, subject, (), request.reproduce, progress)
    return Verification(judgement.outcomes, judgement.counts, judgement.verdict, subject.report)


def _trial(certificate: Certificate, hidden: Iterable[str | Path | None]) -> Trial:
    """Return what a callable is tried with: noise prepared as the recorded contract says, as in its judgement."""
    contract = None if certificate.report is None else certificate.report.subject.contract
    return IMPORT_ONLY if contract is None else trial_of(contract.input, hidden)


def _certify_again(certificate: Certificate, progress: Progress) -> Report:
    """Judge the same model on the same images under the recorded contract, claims and deviations."""
    recorded, images, source = certificate.report, certificate.dataset, certificate.source
    if recorded is None or images is None or source is None:
        raise ValueError("a certificate is judged again with its model and its images")
    grouped = replace(images, listing=replace(images.listing, groups=certificate.groups or {}))
    subject = join(grouped, source, recorded.subject.contract, progress)
    return report_on(subject, [parse_claim(text) for text in recorded.claims], recorded.deviations, progress=progress)
