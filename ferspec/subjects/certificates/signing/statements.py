"""Write and read what a signature says: in-toto statements about one certificate."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal, NamedTuple

import rfc8785

from ferspec.subjects.certificates.document import canonical

Role = Literal["issued", "reproduced"]

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
# The role is part of what is signed, so that an issuer's signature cannot be shown as one of a reproduction.
PREDICATE_TYPES: dict[Role, str] = {
    "issued": "urn:ferspec:certificate:issued:1",
    "reproduced": "urn:ferspec:certificate:reproduced:1",
}
COMPARED: dict[Role, list[str]] = {"issued": [], "reproduced": ["images", "model"]}
ROLES: dict[str, Role] = {predicate: role for role, predicate in PREDICATE_TYPES.items()}


class Statement(NamedTuple):
    """A parsed statement: its role, and the sha256 of the document it is about."""

    role: Role
    sha256: str


def subject_digest(document: dict[str, Any]) -> str:
    """Return the sha256 by which a statement names a document, of its canonical form."""
    return hashlib.sha256(canonical(document)).hexdigest()


def write_statement(document: dict[str, Any], role: Role) -> bytes:
    """Return the statement of a role about a document, in canonical form. Every signer of a role signs these bytes."""
    specification = {name: document["spec"][name] for name in ("version", "digest")}
    return rfc8785.dumps(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": "certificate.json", "digest": {"sha256": subject_digest(document)}}],
            "predicateType": PREDICATE_TYPES[role],
            "predicate": {
                "format": document["schema_version"],
                "specification": specification,
                "compared": COMPARED[role],
            },
        }
    )


def read_statement(payload: bytes) -> Statement | None:
    """Return the statement in a payload, or None if it is not about one certificate."""
    try:
        content = json.loads(payload)
        (subject,) = content["subject"]
        statement = Statement(ROLES[content["predicateType"]], subject["digest"]["sha256"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return statement if content.get("_type") == STATEMENT_TYPE and isinstance(statement.sha256, str) else None
