"""Checks the signatures beside a certificate (FER-X-13)."""

from __future__ import annotations

from collections import Counter

from ferspec.errors import NotEvaluable
from ferspec.outcomes import CheckResult, Status
from ferspec.subjects.certificates.signing.assurance import Examined, State
from ferspec.subjects.certificates.subject import Certificate

LIKELY: dict[State, str] = {
    "altered": "the signature or the statement was altered, or the fingerprint is of another key",
    "of another document": "the certificate was edited or made again after it was signed",
    "not a statement": "the file holds an envelope of something else",
}


def is_signed_as_stated(certificate: Certificate) -> CheckResult:
    """Every signature is of this certificate and valid, and every key given has signed."""
    examined, keys = certificate.examined, certificate.public_keys
    for each in examined:
        if each.state in LIKELY:
            return _refused(f"{_words(each)} is {each.state}", LIKELY[each.state])
    for signed, times in Counter((each.role, each.fingerprint) for each in examined).items():
        if times > 1:
            return _refused(f"{times} signatures by the key {signed[1][:16]} as {signed[0]}", None)
    for key in keys:
        if not any(each.fingerprint == key.fingerprint for each in examined):
            return _refused(f"no signature by {key.name} ({key.fingerprint[:16]})", _signers(examined))
    if not keys:
        raise NotEvaluable(f"no public key was given to check the signatures: add --public-key; {_signers(examined)}")
    return CheckResult(status=Status.PASS, observed=certificate.assurance.sentence, expected="valid signatures")


def _refused(observed: str, likely: str | None) -> CheckResult:
    expected = "one valid signature of this certificate by each key"
    return CheckResult(status=Status.FAIL, observed=observed, expected=expected, likely=likely)


def _signers(examined: tuple[Examined, ...]) -> str:
    signers = ", ".join(f"{each.fingerprint[:16]} ({each.role})" for each in examined)
    return f"the signatures are of the keys {signers}" if signers else "the certificate is not signed"


def _words(examined: Examined) -> str:
    return f"the signature of the key {examined.fingerprint[:16]}"
