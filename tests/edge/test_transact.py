"""One transaction: four stamps on one clock, whoever comes, and whatever the lane says."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from pydantic import ValidationError

from edge.clock import FakeClock
from edge.errors import EdgeError
from edge.lane import Decision, Visit, transact
from edge.transaction import Stamp, Transaction

SECOND = 1_000_000_000
VISIT: Visit[str] = Visit(
    id="v1",
    session="m1",
    origin="simulation",
    subject="s1",
    enrolled=True,
    approach_s=2.0,
    passage_s=1.5,
    presentation="a card",
)


@dataclass
class Slow:
    """A lane that takes its time on the clock and then says what it was told to."""

    clock: FakeClock
    says: Decision
    takes_s: float = 0.25
    name: str = "qr"

    def decide(self, presentation: str) -> Decision:
        assert presentation == "a card"
        self.clock.wait(self.takes_s)
        return self.says


def go(says: Decision, visit: Visit[str] = VISIT, takes_s: float = 0.25) -> tuple[Transaction, FakeClock]:
    clock = FakeClock()
    clock.wait(10)
    return transact(Slow(clock, says, takes_s), visit, clock), clock


def test_a_door_that_opens():
    row, clock = go(Decision(opened=True, reason="matched", subject="s1", claimed="s2", attempts=3))
    assert row == Transaction(
        id="v1",
        lane="qr",
        origin="simulation",
        session="m1",
        entered=Stamp.at(10 * SECOND),
        presented=Stamp.at(12 * SECOND),
        decided=Stamp.at(12_250_000_000),
        crossed=Stamp.at(13_750_000_000),
        attempts=3,
        claimed="s2",
        decided_subject="s1",
        true_subject="s1",
        enrolled=True,
        outcome="opened",
        reason="matched",
    )
    assert row.opened_ns == 2_250_000_000
    assert clock.now_ns() == 13_750_000_000


def test_a_door_that_stays_shut_is_not_walked_through():
    row, clock = go(Decision(opened=False, reason="below-threshold"), replace(VISIT, enrolled=False))
    assert row == Transaction(
        id="v1",
        lane="qr",
        origin="simulation",
        session="m1",
        entered=Stamp.at(10 * SECOND),
        presented=Stamp.at(12 * SECOND),
        decided=Stamp.at(12_250_000_000),
        crossed=Stamp.absent("below-threshold"),
        attempts=1,
        true_subject="s1",
        enrolled=False,
        outcome="denied",
        reason="below-threshold",
    )
    assert row.opened_ns is None
    assert clock.now_ns() == 12_250_000_000


def test_someone_with_nothing_to_present_goes_away_unasked():
    visit = replace(VISIT, presentation=None, missing="tag-forgotten")
    row, clock = go(Decision(opened=True, reason="never asked"), visit)
    absent = Stamp.absent("tag-forgotten")
    assert row == Transaction(
        id="v1",
        lane="qr",
        origin="simulation",
        session="m1",
        entered=Stamp.at(10 * SECOND),
        presented=absent,
        decided=absent,
        crossed=absent,
        attempts=0,
        true_subject="s1",
        enrolled=True,
        outcome="abandoned",
        reason="tag-forgotten",
    )
    assert clock.now_ns() == 12 * SECOND


def test_in_no_time_all_stamps_are_one():
    row, _ = go(Decision(opened=True, reason="matched"), replace(VISIT, approach_s=0.0, passage_s=0.0), takes_s=0.0)
    assert {row.entered, row.presented, row.decided, row.crossed} == {Stamp.at(10 * SECOND)}
    assert row.opened_ns == 0


def test_people_after_one_another_share_one_time_axis():
    clock = FakeClock()
    lane = Slow(clock, Decision(opened=True, reason="matched"))
    rows = [transact(lane, replace(VISIT, id=f"v{number}"), clock) for number in range(3)]
    assert [(row.id, row.entered.t_ns, row.crossed.t_ns) for row in rows] == [
        ("v0", 0, 3_750_000_000),
        ("v1", 3_750_000_000, 7_500_000_000),
        ("v2", 7_500_000_000, 11_250_000_000),
    ]


def test_a_broken_lane_makes_no_row():
    class Broken(Slow):
        def decide(self, presentation):
            raise EdgeError("the camera is gone")

    clock = FakeClock()
    with pytest.raises(EdgeError, match="the camera is gone"):
        transact(Broken(clock, Decision(opened=True, reason="x")), VISIT, clock)


def test_absence_needs_a_reason():
    with pytest.raises(ValidationError, match="at least 1 character"):
        go(Decision(opened=True, reason="never asked"), replace(VISIT, presentation=None))


def test_people_do_not_walk_backwards():
    with pytest.raises(ValueError, match="seconds: expected 0 or more, found -1"):
        go(Decision(opened=True, reason="matched"), replace(VISIT, approach_s=-1.0))
