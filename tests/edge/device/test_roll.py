"""Attendance: what is on disk when, and that who has all of it can tell who came when no better than by guessing."""

from __future__ import annotations

import json
import os
import random
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from math import sqrt
from pathlib import Path

import pytest
from house import Hands, noting, opened, tag, volunteer

from edge import attendance
from edge.attendance import DAY, AttendanceError, Sheet, Sheets, Slot
from edge.device.keeper import StoreAttendants
from edge.device.roll import Roll
from policy.clock import ClockBehind
from policy.enrolment import enrol_tag, withdraw
from policy.entry import Ordered
from policy.errors import PolicyError

TODAY = date(2026, 9, 1)
SLOTS = (Slot("first", time(8), time(8, 20)), Slot("second", time(10), time(10, 20)))
BOTH = ("door", "attendance")
HOUR = timedelta(hours=1)


class Site:
    """A store of people who agreed to be noted, a clock by hand, a device's roll and its sheets."""

    def __init__(self, folder: Path, people: int = 12, least: int = 5) -> None:
        self.folder, self.least = folder, least
        self.hands = Hands(at("07:30"))
        self.store = opened(folder / "store", self.hands, adopt=False)
        self.store.adopt(noting())
        self.people = [self.enrol(f"volunteer-{number:02}") for number in range(people)]
        self.begin()

    def enrol(self, reference: str, purposes: tuple[str, ...] = BOTH) -> str:
        attested = {"attestation": {"on": self.hands.at.date()}, "purposes": purposes}
        return enrol_tag(self.store, volunteer(reference, **attested), tag(reference))

    def begin(self) -> None:
        """A device starts."""
        self.sheets = Sheets(self.folder / "sheets", "lab-door", "pilot", 30)
        self.roll = Roll(self.sheets, SLOTS, self.least, self.hands)
        self.attendants = StoreAttendants(self.store)

    def reopen(self) -> None:
        """Another process had the store."""
        self.store.close()
        self.store = opened(self.folder / "store", self.hands, adopt=False)
        self.attendants = StoreAttendants(self.store)

    def come(self, *people: str) -> list[str]:
        return [self.roll.note(self.attendants, person, "tag") for person in people]

    def turn(self, clock: str, day: date = TODAY) -> list[str]:
        """The device looks round now and then, until it is that late."""
        then = at(clock, day)
        runs = "open" in self.sheet(self.hands.at.date()).slots.values()
        while runs and timedelta() < then - self.hands.at < HOUR:
            self.hands.at = min(self.hands.at + timedelta(seconds=4), then)
            if said := self.roll.turn(self.attendants):
                self.hands.at = then
                return [*said, *self.roll.turn(self.attendants)]
        self.hands.at = then
        return self.roll.turn(self.attendants)

    def sheet(self, day: date = TODAY) -> Sheet:
        return self.sheets.of(day, self.store.ledger.id)

    def noted(self, slot: str, day: date = TODAY) -> set[str]:
        whose = self.store.attended([(day, slot)])
        return {whose[note.person] for note in self.sheet(day).notes if note.slot == slot}


def at(clock: str, day: date = TODAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), UTC)


def disk(folder: Path) -> dict[str, tuple[object, ...]]:
    """All that a copy of the disk would show: content, times, inodes."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(folder.rglob("*")):
        state = path.stat()
        content = path.read_bytes() if path.is_file() else sorted(one.name for one in path.iterdir())
        found[str(path)] = (content, state.st_ino, state.st_mtime_ns, state.st_ctime_ns, state.st_size)
    return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.store.close()


# --- what is written ---


def test_who_comes_in_a_slot_is_on_disk_when_it_is_over_and_not_before(site: Site) -> None:
    assert site.turn("07:59") == []
    assert site.come(site.people[0]) == ["no-slot"]
    site.turn("08:00")
    assert site.sheet().slots == {"first": "open"}
    before = disk(site.folder)
    assert site.come(*site.people[:6], site.people[0]) == ["present"] * 7
    site.turn("08:19:59")
    assert disk(site.folder) == before, "nothing changes when somebody comes: not the store, not the ledger, no file"
    assert site.turn("08:20") == [f"attendance: 6 noted for first of {TODAY}."]
    assert site.noted("first") == set(site.people[:6])
    assert site.sheet().slots == {"first": "whole"}
    assert (site.roll.noted, site.roll.waiting) == (6, 0)


def test_a_sheet_says_who_and_which_slot_and_no_time_lane_or_order(site: Site) -> None:
    site.turn("08:00")
    site.come(*site.people[:6])
    site.turn("08:20")
    path = site.sheets._path(TODAY)
    written = json.loads(path.read_text())
    assert set(written) == {"schema", "site", "store", "origin", "day", "slots", "notes"}
    assert {tuple(note) for note in written["notes"]} == {("slot", "person")}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == [f"attendance-lab-door-{TODAY}.json"]


def test_no_two_notes_have_a_pseudonym_in_common_nor_with_door_or_ledger(site: Site) -> None:
    for day in (TODAY, TODAY + timedelta(days=1)):
        for begins, ends in (("08:00", "08:20"), ("10:00", "10:20")):
            site.turn(begins, day)
            site.come(*site.people)
            site.turn(ends, day)
    written = [note.person for day in site.sheets.days() for note in site.sheet(day).notes]
    assert len(written) == len(set(written)) == 4 * len(site.people)
    elsewhere = {*site.people, *(site.store.pseudonym(person) for person in site.people)}
    assert not elsewhere & set(written)


def test_fewer_than_the_least_are_noted_for_the_day_with_its_others(site: Site) -> None:
    site.turn("08:00")
    site.come(*site.people[:3])
    assert "they wait for the day's end" in site.turn("08:20")[0]
    assert not site.sheet().notes
    assert site.sheet().slots == {"first": "open"}, "a crash now would lose them, and that would be said"
    site.turn("10:00")
    site.come(*site.people[2:4])
    site.turn("10:20")
    assert site.noted(DAY) == set(site.people[:4])
    assert {note.slot for note in site.sheet().notes} == {DAY}
    assert site.sheet().slots == {"first": "whole", "second": "whole"}


def test_who_is_noted_twice_in_a_slot_is_there_once(site: Site) -> None:
    site.turn("08:00")
    site.come(*site.people[:6])
    site.turn("08:20")
    site.turn("08:19:40")  # the clock is put right
    site.come(site.people[0])
    site.turn("08:20")
    assert len(site.sheet().notes) == 6


# --- who is not noted ---


def test_who_is_enrolled_for_the_door_alone_is_not_noted(site: Site) -> None:
    other = site.enrol("volunteer-99", ("door",))
    site.turn("08:00")
    assert site.come(other, *site.people[:5]) == ["no-permit", *["present"] * 5]
    site.turn("08:20")
    assert site.noted("first") == set(site.people[:5])
    assert len(site.sheet().notes) == 5


def test_who_withdraws_in_mid_slot_leaves_memory_at_once_and_is_not_noted(site: Site) -> None:
    site.turn("08:00")
    site.come(*site.people[:7])
    withdraw(site.store, "volunteer-00", "subject", "adult")
    site.reopen()
    site.turn("08:10")
    assert site.roll.waiting == 6
    site.turn("08:20")
    assert site.noted("first") == set(site.people[1:7])
    assert len(site.sheet().notes) == 6


def test_an_order_or_a_suspension_stops_it(site: Site) -> None:
    site.turn("08:00")
    site.come(*site.people[:7])
    site.store.note(Ordered(order="0" * 16, what="suspend", event="received"))
    assert site.come(site.people[8]) == ["no-permit"]
    assert site.turn("08:20") == ["attendance: 7 who waited may not be noted any more."]
    assert not site.sheet().notes


def test_a_record_that_allows_attendance_no_longer_stops_it(site: Site) -> None:
    from house import SITE

    site.turn("08:00")
    site.come(*site.people[:7])
    site.store.adopt(SITE)
    site.turn("08:20")
    assert not site.sheet().notes


def test_who_leaves_the_store_leaves_every_sheet_and_who_takes_attendance_alone_back_does_too(site: Site) -> None:
    site.turn("08:00")
    site.come(*site.people[:7])
    site.turn("08:20")
    site.store.erase(site.people[0], "request")
    file = site.store.file(site.people[1])
    site.store.change(site.people[1], file.model_copy(update={"purposes": ("door",)}))
    site.reopen()
    site.turn("08:30")
    assert len(site.sheet().notes) == 5
    assert site.noted("first") == set(site.people[2:7])


def test_somebody_whose_row_is_damaged_is_not_taken_for_gone(site: Site) -> None:
    site.turn("08:00")
    site.come(*site.people[:7])
    site.turn("08:20")
    with site.store.database.writing() as connection:
        connection.execute("UPDATE subject SET file = zeroblob(200) WHERE pseudonym = ?", (site.people[0],))
    site.reopen()
    site.turn("08:30")
    assert len(site.sheet().notes) == 7


def test_sheets_are_deleted_when_their_time_is_over(site: Site) -> None:
    site.turn("08:00")
    site.turn("08:20")
    assert site.sheets.days() == [TODAY]
    site.turn("07:00", TODAY + timedelta(days=29))
    assert site.sheets.days() == [TODAY]
    site.turn("07:00", TODAY + timedelta(days=30))
    assert site.sheets.days() == []


def test_sheets_of_another_store_or_of_a_recording_are_not_touched(site: Site, tmp_path: Path) -> None:
    site.turn("08:00")
    content = site.sheets._path(TODAY).read_bytes()
    with opened(tmp_path / "other", site.hands) as other, pytest.raises(AttendanceError, match="another"):
        Roll(site.sheets, SLOTS, 5, site.hands).turn(StoreAttendants(other))
    replayed = Sheets(site.folder / "sheets", "lab-door", "recording", 30)
    with pytest.raises(AttendanceError, match="recording"):
        Roll(replayed, SLOTS, 5, site.hands).turn(site.attendants)
    assert site.sheets._path(TODAY).read_bytes() == content


# --- crashes, stops, disks, clocks ---


def test_a_device_killed_in_mid_slot_says_so_when_it_starts_again(site: Site) -> None:
    site.turn("08:00")
    site.come(*site.people[:6])
    site.begin()  # what was in memory is gone
    said = site.turn("08:10")
    assert said == [
        f"attendance: the device stopped in first of {TODAY}, so somebody who came may be missing. Note them by hand: "
        "threshold attendance note."
    ]
    site.come(*site.people[6:12])
    site.turn("08:20")
    assert site.noted("first") == set(site.people[6:12])
    assert site.sheet().slots == {"first": "part"}
    site.begin()
    assert site.turn("08:21") == [], "said once"


def test_killed_while_few_wait_for_the_days_end_it_says_so_too(site: Site) -> None:
    site.turn("08:00")
    site.come(*site.people[:2])
    site.turn("08:20")
    site.begin()
    assert "stopped in first" in site.turn("07:00", TODAY + timedelta(days=1))[0]
    assert site.sheet().slots == {"first": "part"}


def test_a_device_that_starts_in_mid_slot_was_there_in_part(site: Site) -> None:
    site.turn("08:05")
    site.come(*site.people)
    site.turn("08:20")
    assert site.sheet().slots == {"first": "part"}


def test_a_device_that_looks_away_in_mid_slot_was_there_in_part(site: Site) -> None:
    """The store was lent to an enrolment, or the clock was wrong."""
    site.turn("08:00")
    site.come(*site.people)
    site.hands.at = at("08:00:06")
    site.turn("08:20")
    assert site.sheet().slots == {"first": "part"}


def test_what_a_crash_left_half_written_is_deleted(site: Site) -> None:
    site.turn("07:00")
    part = site.sheets._path(TODAY).with_name("attendance-lab-door-2026-09-01.json.part")
    part.write_text("{")
    site.begin()
    site.turn("07:01")
    assert not part.exists()


def test_a_device_told_to_stop_writes_down_who_waits(site: Site) -> None:
    site.turn("08:00")
    site.come(*site.people[:6])
    site.hands.at = at("08:05")
    assert site.roll.end(site.attendants) == [f"attendance: 6 noted for first of {TODAY}."]
    assert site.sheet().slots == {"first": "part"}
    site.begin()
    site.turn("08:06")
    site.come(*site.people[6:8], site.people[0])
    site.roll.end(site.attendants)
    assert site.noted("first") == set(site.people[:6])
    assert site.noted(DAY) == set(site.people[6:8]), "a later handful doesn't say its slot"
    assert len(site.sheet().notes) == 8


def test_what_cannot_be_written_waits(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.turn("08:00")
    site.come(*site.people[:6])
    content = site.sheets._path(TODAY).read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        for _ in range(3):
            with pytest.raises(AttendanceError, match="Is the disk full"):
                site.turn("08:20")
    assert site.sheets._path(TODAY).read_bytes() == content
    assert site.roll.waiting == 6
    site.turn("08:25")
    assert site.noted("first") == set(site.people[:6])


def test_a_store_lost_at_a_slots_end_loses_nobody(site: Site) -> None:
    site.turn("08:00")
    site.come(*site.people[:6])
    site.store.close()
    with pytest.raises(PolicyError):
        site.turn("08:20")
    site.reopen()
    site.turn("08:21")
    assert site.noted("first") == set(site.people[:6])


def test_a_clock_that_is_behind_at_a_slots_end_is_no_refusal(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.turn("08:00")
    site.come(*site.people[:6])

    def behind(*_: object, **__: object) -> None:
        raise ClockBehind("set the clock.")

    with monkeypatch.context() as patch:
        patch.setattr(site.store, "permit", behind)
        with pytest.raises(ClockBehind):
            site.turn("08:20")
    site.turn("08:20:02")
    assert site.noted("first") == set(site.people[:6])


def test_a_clock_put_forward_over_a_slots_edge_closes_it_and_put_back_opens_it_again(site: Site) -> None:
    site.turn("08:00")
    site.come(*site.people[:6])
    site.turn("08:20:10")
    site.turn("08:19:30")
    site.come(*site.people[6:12])
    site.turn("08:20")
    assert site.noted("first") == set(site.people)
    assert site.sheet().slots == {"first": "part"}, "it began twice"


def test_a_slot_left_over_from_yesterday_is_written_for_yesterday(site: Site) -> None:
    site.turn("08:00")
    site.come(*site.people[:6])
    site.turn("00:00", TODAY + timedelta(days=1))
    assert site.noted("first") == set(site.people[:6])
    assert TODAY + timedelta(days=1) not in site.sheets.days()


# --- who has everything that is on disk, and wants to know who came when ---


def guesses(site: Site, repetitions: int, chance: random.Random) -> dict[str, int]:
    """How often each way of guessing whose note it is was right. The attacker has the door's rows, which are in order
    of time, the sheets, and the ledger, where enrolments are in order; the truth comes from the store's keys."""
    right = dict.fromkeys(("in order", "backwards", "sorted", "as enrolled"), 0)
    door = {person: site.store.pseudonym(person) for person in site.people}
    for number in range(repetitions):
        day = TODAY + timedelta(days=number)
        came = chance.sample(site.people, len(site.people))
        site.turn("08:00", day)
        site.come(*came)
        site.turn("08:20", day)
        whose = site.store.attended([(day, "first")])
        notes = [whose[note.person] for note in site.sheet(day).notes]
        tokens = sorted(note.person for note in site.sheet(day).notes)
        pairs = {
            "in order": zip(notes, came, strict=True),
            "backwards": zip(notes, came[::-1], strict=True),
            "sorted": zip((whose[one] for one in tokens), sorted(came, key=door.__getitem__), strict=True),
            "as enrolled": zip(notes, site.people, strict=True),
        }
        for way, guess in pairs.items():
            right[way] += sum(note == person for note, person in guess)
    return right


REPETITIONS = 80


def test_the_door_and_attendance_are_joined_by_time_no_better_than_by_chance(site: Site) -> None:
    """One right guess a slot is what chance gives of any number of people, with variance one: over the repetitions five
    standard deviations more are not. Each day's pseudonyms and order are new."""
    right = guesses(site, REPETITIONS, random.Random(7))  # noqa: S311  the order in which people come, not the roll's
    for way, count in right.items():
        assert count <= REPETITIONS + 5 * sqrt(REPETITIONS), (way, count)


def test_without_mixing_that_test_fails(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attendance, "mixed", list)
    right = guesses(site, 10, random.Random(7))  # noqa: S311
    assert right["in order"] == 10 * len(site.people)


def test_the_order_is_drawn_anew_at_each_writing(site: Site) -> None:
    site.turn("08:00")
    site.come(*site.people)
    site.turn("08:20")
    orders = {tuple(note.person for note in site.sheet().notes)}
    for _ in range(5):
        site.sheets.keep(site.sheet())
        orders.add(tuple(note.person for note in site.sheet().notes))
    assert len(orders) == 6
