"""The loop with attendance: what goes on beside the door, and what is said when it can't be kept."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from datetime import time as clock
from pathlib import Path

import pytest
from test_device import KNOWN, UNKNOWN, KeeperStandIn, Running, Site, held, nothing_left_running, wait_for

from edge.attendance import AttendanceError, Sheet, Sheets, Slot
from edge.device import loop
from edge.device.roll import Roll
from policy.database import Busy

__all__ = ["nothing_left_running"]

STORE = "0" * 16


class AttendantsStandIn:
    """Everybody may be noted."""

    store, whole = STORE, True

    def may(self, subject: str, modality: str) -> bool:
        return True

    def present(self, subject: str, day: date, slot: str) -> str:
        return hashlib.sha256(f"{subject} {day} {slot}".encode()).hexdigest()[:32]

    def known(self, slots: Iterable[tuple[date, str]]) -> set[str]:
        return {self.present("subject-1", day, slot) for day, slot in slots}


@dataclass
class NotingKeeper(KeeperStandIn):
    attendants: AttendantsStandIn = field(default_factory=AttendantsStandIn)


class NotingSite(Site):
    """A door at which attendance is noted, in a slot that lasts all day and one that doesn't begin."""

    def keeper(self) -> NotingKeeper:
        if self.refuses is not None:
            raise self.refuses
        self.keepers.append(NotingKeeper(self.lanes, self.day))
        return self.keepers[-1]  # type: ignore[return-value]

    def roll(self) -> Roll:
        self.sheets = Sheets(self.folder.with_name("sheets"), "north-door", "pilot", 30)
        return Roll(self.sheets, [Slot("all", clock(0), clock(23, 59, 59))], 2)

    @property
    def sheet(self) -> Sheet:
        return self.sheets.of(datetime.now().astimezone().date(), STORE)


@pytest.fixture
def site(tmp_path: Path) -> NotingSite:
    return NotingSite(tmp_path / "rows")


def test_who_is_let_in_waits_to_be_noted_and_is_written_at_the_stop(site: NotingSite) -> None:
    site.reads = held(KNOWN, UNKNOWN)
    roll = site.roll()
    with Running(site, roll=roll) as device:
        wait_for(lambda: len(site.told) == 2)
        assert (roll.waiting, device.noted) == (1, 0)
        assert not site.sheet.notes
    assert device.noted == len(site.sheet.notes) == 1
    assert [one.opened for one in site.told] == [True, False]
    assert not any(one.noted for one in site.told), "at a door the line says what the door did"
    assert site.door.opened == 1


def test_where_attendance_is_all_there_is_no_row_and_no_door(site: NotingSite) -> None:
    site.reads = held(KNOWN, UNKNOWN)
    with Running(site, roll=site.roll(), opens=False) as device:
        wait_for(lambda: len(site.told) == 2)
    assert not site.rows
    assert site.door.opened == 0
    assert [(one.noted, one.person, one.reason) for one in site.told] == [
        (True, None, "present"), (False, None, "tag-unknown")]  # fmt: skip
    assert device.tally.decisions == {("tag-uid", False, "present"): 1, ("tag-uid", False, "tag-unknown"): 1}
    assert device.tally.anonymous == {"tag-uid": 1}
    assert len(site.sheet.notes) == 1


def test_attendance_that_cannot_be_written_leaves_the_door_and_is_said_once(
    site: NotingSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.reads = held(KNOWN, KNOWN, every_s=0.3)
    monkeypatch.setattr(loop, "LONGEST_RETRY_NS", 100_000_000)

    def full(self: Sheets, sheet: Sheet) -> None:
        raise AttendanceError("sheets: expected attendance to be kept, found: No space left on device.")

    roll = site.roll()
    with monkeypatch.context() as patch:
        patch.setattr(Sheets, "keep", full)
        with Running(site, roll=roll) as device:
            wait_for(lambda: len(site.told) == 2)
            assert all(one.opened for one in site.told)
            assert device.health.document()["status"] == "impaired"
            patch.undo()
            wait_for(lambda: device.health.document()["status"] == "ok")
    assert sum("attendance failed" in words for words in site.said) == 1
    assert "attendance: kept again." in site.said
    assert len(site.sheet.notes) == 1


def test_nobody_is_noted_by_a_clock_that_stepped(site: NotingSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site.reads = held(KNOWN, every_s=0.6)
    step = [0]
    monkeypatch.setattr(loop, "time", type("Clock", (), {
        "time_ns": staticmethod(lambda: time.time_ns() + step[0]),
        "monotonic_ns": time.monotonic_ns, "monotonic": time.monotonic}))  # fmt: skip
    with Running(site, roll=site.roll(), opens=False):
        wait_for(lambda: site.keepers)
        step[0] = 3600 * 10**9
        wait_for(lambda: site.told)
    assert [(one.noted, one.reason) for one in site.told] == [(False, "device-clock")]
    assert not site.sheet.notes


def test_who_cannot_be_written_at_the_end_is_told_of(site: NotingSite) -> None:
    """The store was lent and doesn't come back."""
    site.reads = held(KNOWN)
    with Running(site, roll=site.roll()):
        wait_for(lambda: site.told)
        site.lent = site.keepers[0].wants = True
        wait_for(lambda: site.keepers[0].closed)
        site.refuses = Busy("another process has it.")
    assert any("1 who came are not on disk" in words for words in site.said)
    assert site.sheet.slots == {"all": "open"}, "so that the next start says it, too"
