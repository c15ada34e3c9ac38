"""What a device did, in numbers, and one decision as it was carried out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Told:
    """One decision as it was carried out. `person` is the row's pseudonym; None: nobody known, only counted."""

    lane: str
    opened: bool
    reason: str
    person: str | None
    took_ms: float
    noted: bool = False
    """Whether a person is to be noted as present, at a device that opens no door; nobody is named then."""


@dataclass(slots=True)
class Tally:
    """What happened since the device began, in numbers; nobody is in it. Read by other threads."""

    decisions: Counter[tuple[str, bool, str]] = field(default_factory=Counter)
    """By (lane, opened, reason)."""
    anonymous: Counter[str] = field(default_factory=Counter)
    """Of them, by lane: tries of nobody known, of which there is no row."""
    rows: int = 0
    frames: int = 0
    tags: int = 0
    stale: int = 0
    lent: int = 0
    """How often the store was given to another process."""
