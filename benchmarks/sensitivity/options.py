"""What a school could do: each lane as it is, and the cheap third options beside faces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.transaction import LANES, Lane

FACES: tuple[str, ...] = ("face-1n", "face-tag", "face-on-tag")


@dataclass(frozen=True, slots=True)
class Option:
    """A lane, and what is changed at its entrance."""

    id: str
    lane: Lane
    doors: int = 0
    """Doors added."""
    times: Mapping[str, float] = field(default_factory=dict)
    """Factors multiplied, by id."""

    @property
    def face(self) -> bool:
        """Whether it is one of the ways in by face."""
        return self.lane in FACES


THIRD = (
    Option("second-reader", "tag-uid", doors=1),
    Option("anti-tailgating", "tag-uid", times={"tailgating": 0.2, "following": 0.2}),
    Option("staff-at-peak", "tag-uid", times={"tailgating": 0.5, "following": 0.5, "fallback.time": 0.5}),
)
"""The tag the school has, with something added. "Better tags" is a lane of its own, tag-auth. How much a
barrier against walking in behind others takes away (here four fifths), and a second person at the peak (here half, of
that and of the time to be let in by hand), are assumptions of the project: no published figure was found."""
OPTIONS: tuple[Option, ...] = (*(Option(lane, lane) for lane in LANES), *THIRD)
BY_ID = {option.id: option for option in OPTIONS}
CANDIDATES: tuple[str, ...] = (
    *FACES,
    "tag-uid",
    "tag-auth",
    "tag-pin",
    "pin",
    "qr",
    "key",
    *(option.id for option in THIRD),
)
"""What may be chosen when ranks are looked at. The open door and the person with a list are simulated and shown
but don't compete: the one lets in everybody, the other turns away nobody by construction: each always wins at one."""
MILDER = tuple(name for name in CANDIDATES if name not in FACES)

OUTCOMES: tuple[str, ...] = ("legitimate-failures", "attendance-errors", "unauthorised-entries", "minutes")
"""What is looked at; less is better. Shares as everywhere; `minutes`: of persons (from coming to being inside, those
let in by hand as well) and of whoever opens by hand (the mean time of it, each time), per 1,000 person-mornings."""
KEPT: tuple[str, ...] = (*OUTCOMES, "late", "wait-p95", "persons-per-minute", "transaction-p50")
"""What every point keeps of every option; NaN where there is none (nobody was let in)."""
