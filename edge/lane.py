"""The contract of every way in: a presentation goes in, a decision comes out, a transaction is noted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from edge.clock import Clock
from edge.transaction import Lane as LaneName
from edge.transaction import Origin, Stamp, Transaction

Presentation = TypeVar("Presentation")
_Presented_contra = TypeVar("_Presented_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a lane made of a presentation. `reason` is a word that reports can count, such as `below-threshold`."""

    opened: bool
    reason: str
    subject: str | None = None
    claimed: str | None = None
    attempts: int = 1


class Lane(Protocol[_Presented_contra]):
    """One way in."""

    @property
    def name(self) -> LaneName:
        """Its name in the list of lanes."""
        ...

    def decide(self, presentation: _Presented_contra) -> Decision:
        """Decide on one presentation. Raises EdgeError when the lane itself is broken, never for a person's failure."""
        ...


@dataclass(frozen=True, slots=True)
class Visit(Generic[Presentation]):
    """One person's walk to a lane. Times in seconds, as the person (or the simulation of one) takes them.

    `presentation` None means that the person came with nothing to present, for the reason in `missing`.
    """

    id: str
    session: str
    origin: Origin
    subject: str
    enrolled: bool
    approach_s: float
    passage_s: float
    presentation: Presentation | None
    missing: str = ""


def transact(lane: Lane[Presentation], visit: Visit[Presentation], clock: Clock) -> Transaction:
    """One whole transaction with its four stamps on `clock`: zone entered, presented, decided, crossed."""
    entered = Stamp.at(clock.now_ns())
    clock.wait(visit.approach_s)
    decision = None
    if visit.presentation is None:
        presented = decided = crossed = Stamp.absent(visit.missing)
    else:
        presented = Stamp.at(clock.now_ns())
        decision = lane.decide(visit.presentation)
        decided = Stamp.at(clock.now_ns())
        crossed = Stamp.absent(decision.reason)
        if decision.opened:
            clock.wait(visit.passage_s)
            crossed = Stamp.at(clock.now_ns())
    return Transaction(
        id=visit.id,
        lane=lane.name,
        origin=visit.origin,
        session=visit.session,
        entered=entered,
        presented=presented,
        decided=decided,
        crossed=crossed,
        attempts=decision.attempts if decision else 0,
        claimed=decision.claimed if decision else None,
        decided_subject=decision.subject if decision else None,
        true_subject=visit.subject,
        enrolled=visit.enrolled,
        outcome="abandoned" if decision is None else "opened" if decision.opened else "denied",
        reason=decision.reason if decision else visit.missing,
    )
