"""Signs certificates, for the issuer and for a second party that reproduced one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ferspec.api.requests import VerifyRequest
from ferspec.api.verify import Verification
from ferspec.errors import UserError
from ferspec.subjects.certificates.document import Report
from ferspec.subjects.certificates.signing.assurance import Assurance, assurance_of, examine
from ferspec.subjects.certificates.signing.envelopes import envelopes_path, sign, write_envelopes
from ferspec.subjects.certificates.signing.keys import Signing
from ferspec.subjects.certificates.signing.statements import read_statement

if TYPE_CHECKING:
    from securesystemslib.dsse import Envelope


def issue(report: Report, certificate: Path, key: Signing) -> None:
    """Sign a new certificate as its issuer, and write the signature beside it."""
    write_envelopes(envelopes_path(certificate), sign((), report.model_dump(mode="json"), "issued", key))


def require_reproducing(request: VerifyRequest) -> None:
    """Raise ``UserError`` unless a request compares all that a second signature stands for."""
    if request.model is None or request.dataset is None:
        raise UserError("--sign needs a reproduced result: add --model and --dataset")
    if request.select:
        raise UserError("--sign needs the result of all checks: leave out -k")


def countersign(verification: Verification, certificate: Path, key: Signing) -> Assurance:
    """Sign that a certificate was reproduced, and return its new assurance.

    The signature is written beside it. Raise ``UserError`` for a certificate that was not reproduced, and for the key
    that issued it.
    """
    report, subject = verification.report, verification.certificate
    if report is None or not verification.finding.reproduced:
        raise UserError(f"not signed: the result is {verification.finding.word}, and only REPRODUCED can be signed")
    if not subject.recertified.isolated:
        raise UserError("not signed: the model is code that was not isolated here, so its predictions prove nothing")
    if any(_issued(envelope, key) for envelope in subject.envelopes):
        raise UserError(f"not signed: the key {key.public} issued this certificate; another party must reproduce it")
    envelopes = sign(subject.envelopes, subject.document, "reproduced", key)
    write_envelopes(envelopes_path(certificate), envelopes)
    keys = (*subject.public_keys, key.public)
    return assurance_of(examine(envelopes, subject.document, keys), keys)


def _issued(envelope: Envelope, key: Signing) -> bool:
    statement = read_statement(envelope.payload)
    return statement is not None and statement.role == "issued" and key.public.fingerprint in envelope.signatures
