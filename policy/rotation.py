"""Renewable templates: each installation turns them by a secret rotation of its own.

A template turned by an orthogonal matrix has the same cosine with everything turned alike, so scores don't change, and
a template that leaks from one installation is no use at another, nor after a renewal. The limit: the turn is linear, so
whoever holds as many matching pairs of turned and unturned templates as a template has numbers can solve for it. It is
sealed like a key for that reason, and it does not replace the sealing.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from numpy.typing import NDArray

Template = NDArray[np.float32]
"""float32 (d,), unit length."""


@lru_cache(maxsize=4)
def matrix(secret: bytes, size: int) -> NDArray[np.float64]:
    """Orthogonal float64 size × size, uniform (Haar) over all such, from a secret of 32 bytes.

    QR of a Gaussian matrix with the signs of R's diagonal taken out is uniform (Mezzadri 2007, Notices of the AMS
    54(5)), and unique, so another machine's LAPACK gives the same up to rounding.
    """
    stream = Cipher(ChaCha20(secret, bytes(16)), mode=None).encryptor()
    count = size * size + size * size % 2
    uniform = (np.frombuffer(stream.update(bytes(8 * count)), "<u8") >> 11).astype(np.float64) * 2.0**-53
    radius = np.sqrt(-2.0 * np.log1p(-uniform[: count // 2]))  # Box and Muller 1958
    angle = 2.0 * np.pi * uniform[count // 2 :]
    normal = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[: size * size].reshape(size, size)
    q, r = np.linalg.qr(normal)
    turned: NDArray[np.float64] = q * np.sign(np.diag(r))
    turned.setflags(write=False)
    return turned


def turn(secret: bytes, template: Template) -> Template:
    """The template as this installation keeps it."""
    turned: Template = (matrix(secret, len(template)) @ template.astype(np.float64)).astype(np.float32)
    return turned


def turn_back(secret: bytes, template: Template) -> Template:
    """The template as the network gave it."""
    back: Template = (matrix(secret, len(template)).T @ template.astype(np.float64)).astype(np.float32)
    return back
