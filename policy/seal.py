"""Sealing: AES-256-GCM with a context, so that what is sealed opens where it belongs and nowhere else."""

from __future__ import annotations

import json
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from policy.errors import PolicyError

NONCE = 12
"""Bytes; random. A key seals far fewer than the 2³² messages that random nonces allow (NIST SP 800-38D, 8.3)."""


class SealBroken(PolicyError, ValueError):
    """Error raised when something sealed does not open here: another key, another place, or changed bytes."""


def seal(key: bytes, content: bytes, *context: str | int) -> bytes:
    """Nonce, ciphertext and tag of `content`, bound to `context` (what it is, whose, where)."""
    nonce = secrets.token_bytes(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, _data(context))


def unseal(key: bytes, sealed: bytes, *context: str | int) -> bytes:
    """What was sealed with that key for that context. Raises SealBroken."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], _data(context))
    except (InvalidTag, ValueError, TypeError) as error:
        raise SealBroken(
            f"{context[0]}: expected what was sealed here for this place, found other or changed bytes, or a key that "
            "is gone. It stays closed."
        ) from error


def _data(context: tuple[str | int, ...]) -> bytes:
    return json.dumps(["threshold/seal/1", *context], ensure_ascii=False).encode()
