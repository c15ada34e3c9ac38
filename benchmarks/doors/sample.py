"""Columns as transactions: a sample on disk that a person can read, and that tests count again by the rows alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.doors.columns import NOBODY, OTHER, REASONS, SELF, Columns
from benchmarks.doors.ways import METHODS
from benchmarks.session import pseudonym
from edge.transaction import Stamp, Transaction

BY_HAND = {SELF: "opened-by-hand-noted", NOBODY: "opened-by-hand-not-noted"}
"""Why a row without crossing has none: the lane didn't open, a person did; and whether they noted the attendance."""


def rows(columns: Columns, mornings: int, window_s: float) -> Iterator[Transaction]:
    """The first `mornings` mornings: one row a person who came, one a credential presented for someone absent, one a
    try of someone who may not enter (spread evenly over the window; the model gives them no time of their own)."""
    name, lane = columns.run.name, columns.way.lane
    people = columns.person.shape[1]
    for day in range(mornings):
        session = f"{name}/m{day}"
        for place in range(people):
            index = int(columns.person[day, place])
            who = pseudonym(index)
            if columns.lent[day, place]:
                yield _lent(columns, session, who, day, place)
            if not columns.present[day, place]:
                continue
            opened, reason = bool(columns.opened[day, place]), REASONS[columns.reason[day, place]]
            recorded = int(columns.recorded[day, place])
            another = pseudonym((index + 1) % people)
            yield Transaction(
                id=f"{session}/{who}",
                lane=lane,
                origin="simulation",
                session=session,
                entered=_stamp(columns.entered[day, place], reason),
                presented=_stamp(columns.presented[day, place], reason),
                decided=_stamp(columns.decided[day, place], reason),
                crossed=_stamp(columns.inside[day, place], "") if opened else Stamp.absent(BY_HAND[recorded]),
                attempts=int(columns.attempts[day, place]),
                claimed=who if "tag" in lane and columns.attempts[day, place] else None,
                decided_subject={NOBODY: None, SELF: who, OTHER: another}[recorded] if opened else None,
                true_subject=who,
                enrolled=True,
                outcome="opened" if opened else "denied",
                reason=reason,
            )
        yield from _tries(columns, name, day, window_s)


def _lent(columns: Columns, session: str, owner: str, day: int, place: int) -> Transaction:
    at = _stamp(columns.arrived[day, place], "")
    return Transaction(
        id=f"{session}/{owner}/lent",
        lane=columns.way.lane,
        origin="simulation",
        session=session,
        entered=at,
        presented=at,
        decided=at,
        crossed=Stamp.absent("lent"),
        attempts=1,
        claimed=owner,
        decided_subject=owner,
        outcome="opened",
        reason="lent",
    )


def _tries(columns: Columns, name: str, day: int, window_s: float) -> Iterator[Transaction]:
    tries = columns.try_opened.shape[1]
    for index in range(tries):
        opened = bool(columns.try_opened[day, index])
        tailed = bool(columns.try_tailed[day, index])
        at = Stamp.at(round(1e9 * window_s * (index + 0.5) / tries))
        why = "tailgated" if tailed else METHODS[columns.try_method[day, index]]
        yield Transaction(
            id=f"{name}/tries/m{day}/x{index:04d}",
            lane=columns.way.lane,
            origin="simulation",
            session=f"{name}/tries/m{day}",
            entered=at,
            presented=Stamp.absent(why) if tailed else at,
            decided=at,
            crossed=at if opened else Stamp.absent("denied"),
            attempts=0 if tailed else 1,
            true_subject=f"x{index:04d}",
            enrolled=False,
            outcome="opened" if opened else "denied",
            reason=why,
        )


def _stamp(seconds: np.floating, reason: str) -> Stamp:
    """ns after the window opens; none, with the row's reason, where the column has NaN."""
    return Stamp.absent(reason) if np.isnan(seconds) else Stamp.at(round(1e9 * float(seconds)))
