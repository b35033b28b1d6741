"""Verifies a certificate: recomputes its metrics, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from ferspec.api.certify import report_on
from ferspec.api.requests import VerifyRequest
from ferspec.api.results.certification import Certification
from ferspec.api.results.judged import Judged, counted, outcomes_frame
from ferspec.checks.certificate.finding import Finding, finding_of
from ferspec.checks.generator import checks_for_certificate
from ferspec.engine import run_checks, selected
from ferspec.errors import SubjectError, UserError
from ferspec.outcomes import Judgement
from ferspec.progress import Progress, silent, tell
from ferspec.report.shown import Shown
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.certificates.formats import require_readable_format
from ferspec.subjects.certificates.signing.assurance import Assurance
from ferspec.subjects.certificates.signing.envelopes import envelopes_path, read_envelopes
from ferspec.subjects.certificates.signing.keys import read_public_key
from ferspec.subjects.certificates.subject import Certificate, read_certificate
from ferspec.subjects.datasets.decided import decided
from ferspec.subjects.models.callables.trial import IMPORT_ONLY, Trial, trial_of
from ferspec.subjects.models.claims import parse_claim
from ferspec.subjects.models.contracts.contract import Contract
from ferspec.subjects.models.from_names import DEMO, join, open_images, open_source, require_source
from ferspec.subjects.time_limit import OF_MODELS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Verification(Judged, Judgement):
    """The judgement of a certificate, what was compared, and who stands for it."""

    stem: ClassVar[str] = "verification"

    finding: Finding
    certificate: Certificate

    @property
    def report(self) -> Report | None:
        """The verified document, None if it is broken."""
        return self.certificate.report

    @property
    def assurance(self) -> Assurance:
        """Who stands for the certificate."""
        return self.certificate.assurance

    @property
    def certification(self) -> Certification | None:
        """The verified document with its metrics as tables and plots, None if it is broken."""
        images = self.certificate.dataset
        ids = None if images is None else images.ids
        shown = None if images is None else Shown(images)
        return None if self.report is None else Certification.of(self.report, shown, ids)

    def summary(self) -> str:
        """Return what was found, of which model, and the counts of outcomes."""
        name = "a broken document" if self.report is None else self.report.subject.name
        return f"verification of {name}: {self.finding.word}, {counted(self.counts)}"

    def to_frame(self) -> pd.DataFrame:
        """Return a row per check, with what was observed and expected."""
        return outcomes_frame(self.outcomes)

    def to_json(self) -> str:
        """Return the document that ``ferspec verify --json`` prints."""
        from ferspec.report.documents import verification_document

        return verification_document(self, self.report, self.finding, self.assurance)

    def page(self) -> str:
        """Return what was found as a page, with every outcome."""
        from ferspec.report.claimed import claimed
        from ferspec.report.result_page import render_result

        names = {} if self.report is None else claimed(self.report)
        sentences = (
            str(self.finding),
            f"assurance: {self.assurance.sentence}",
            *(f"claimed: {what} {value}" for what, value in names.items()),
        )
        return render_result("verify", self.finding.word, self.verdict, sentences, outcomes=self.outcomes)


def verify(
    certificate: str | Path,
    dataset: str | Path | None = None,
    model: str | Path | None = None,
    trust_code: bool = False,
    time_limit: float = OF_MODELS,
    select: str = "",
    progress: Progress = silent,
    groups: str | Path | None = None,
    public_keys: Iterable[str | Path] = (),
    split: str | None = None,
) -> Verification:
    """Recompute every metric of a certificate from its predictions.

    With dataset and model, the model is run again. ``groups`` is the file of group columns, ``split`` the split that
    was judged. ``public_keys`` are files of the keys that must have signed the certificate. With ``select`` only the
    checks run whose id contains it; ``UserError`` where there are none.
    """
    request = VerifyRequest(
        certificate=certificate,
        dataset=dataset,
        split=split,
        model=model,
        groups=groups,
        public_keys=tuple(public_keys),
        trust_code=trust_code,
        time_limit=time_limit,
        select=select,
    )
    return verify_request(request, progress)


def verify_request(request: VerifyRequest, progress: Progress = silent) -> Verification:
    """Verify the certificate of a request."""
    checks = selected(checks_for_certificate(), request.select)
    keys = tuple(map(read_public_key, request.public_keys))
    document = read_certificate(request.certificate)
    require_readable_format(request.certificate, document)
    envelopes = read_envelopes(envelopes_path(request.certificate))
    if request.groups is not None and request.dataset is None:
        raise UserError("groups belong to images: add --dataset")
    if request.split is not None and request.dataset is None:
        raise UserError("a split belongs to a dataset: add --dataset")
    if request.model is not None:
        require_source(request.model)
    recorded = Certificate(document).report
    images = None
    if request.dataset is not None:
        images = open_images(DEMO, request.dataset, request.groups, progress, request.split)
        images = images if recorded is None else images.as_in(recorded.dataset.manifest_digest)
    source = None
    if request.model is not None:
        contract = None if recorded is None else recorded.subject.contract
        trial = _trial(contract, (request.dataset, request.certificate, request.groups))
        source = open_source(request.model, request.trust_code, request.time_limit, trial, contract)
    if images is not None:
        tell(progress, decided(images))
    recertify = partial(certify_again, progress=progress)
    subject = Certificate(document, images, source, recertify, envelopes=envelopes, public_keys=keys)
    judgement = run_checks(checks, subject, (), request.reproduce, progress)
    return Verification(
        judgement.outcomes, judgement.counts, judgement.verdict, finding_of(judgement, subject), subject
    )


def _trial(contract: Contract | None, hidden: Iterable[str | Path | None]) -> Trial:
    """Return what a callable is tried with: noise prepared as the recorded contract says, as in its judgement."""
    return IMPORT_ONLY if contract is None else trial_of(contract.input, hidden)


def certify_again(certificate: Certificate, progress: Progress) -> Report:
    """Judge the same model on the same images under the recorded contract, claims and deviations.

    ``SubjectError`` where the model cannot be judged so: an edited contract is a difference, not a user's mistake.
    """
    recorded, images, source = certificate.report, certificate.dataset, certificate.source
    if recorded is None or images is None or source is None:
        raise ValueError("a certificate is judged again with its model and its images")
    listing = replace(images.listing, groups=certificate.groups_of_all)
    grouped = replace(images, listing=listing, clusters=certificate.clusters)
    try:
        subject = join(grouped, source, recorded.subject.contract, progress)
        subject.lineage = recorded.lineage
        if recorded.sequential is not None:
            subject = subject.only(np.array(recorded.sequential.order))
        claims = [parse_claim(text) for text in recorded.claims]
        mode = None if recorded.search is None else recorded.search.mode
        robustness = recorded.robustness is not None
        return report_on(subject, claims, recorded.deviations, progress=progress, mode=mode, robustness=robustness)
    except UserError as refusal:
        raise SubjectError(f"the model cannot be judged as the document says: {refusal}") from None
