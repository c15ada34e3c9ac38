"""One person's keys: for facts, pseudonyms, and each kind of reference; destroyed one by one or all together."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Literal

from policy.entry import Modality
from policy.keys import SIZE, keyed


@dataclass(frozen=True, slots=True)
class SubjectKeys:
    """One person's keys, SIZE random bytes each."""

    file: bytes
    link: bytes
    """What pseudonyms are made with."""
    face: bytes
    tag: bytes

    @classmethod
    def draw(cls) -> SubjectKeys:
        """Fresh ones."""
        return cls(*(secrets.token_bytes(SIZE) for _ in range(4)))

    @classmethod
    def unpack(cls, content: bytes) -> SubjectKeys:
        """From the bytes of `pack`."""
        return cls(*(content[start : start + SIZE] for start in range(0, 4 * SIZE, SIZE)))

    def pack(self) -> bytes:
        """All of them in a row."""
        return self.file + self.link + self.face + self.tag

    def of(self, modality: Modality) -> bytes:
        """The key of a reference."""
        return self.face if modality == "face" else self.tag

    def pseudonym(self, purpose: Literal["ledger", "door", "attendance"]) -> str:
        """The person's pseudonym for one purpose; two purposes' can't be joined without the key."""
        return keyed(self.link, purpose.encode()).hex()[:32]

    def other(self, name: str) -> str:
        """Pseudonym of somebody who has to do with the person: a witness, a guardian."""
        return keyed(self.link, b"other " + name.encode()).hex()[:32]
