"""One run of one lane over all person-mornings, under saturation: the next person enters when the last has left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.mornings import Mornings
from benchmarks.scenario import Level
from edge.clock import SkippingClock
from edge.lane import Lane, Presentation, Visit, transact
from edge.transaction import Transaction

Progress = Callable[[str, int], Callable[[], None]]
"""Told what is done and in how many steps; gives what to call after each."""


@dataclass(frozen=True, slots=True)
class Session:
    """One run of one lane over all person-mornings: a level of the lane's factors, and one of the passage."""

    level: Level
    passage: Level

    @property
    def name(self) -> str:
        """As it stands in the rows."""
        return f"{self.level}/passage-{self.passage}"


SESSIONS = (
    Session("best", "middle"),
    Session("middle", "best"),
    Session("middle", "middle"),
    Session("middle", "worst"),
    Session("worst", "middle"),
)


def pseudonym(index: int) -> str:
    """A person's name in every row."""
    return f"s{index:04d}"


def visit(
    mornings: Mornings,
    session: Session,
    factor: str,
    person_: int,
    morning: int,
    presentation: Presentation | None,
    missing: str | None = None,
) -> Visit[Presentation]:
    """A person's walk to a lane on a morning, at the session's levels; `factor` is how long presenting takes."""
    return Visit(
        id=f"{session.name}/m{morning}/{pseudonym(person_)}",
        session=f"{session.name}/m{morning}",
        origin="simulation",
        subject=pseudonym(person_),
        enrolled=True,
        approach_s=mornings.present_s(factor, person_, morning, session.level),
        passage_s=mornings.passage_s(person_, morning, session.passage),
        presentation=presentation,
        missing=missing or "",
    )


def saturated(
    mornings: Mornings,
    lane: Lane[Presentation],
    coming: Callable[[int, int], Visit[Presentation]],
    tick: Callable[[], None],
) -> Iterator[Transaction]:
    """Each morning all come at once, and the next enters the zone when the last has left it."""
    for morning in range(mornings.scenario.mornings):
        clock = SkippingClock()
        for person_ in mornings.order[morning]:
            with clock.paused():
                person = coming(int(person_), morning)
            yield transact(lane, person, clock)
            tick()
