"""One person's keys: for facts, pseudonyms, references, attendance; destroyed one by one or all together."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
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
    attendance: bytes
    """What notes of presence are marked with; another one whenever that isn't agreed to any more."""

    @classmethod
    def draw(cls) -> SubjectKeys:
        """Fresh ones."""
        return cls(*(secrets.token_bytes(SIZE) for _ in range(5)))

    @classmethod
    def unpack(cls, content: bytes) -> SubjectKeys:
        """From the bytes of `pack`. Keys packed before there was attendance have none for it; a fresh one is put in its
        place, which nothing was marked with."""
        file, link, face, tag, attendance = (content[start : start + SIZE] for start in range(0, 5 * SIZE, SIZE))
        return cls(file, link, face, tag, attendance or secrets.token_bytes(SIZE))

    def pack(self) -> bytes:
        """All of them in a row."""
        return self.file + self.link + self.face + self.tag + self.attendance

    def of(self, modality: Modality) -> bytes:
        """The key of a reference."""
        return self.face if modality == "face" else self.tag

    def pseudonym(self, purpose: Literal["ledger", "door"]) -> str:
        """The person's pseudonym for one purpose; two purposes' can't be joined without the key."""
        return keyed(self.link, purpose.encode()).hex()[:32]

    def present(self, day: date, slot: str) -> str:
        """The person's pseudonym for having been there in one slot of one day: no two notes of a person are alike, so
        that no pattern of presence can be followed without the key."""
        return keyed(self.attendance, f"{day.isoformat()} {slot}".encode()).hex()[:32]

    def other(self, name: str) -> str:
        """Pseudonym of somebody who has to do with the person: a witness, a guardian."""
        return keyed(self.link, b"other " + name.encode()).hex()[:32]
