"""Read Ed25519 keys from PEM files, as OpenSSL writes them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ferspec.errors import UserError
from ferspec.files import read_bounded

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from securesystemslib.signer import CryptoSigner, SSlibKey

# a key has about a hundred bytes
LARGEST = 16 * 1024
CREATE = "create one with 'openssl genpkey -algorithm ed25519 -out key.pem'"
EXPORT = "export one with 'openssl pkey -in key.pem -pubout -out key.pub'"


@dataclass(frozen=True)
class PublicKey:
    """Hold a public key and the name of its file; ``fingerprint`` identifies it."""

    name: str
    key: SSlibKey

    @property
    def fingerprint(self) -> str:
        """The sha256 of the key's DER form."""
        return self.key.keyid

    def __str__(self) -> str:
        return f"{self.name} (SHA-256 {self.fingerprint[:16]})"


@dataclass(frozen=True)
class Signing:
    """Hold a private key that signs, and its public key."""

    signer: CryptoSigner
    public: PublicKey


def read_signing_key(path: str | Path) -> Signing:
    """Read an unencrypted Ed25519 private key in PEM.

    Raise ``UserError`` for a file that cannot be read, an encrypted key and a key of another kind.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    content = read_bounded(Path(path), LARGEST, "a key")
    try:
        private = load_pem_private_key(content, None)
    except TypeError:
        raise UserError(f"the key {path} is encrypted: give an unencrypted one ('openssl pkey -in {path}')") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UserError(f"{path} is not a private key in PEM: {CREATE}") from None
    if not isinstance(private, Ed25519PrivateKey):
        raise UserError(f"{path} is a private key of another kind than Ed25519: {CREATE}")
    signer = CryptoSigner(private, _with_fingerprint(private.public_key()))
    return Signing(signer, PublicKey(Path(path).name, signer.public_key))


def read_public_key(path: str | Path) -> PublicKey:
    """Read an Ed25519 public key in PEM. Raise ``UserError`` for anything else."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    content = read_bounded(Path(path), LARGEST, "a key")
    try:
        public = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        raise UserError(f"{path} is not a public key in PEM: {EXPORT}") from None
    if not isinstance(public, Ed25519PublicKey):
        raise UserError(f"{path} is a public key of another kind than Ed25519: {EXPORT}")
    return PublicKey(Path(path).name, _with_fingerprint(public))


def _with_fingerprint(public: Ed25519PublicKey) -> SSlibKey:
    """Return a key whose id is the sha256 of its DER form."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from securesystemslib.signer import SSlibKey

    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return SSlibKey.from_crypto(public, keyid=hashlib.sha256(der).hexdigest())
