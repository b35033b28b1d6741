"""Ed25519 keys, made once for each name, and their files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from ferspec.subjects.certificates.signing.keys import Signing, read_signing_key
from mutants.scratch import fresh


def private_pem(private, password: bytes | None = None) -> bytes:
    locked = NoEncryption() if password is None else BestAvailableEncryption(password)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)


def public_pem(private) -> bytes:
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def write_pair(folder: Path, name: str) -> tuple[Path, Path]:
    """Write a new private key and its public key, as OpenSSL does."""
    private = Ed25519PrivateKey.generate()
    paths = folder / f"{name}.pem", folder / f"{name}.pub"
    for path, content in zip(paths, (private_pem(private), public_pem(private)), strict=True):
        path.write_bytes(content)
    return paths


@cache
def key(name: str = "owner") -> Signing:
    return read_signing_key(write_pair(fresh("key"), name)[0])
