"""The device's secrets: one key from which others are derived, and an epoch secret that every erasure replaces.

The device key is a systemd credential (`threshold.device-key` in $CREDENTIALS_DIRECTORY, which systemd can keep sealed
by a TPM with LoadCredentialEncrypted) or else the file `device.key`, readable by its owner alone. No TPM is spoken to
directly. The epoch secret is a file beside it. Subject keys are wrapped by a key derived from both, so that what was
wrapped before an erasure, in yesterday's database or in a page of flash that nobody could overwrite, stays closed once
the old epoch secret is gone.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from policy.errors import PolicyError

SIZE = 32
"""Bytes of every secret: AES-256 and HMAC-SHA-256."""
CREDENTIAL = "threshold.device-key"


class SecretError(PolicyError, OSError):
    """Error raised when a secret can't be read, written, or trusted: names the file, what was expected and found."""


class Keys:
    """What is derived from the device key. One a process."""

    def __init__(self, device: bytes) -> None:
        if len(device) != SIZE:
            raise SecretError(f"device key: expected {SIZE} bytes, found {len(device)}.")
        self._device = device

    def derive(self, label: str, secret: bytes = b"") -> bytes:
        """A key of SIZE bytes for one use, by HKDF-SHA-256 (RFC 5869); `secret` is mixed in."""
        kdf = HKDF(algorithm=SHA256(), length=SIZE, salt=None, info=f"threshold/1 {label}".encode())
        return kdf.derive(self._device + secret)

    def digest(self, label: str, value: bytes) -> bytes:
        """Keyed hash (HMAC-SHA-256) of a value: the same on this device, and nowhere else."""
        return keyed(self.derive(label), value)

    def signer(self) -> Ed25519PrivateKey:
        """What signs the ledger's entries and other documents of this device."""
        return Ed25519PrivateKey.from_private_bytes(self.derive("signature"))


def keyed(key: bytes, value: bytes) -> bytes:
    """HMAC-SHA-256, 32 bytes."""
    return hmac.new(key, value, hashlib.sha256).digest()


def device_keys(folder: Path, *, make: bool) -> Keys:
    """The device's keys: from the systemd credential, or from `device.key` in `folder`; only `make` makes one.

    Raises SecretError.
    """
    given = os.environ.get("CREDENTIALS_DIRECTORY")
    if given and (credential := Path(given) / CREDENTIAL).is_file():
        return Keys(_read(credential, private=False))  # systemd alone decides who reads its folder
    path = folder / "device.key"
    if not path.exists():
        if not make:
            raise SecretError(
                f"{path}: expected the key that this store was made with, found none. Nothing in it opens without: put "
                "back the one that was kept elsewhere, with mode 0600. No new one is made."
            )
        write_secret(path, secrets.token_bytes(SIZE))
    return Keys(read_secret(path))


def read_secret(path: Path) -> bytes:
    """A secret file's SIZE bytes. Raises SecretError where others could read it, too."""
    return _read(path, private=True)


def _read(path: Path, *, private: bool) -> bytes:
    try:
        with path.open("rb") as file:
            state = os.fstat(file.fileno())
            content = file.read(SIZE + 1)
    except OSError as error:
        raise SecretError(f"{path}: expected a secret that can be read, found none ({error.strerror}).") from error
    if private and (state.st_mode & 0o077 or not stat.S_ISREG(state.st_mode)):
        raise SecretError(
            f"{path}: expected a file that its owner alone may read (mode 0600), found mode "
            f"{stat.S_IMODE(state.st_mode):04o}. Whoever could read it may have: see docs/red-team.md, then chmod 600."
        )
    if len(content) != SIZE:
        raise SecretError(
            f"{path}: expected {SIZE} bytes, found {'more' if len(content) > SIZE else len(content)}: it is damaged. "
            "Put the device.key back that was kept elsewhere; for another file put it aside and restore a backup: "
            "threshold restore."
        )
    return content


def write_secret(path: Path, content: bytes) -> None:
    """Write a secret, mode 0600, whole or not at all, and on disk when this returns. Raises SecretError."""
    part = path.with_name(path.name + ".part")
    try:
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor has no path
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise SecretError(f"{path}: can't be written ({error.strerror}). Is the disk full or read-only?") from error


def sync_folder(folder: Path) -> None:
    """Have a folder's names (a rename, a removal) on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
