"""One person's try at one lane: the rows that all statistics read, wherever they come from."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

Lane = Literal[
    "face-1n", "face-tag", "face-on-tag", "tag-uid", "tag-auth", "tag-pin", "pin", "qr", "key", "register", "open"
]
LANES: tuple[Lane, ...] = get_args(Lane)

Origin = Literal["pilot", "recording", "simulation"]
Outcome = Literal["opened", "denied", "abandoned"]


class Stamp(BaseModel):
    """A moment, in nanoseconds since its run began; or none, with the reason why there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    t_ns: int | None = Field(default=None, ge=0)
    none: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.t_ns is None) == (self.none is None):
            raise ValueError("expected either a time t_ns or the reason why there is none, found both or neither")
        return self

    @classmethod
    def at(cls, t_ns: int) -> Stamp:
        """A moment."""
        return cls(t_ns=t_ns)

    @classmethod
    def absent(cls, reason: str) -> Stamp:
        """No moment, and why."""
        return cls(none=reason)


class Transaction(BaseModel):
    """One row. Persons are pseudonyms; `true_subject` is known only where someone or something else observed it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_: Literal["threshold/transaction/1"] = Field(default="threshold/transaction/1", alias="schema")
    id: str
    lane: Lane
    origin: Origin
    session: str
    """What belongs together: a morning of a pilot, a repetition of a simulation."""
    entered: Stamp
    presented: Stamp
    decided: Stamp
    crossed: Stamp
    attempts: int = Field(ge=0)
    claimed: str | None = None
    """Whose credential was presented, where the lane has one."""
    decided_subject: str | None = None
    """Whom the lane took the person for."""
    true_subject: str | None = None
    enrolled: bool | None = None
    """Whether the true subject may pass this lane."""
    outcome: Outcome
    reason: str

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        stamps = [
            ("entered", self.entered),
            ("presented", self.presented),
            ("decided", self.decided),
            ("crossed", self.crossed),
        ]
        times = [(name, stamp.t_ns) for name, stamp in stamps if stamp.t_ns is not None]
        for (earlier, first), (later, second) in pairwise(times):
            if second < first:
                raise ValueError(f"expected {later} not before {earlier}, found {second} ns before {first} ns")
        if self.outcome == "opened" and self.decided.t_ns is None:
            raise ValueError("expected a time of decision for a door that opened, found none")
        return self

    @property
    def opened_ns(self) -> int | None:
        """From entering the zone to the decision that opened, ns; None when it didn't."""
        if self.outcome != "opened" or self.entered.t_ns is None or self.decided.t_ns is None:
            return None
        return self.decided.t_ns - self.entered.t_ns
