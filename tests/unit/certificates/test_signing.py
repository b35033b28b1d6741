"""Signatures of certificates: standard forms, round trips, and one exact line for each refusal."""

import base64
import copy
import hashlib
import json
import subprocess

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.dsse import Envelope

from ferspec.errors import UserError
from ferspec.outcomes import Status
from ferspec.subjects.certificates.document import canonical, digest_of
from ferspec.subjects.certificates.signing import envelopes as stored
from ferspec.subjects.certificates.signing.assurance import assurance_of, examine
from ferspec.subjects.certificates.signing.envelopes import envelopes_path, read_envelopes, sign, write_envelopes
from ferspec.subjects.certificates.signing.keys import read_public_key, read_signing_key
from ferspec.subjects.certificates.signing.statements import read_statement, subject_digest, write_statement
from helpers.keys import key, private_pem, public_pem, write_pair

DOCUMENT = {"schema_version": "2", "spec": {"version": "1", "digest": "d", "protocol": "p"}, "accuracy": 0.5}
EDITED = DOCUMENT | {"accuracy": 0.9}
# RFC 8785, sections 3.2.2 and 3.2.3
NUMBERS = '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"literals":[null,true,false]}'
CANONICAL_NUMBERS = b'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27]}'
KEYS = {"\u20ac": "Euro Sign", "\r": "Carriage Return", "1": "One", "\U0001f600": "Smiley", "\u0080": "Control"}
CANONICAL_ORDER = ["\r", "1", "\u0080", "\u20ac", "\U0001f600"]


def test_numbers_have_the_canonical_form_of_the_rfc():
    assert canonical(json.loads(NUMBERS)) == CANONICAL_NUMBERS


def test_keys_have_the_canonical_order_of_the_rfc():
    assert list(json.loads(canonical(KEYS))) == CANONICAL_ORDER


def test_the_digest_is_that_of_the_canonical_form_without_it():
    assert digest_of(DOCUMENT | {"digest": "x"}) == hashlib.sha256(rfc8785.dumps(DOCUMENT)).hexdigest()


def test_an_envelope_is_signed_in_the_encoding_of_the_dsse_specification():
    envelope = Envelope(b"hello world", "http://example.com/HelloWorld", {})
    assert envelope.pae() == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_a_signature_can_be_checked_with_another_implementation(tmp_path):
    private, public = write_pair(tmp_path, "owner")
    (envelope,) = sign((), DOCUMENT, "issued", read_signing_key(private))
    content = json.loads(json.dumps(envelope.to_dict()))
    payload = base64.b64decode(content["payload"])
    (tmp_path / "signed").write_bytes(b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(payload), payload))
    (tmp_path / "signature").write_bytes(base64.b64decode(content["signatures"][0]["sig"]))
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", tmp_path / "signed"]
    checked = subprocess.run([*command, "-sigfile", tmp_path / "signature"], capture_output=True, timeout=60)
    assert b"Verified Successfully" in checked.stdout


def test_a_fingerprint_is_what_openssl_and_sha256sum_compute(tmp_path):
    _, public = write_pair(tmp_path, "owner")
    command = ["openssl", "pkey", "-pubin", "-in", public, "-outform", "DER"]
    der = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout
    assert read_public_key(public).fingerprint == hashlib.sha256(der).hexdigest()


def test_a_statement_names_the_document_by_the_digest_of_its_canonical_form():
    content = json.loads(write_statement(DOCUMENT, "issued"))
    assert content["_type"] == "https://in-toto.io/Statement/v1"
    assert content["subject"][0]["digest"] == {"sha256": hashlib.sha256(rfc8785.dumps(DOCUMENT)).hexdigest()}


@pytest.mark.parametrize("role", ["issued", "reproduced"])
def test_a_statement_is_read_as_it_was_written(role):
    assert read_statement(write_statement(DOCUMENT, role)) == (role, subject_digest(DOCUMENT))


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"subject": [1, 2]}'])
def test_anything_else_is_not_a_statement(payload):
    assert read_statement(payload) is None


def test_envelopes_are_read_as_they_were_written(tmp_path):
    envelopes = sign(sign((), DOCUMENT, "issued", key("owner")), DOCUMENT, "reproduced", key("lab"))
    path = envelopes_path(tmp_path / "certificate.json")
    write_envelopes(path, envelopes)
    assert (path.name, read_envelopes(path)) == ("certificate.intoto.jsonl", envelopes)


def test_two_reproductions_sign_one_statement():
    envelopes = sign(sign((), DOCUMENT, "reproduced", key("lab")), DOCUMENT, "reproduced", key("other lab"))
    assert [len(envelope.signatures) for envelope in envelopes] == [2]


def states(envelopes, document, *names):
    return {each.state for each in examine(envelopes, document, [key(name).public for name in names])}


def tampered(envelope, old, new):
    return Envelope(envelope.payload.replace(old, new), envelope.payload_type, envelope.signatures)


def test_a_signature_is_valid_for_its_document_and_key():
    assert states(sign((), DOCUMENT, "issued", key("owner")), DOCUMENT, "owner") == {"valid"}


def test_a_signature_of_another_document_is_named_so_with_or_without_its_key():
    signed = sign((), DOCUMENT, "issued", key("owner"))
    assert states(signed, EDITED) == states(signed, EDITED, "owner") == {"of another document"}


def test_a_statement_of_issue_cannot_be_turned_into_one_of_reproduction():
    (envelope,) = sign((), DOCUMENT, "issued", key("owner"))
    assert states([tampered(envelope, b":issued:", b":reproduced:")], DOCUMENT, "owner") == {"altered"}


def test_a_statement_turned_to_another_document_is_altered():
    (envelope,) = sign((), DOCUMENT, "issued", key("owner"))
    turned = tampered(envelope, subject_digest(DOCUMENT).encode(), subject_digest(EDITED).encode())
    assert states([turned], EDITED, "owner") == {"altered"}


def test_another_payload_type_is_not_a_statement():
    (envelope,) = sign((), DOCUMENT, "issued", key("owner"))
    assert states([Envelope(envelope.payload, "text/plain", envelope.signatures)], DOCUMENT) == {"not a statement"}


def test_a_signature_under_the_fingerprint_of_another_key_is_altered():
    (envelope,) = sign((), DOCUMENT, "reproduced", key("owner"))
    (signature,) = envelope.signatures.values()
    copied = copy.copy(signature)
    copied.keyid = key("lab").public.fingerprint
    posing = Envelope(envelope.payload, envelope.payload_type, {copied.keyid: copied})
    assert states([posing], DOCUMENT, "lab") == {"altered"}


def test_an_unknown_key_is_named_so():
    assert states(sign((), DOCUMENT, "issued", key("owner")), DOCUMENT, "lab") == {"unknown key"}


def assurance(roles, known=("owner", "lab")):
    envelopes = ()
    for name, role in roles:
        envelopes = sign(envelopes, DOCUMENT, role, key(name))
    keys = [key(name).public for name in known]
    return assurance_of(examine(envelopes, DOCUMENT, keys), keys)


@pytest.mark.parametrize(
    ("roles", "known", "level"),
    [
        ([], ("owner", "lab"), "self-asserted"),
        ([("owner", "issued")], ("owner", "lab"), "self-asserted"),
        ([("owner", "issued"), ("owner", "reproduced")], ("owner", "lab"), "self-asserted"),
        ([("owner", "issued"), ("lab", "issued")], ("owner", "lab"), "self-asserted"),
        ([("owner", "issued"), ("lab", "reproduced")], ("owner",), "self-asserted"),
        ([("owner", "issued"), ("lab", "reproduced")], ("lab",), "reproduced"),
        ([("lab", "reproduced")], ("owner", "lab"), "reproduced"),
    ],
    ids=[
        "not signed",
        "signed by its owner",
        "reproduced by the key that issued it",
        "issued by two keys",
        "reproduced by an unknown key",
        "reproduced by a known key",
        "reproduced, and by nobody issued",
    ],
)
def test_only_a_known_key_that_did_not_issue_a_certificate_makes_it_reproduced(roles, known, level):
    assert assurance(roles, known).level == level


def test_the_sentence_names_who_reproduced_who_issued_and_what_was_not_checked():
    known = assurance([("owner", "issued"), ("lab", "reproduced")]).sentence
    assert known.startswith("reproduced by lab.pem (SHA-256 ")
    assert "; signed by owner.pem (SHA-256 " in known
    assert "self-asserted; not checked: the signatures of" in assurance([("owner", "issued")], ()).sentence


def test_a_key_signs_once():
    signed = sign((), DOCUMENT, "issued", key("owner"))
    with pytest.raises(UserError, match="has already signed that this certificate was issued"):
        sign(signed, DOCUMENT, "issued", key("owner"))


def one_line(error):
    return str(error.value).count("\n") == 0


LOCKED = b"0123456789"
ELLIPTIC = generate_private_key(SECP256R1())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (lambda own: private_pem(own, LOCKED), "is encrypted"),
        (lambda own: private_pem(ELLIPTIC), "of another kind than Ed25519"),
        (public_pem, "is not a private key in PEM"),
        (lambda own: b"", "is not a private key in PEM"),
        (lambda own: b"\0" * 100_000, "too large for a key"),
        (lambda own: b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n", "is not a private key in PEM"),
    ],
    ids=["encrypted", "another kind", "a public key", "empty", "too large", "of OpenSSH"],
)
def test_a_file_that_holds_no_usable_private_key_is_one_line(tmp_path, content, says):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = tmp_path / "key.pem"
    path.write_bytes(content(Ed25519PrivateKey.generate()))
    with pytest.raises(UserError, match=says) as error:
        read_signing_key(path)
    assert one_line(error)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (private_pem, "is not a public key in PEM"),
        (lambda own: public_pem(ELLIPTIC), "of another kind than Ed25519"),
        (lambda own: b"", "is not a public key in PEM"),
    ],
    ids=["a private key", "another kind", "empty"],
)
def test_a_file_that_holds_no_usable_public_key_is_one_line(tmp_path, content, says):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = tmp_path / "key.pub"
    path.write_bytes(content(Ed25519PrivateKey.generate()))
    with pytest.raises(UserError, match=says) as error:
        read_public_key(path)
    assert one_line(error)


@pytest.mark.parametrize("read", [read_signing_key, read_public_key])
def test_a_missing_key_is_one_line(tmp_path, read):
    with pytest.raises(UserError, match="cannot read"):
        read(tmp_path / "absent")


def test_a_public_key_is_that_of_the_private_one(tmp_path):
    private, public = write_pair(tmp_path, "owner")
    known = read_public_key(public)
    assert known.fingerprint == read_signing_key(private).public.fingerprint
    raw = bytes.fromhex(known.key.keyval["public"])
    assert Ed25519PublicKey.from_public_bytes(raw)


SIGNED = json.dumps(sign((), DOCUMENT, "issued", key("owner"))[0].to_dict())


def twice(text):
    content = json.loads(text)
    content["signatures"] *= 2
    return json.dumps(content)


def without(name):
    return lambda text: json.dumps({key: value for key, value in json.loads(text).items() if key != name})


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda text: "nothing", "line 1 is not a DSSE envelope"),
        (lambda text: text + "\n[]", "line 2 is not a DSSE envelope"),
        (lambda text: text.replace('"payload": "', '"payload": "!'), "line 1 is not a DSSE envelope"),
        (without("signatures"), "line 1 is not a DSSE envelope"),
        (without("payload"), "line 1 is not a DSSE envelope"),
        (without("payloadType"), "line 1 is not a DSSE envelope"),
        (lambda text: text.replace('"keyid"', '"kid"'), "line 1 is not a DSSE envelope"),
        (lambda text: json.dumps(json.loads(text) | {"signatures": []}), "holds no signature by a named key"),
        (lambda text: text.replace('"keyid": "', '"keyid": "lab'), "holds no signature by a named key"),
        (twice, "two signatures by the key"),
        (lambda text: " " * (stored.LARGEST + 1), "too large for the signatures"),
    ],
)
def test_a_file_that_is_not_of_envelopes_is_one_line(tmp_path, spoil, says):
    path = tmp_path / "certificate.intoto.jsonl"
    path.write_text(spoil(SIGNED))
    with pytest.raises(UserError, match=says) as error:
        read_envelopes(path)
    assert one_line(error)


def test_an_envelope_of_a_key_that_signed_twice_in_two_statements_fails():
    from ferspec.checks.certificate.signatures import is_signed_as_stated
    from ferspec.subjects.certificates.subject import Certificate

    signed = sign((), DOCUMENT, "issued", key("owner"))
    checked = is_signed_as_stated(Certificate(DOCUMENT, envelopes=signed * 2, public_keys=(key("owner").public,)))
    assert checked.status is Status.FAIL
    assert checked.observed.startswith("2 signatures by the key")
