"""Keep the signatures of a certificate beside it, as DSSE envelopes, one a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferspec.errors import UserError
from ferspec.files import read_bounded, write_whole
from ferspec.subjects.certificates.signing.keys import Signing
from ferspec.subjects.certificates.signing.statements import PAYLOAD_TYPE, Role, write_statement

if TYPE_CHECKING:
    from securesystemslib.dsse import Envelope

# an in-toto bundle
SUFFIX = ".intoto.jsonl"
# an envelope has about a thousand bytes and 250 for each signature
LARGEST = 2**20
# the id of a key, which is shown before its signature can be checked
FINGERPRINT = re.compile("[0-9a-f]{64}")


def envelopes_path(certificate: str | Path) -> Path:
    """Return the path of the envelopes of a certificate: ``certificate.intoto.jsonl`` beside it."""
    return Path(certificate).with_suffix(SUFFIX)


def read_envelopes(path: Path) -> tuple[Envelope, ...]:
    """Read the envelopes of a certificate; none without a file.

    Raise ``UserError`` for a file that is not of DSSE envelopes, and for two signatures by one key in an envelope.
    """
    if not path.exists():
        return ()
    lines = read_bounded(path, LARGEST, "the signatures of a certificate").splitlines()
    return tuple(_read(line, f"{path} line {number}") for number, line in enumerate(lines, 1) if line.strip())


def write_envelopes(path: Path, envelopes: Iterable[Envelope]) -> None:
    """Write envelopes, one a line, atomically."""
    write_whole(path, "".join(json.dumps(envelope.to_dict(), separators=(",", ":")) + "\n" for envelope in envelopes))


def sign(envelopes: Sequence[Envelope], document: dict[str, Any], role: Role, key: Signing) -> tuple[Envelope, ...]:
    """Return the envelopes with one more signature of a role. Raise ``UserError`` for a second one by the same key."""
    from securesystemslib.dsse import Envelope

    payload = write_statement(document, role)
    same = next((envelope for envelope in envelopes if envelope.payload == payload), None)
    if same is not None and key.public.fingerprint in same.signatures:
        raise UserError(f"not signed: the key {key.public} has already signed that this certificate was {role}")
    chosen = Envelope(payload, PAYLOAD_TYPE, {} if same is None else dict(same.signatures))
    chosen.sign(key.signer)
    return (*(envelope for envelope in envelopes if envelope is not same), chosen)


def _read(line: bytes, where: str) -> Envelope:
    from securesystemslib.dsse import Envelope

    try:
        content = json.loads(line)
        keys = [signature["keyid"] for signature in content["signatures"]]
        if twice := next((key for key in keys if keys.count(key) > 1), None):
            raise UserError(f"{where}: two signatures by the key {str(twice)[:16]}: keep one")
        envelope = Envelope.from_dict(content)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UserError(f"{where} is not a DSSE envelope: {type(error).__name__}: {str(error)[:100]}") from None
    is_signed = envelope.signatures and all(FINGERPRINT.fullmatch(str(key)) for key in envelope.signatures)
    if not is_signed or not isinstance(envelope.payload_type, str):
        raise UserError(f"{where} is not a DSSE envelope: it holds no signature by a named key")
    return envelope
