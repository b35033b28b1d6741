"""Derive who stands for a certificate from the signatures available. No field of the document can claim it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ferspec.records import Record
from ferspec.subjects.certificates.signing.keys import PublicKey, Signing
from ferspec.subjects.certificates.signing.statements import (
    PAYLOAD_TYPE,
    Role,
    read_statement,
    subject_digest,
)

if TYPE_CHECKING:
    from securesystemslib.dsse import Envelope

State = Literal["valid", "unknown key", "altered", "of another document", "not a statement"]


class Signatory(Record):
    """Name a key: the name of its file, and its fingerprint."""

    name: str
    fingerprint: str

    def __str__(self) -> str:
        return f"{self.name} (SHA-256 {self.fingerprint[:16]})"


class Assurance(Record):
    """Hold who stands for a certificate: keys whose signatures were checked, and fingerprints that were not."""

    level: Literal["self-asserted", "reproduced"] = "self-asserted"
    issued_by: tuple[Signatory, ...] = ()
    reproduced_by: tuple[Signatory, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The assurance in words: ``self-asserted``, or ``reproduced by lab.pub (SHA-256 …)``, and who signed."""
        parts = ["self-asserted" if self.level == "self-asserted" else f"reproduced by {_listed(self.reproduced_by)}"]
        if self.issued_by:
            parts.append(f"signed by {_listed(self.issued_by)}")
        if self.unchecked:
            parts.append(f"not checked: the signatures of {', '.join(key[:16] for key in self.unchecked)}")
        return "; ".join(parts)


SELF_ASSERTED = Assurance()


def issued_by(key: Signing | None) -> Assurance:
    """Return the assurance of a new certificate, signed with a key or not: *self-asserted*."""
    return SELF_ASSERTED if key is None else Assurance(issued_by=(signatory(key.public),))


def signatory(key: PublicKey) -> Signatory:
    """Return the name and the fingerprint of a key."""
    return Signatory(name=key.name, fingerprint=key.fingerprint)


@dataclass(frozen=True)
class Examined:
    """Hold the result of checking one signature; ``role`` is None where the payload is not a statement."""

    role: Role | None
    fingerprint: str
    state: State


def examine(envelopes: Iterable[Envelope], document: dict[str, Any], keys: Iterable[PublicKey]) -> tuple[Examined, ...]:
    """Check every signature of the envelopes against a document and the public keys available."""
    known = {key.fingerprint: key for key in keys}
    return tuple(
        _examine(envelope, document, fingerprint, known.get(fingerprint))
        for envelope in envelopes
        for fingerprint in envelope.signatures
    )


def assurance_of(examined: Iterable[Examined], keys: Sequence[PublicKey]) -> Assurance:
    """Derive the assurance: *reproduced* only by a valid signature of a key that did not also issue the document."""
    found = tuple(examined)
    issuers, reproducers = (
        tuple(signatory(key) for key in keys if Examined(role, key.fingerprint, "valid") in found)
        for role in ("issued", "reproduced")
    )
    others = tuple(key for key in reproducers if key.fingerprint not in {issuer.fingerprint for issuer in issuers})
    return Assurance(
        level="reproduced" if others else "self-asserted",
        issued_by=issuers,
        reproduced_by=others,
        unchecked=tuple(dict.fromkeys(each.fingerprint for each in found if each.state == "unknown key")),
    )


def _examine(envelope: Envelope, document: dict[str, Any], fingerprint: str, key: PublicKey | None) -> Examined:
    from securesystemslib.exceptions import UnverifiedSignatureError

    statement = read_statement(envelope.payload) if envelope.payload_type == PAYLOAD_TYPE else None
    if statement is None:
        return Examined(None, fingerprint, "not a statement")
    if statement.sha256 != subject_digest(document):
        return Examined(statement.role, fingerprint, "of another document")
    if key is None:
        return Examined(statement.role, fingerprint, "unknown key")
    try:
        key.key.verify_signature(envelope.signatures[fingerprint], envelope.pae())
    except UnverifiedSignatureError:
        return Examined(statement.role, fingerprint, "altered")
    return Examined(statement.role, fingerprint, "valid")


def _listed(signatories: Iterable[Signatory]) -> str:
    return ", ".join(map(str, signatories))
