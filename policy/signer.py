"""Keys that sign evidence: an Ed25519 pair in PEM files; whoever reads evidence pins the public one."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from policy.errors import PolicyError


class SignerError(PolicyError, ValueError):
    """Error raised for a key that can't be read or written: names the file, what was expected and found."""


def raw(public: Ed25519PublicKey) -> bytes:
    """Its 32 bytes."""
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def fingerprint(public: bytes) -> str:
    """What people compare over the telephone: SHA-256 of the 32 bytes, the first 128 bits in groups of four."""
    told = hashlib.sha256(public).hexdigest()[:32]
    return " ".join(told[start : start + 4] for start in range(0, 32, 4))


def new_signer(path: Path) -> Ed25519PrivateKey:
    """Draw a pair: the private key to `path` (mode 0600), the public one beside it (`.pub`). Raises SignerError."""
    key = Ed25519PrivateKey.generate()
    public = path.with_name(path.name + ".pub")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor has no path
            file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    except OSError as error:
        raise SignerError(f"{path}: expected a place for a new key, found none ({error.strerror}).") from error
    return key


def private_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a file that its owner alone may read. Raises SignerError."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(1 << 16)
    except OSError as error:
        raise SignerError(
            f"{path}: expected a private key in PEM, found none to read ({error.strerror}). --new-key makes one."
        ) from error
    if mode & 0o077:
        raise SignerError(
            f"{path}: expected a key that its owner alone may read (mode 0600), found mode {stat.S_IMODE(mode):04o}."
        )
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SignerError(f"{path}: expected a private key in PEM without a password, found none ({error}).") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SignerError(f"{path}: expected an Ed25519 private key, found another kind.")
    return key


def public_key(path: Path) -> Ed25519PublicKey:
    """The public key in a file. Raises SignerError, also for a private key: that is no thing to hand to a reader."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise SignerError(f"{path}: expected a public key in PEM, found none to read ({error}).") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SignerError(f"{path}: expected an Ed25519 public key, found another kind.")
    return key
