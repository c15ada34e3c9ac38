"""The loop with stand-ins for everything round it: what opens the door, what is written, and what keeps it closed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from edge.core.capture import Patience
from edge.core.frame import Frame, of_bgr
from edge.core.loop import Decided, Request, Settings
from edge.core.source import SourceError
from edge.core.watch import Stopwatch
from edge.device import loop
from edge.device.journal import Journal, JournalError
from edge.device.loop import Device, Parts
from edge.device.tally import Told
from edge.door import DoorError, FakeDoor
from edge.face import Box
from edge.lane import Decision
from edge.reader import ReaderError, Replayed, TagRead, TimedReader
from edge.transaction import Stamp, Transaction
from policy.database import Busy, DatabaseError

KNOWN, UNKNOWN = TagRead(b"\x04\x00\x00\x01"), TagRead(b"\x04\x00\x00\x02")


class TagStandIn:
    """Opens for KNOWN, belonging to subject-1."""

    name = "tag-uid"
    windows = 0

    def __init__(self) -> None:
        self.fails: Exception | None = None

    def present(self, read: TagRead, now_ns: int) -> Decision | None:
        if self.fails is not None:
            raise self.fails
        if read != KNOWN:
            return Decision(opened=False, reason="tag-unknown")
        return Decision(opened=True, reason="tag-known", subject="subject-1", claimed="subject-1")

    def ask(self, request: Request) -> None: ...

    def decided(self, decided: Decided, now_ns: int) -> None: ...

    def tick(self, now_ns: int) -> list[Decision]:
        return []


class WindowStandIn(TagStandIn):
    """A tag opens a window that ends after a tenth of a second."""

    name = "face-tag"

    def __init__(self) -> None:
        super().__init__()
        self.ends_ns = 0

    def present(self, read: TagRead, now_ns: int) -> None:
        self.windows += 1
        self.ends_ns = now_ns + 100_000_000

    def tick(self, now_ns: int) -> list[Decision]:
        if not self.ends_ns or now_ns < self.ends_ns:
            return []
        self.ends_ns = 0
        return [Decision(opened=False, reason="no-face", claimed="subject-1")]


class SightStandIn(TagStandIn):
    """Decides on every track the core decides on."""

    name = "face-1n"

    def present(self, read: TagRead, now_ns: int) -> None: ...

    def decided(self, decided: Decided, now_ns: int) -> Decision | None:
        return Decision(opened=True, reason="matched", subject="subject-1")


@dataclass
class KeeperStandIn:
    lanes: tuple = ()
    day: date = date(2026, 9, 1)
    wants: bool = False
    closed: int = 0

    def pseudonym(self, subject: str) -> str:
        return f"door-{subject}"

    def today(self) -> date:
        return self.day

    def wanted(self) -> bool:
        return self.wants

    def close(self) -> None:
        self.closed += 1


@dataclass
class Site:
    """Everything round a device, to change while it runs."""

    folder: Path
    reads: list[Replayed] = field(default_factory=list)
    lanes: tuple = field(default_factory=lambda: (TagStandIn(),))
    keepers: list[KeeperStandIn] = field(default_factory=list)
    journals: list[Journal] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    door: FakeDoor = field(default_factory=FakeDoor)
    lent: bool = False
    refuses: Exception | None = None
    day: date = date(2026, 9, 1)

    def keeper(self) -> KeeperStandIn:
        if self.refuses is not None:
            raise self.refuses
        self.keepers.append(KeeperStandIn(self.lanes, self.day))
        return self.keepers[-1]

    def journal(self) -> Journal:
        at = datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=UTC)
        self.journals.append(Journal(self.folder, "north-door", 30, lambda: at))
        return self.journals[-1]

    def parts(self, **changes: object) -> Parts:
        parts = Parts(
            open_keeper=self.keeper,
            open_journal=self.journal,
            door=self.door,
            open_s=0.2,
            lent=lambda: self.lent,
            open_reader=lambda: TimedReader(self.reads),
        )
        return replace(parts, **changes)

    @property
    def rows(self) -> list[Transaction]:
        found = []
        for path in sorted(self.folder.glob("*.jsonl"), key=lambda path: path.name):
            found += [Transaction.model_validate_json(line) for line in path.read_text().splitlines()]
        return found


class Running:
    """A device in a thread of its own, as a test looks on."""

    def __init__(self, site: Site, watch: Stopwatch | None = None, **changes: object) -> None:
        self.stop = threading.Event()
        self.device = Device(site.parts(**changes), watch, site.told.append, site.said.append)
        self.ended: list[object] = []
        self.thread = threading.Thread(target=self._run, name="device")

    def _run(self) -> None:
        try:
            self.ended.append(self.device.run(self.stop, 20))
        except BaseException as error:  # noqa: BLE001  told in `ended`
            self.ended.append(error)

    def __enter__(self) -> Device:
        self.thread.start()
        return self.device

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(5)
        assert not self.thread.is_alive()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "rows")


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """No test leaves a thread of the device behind."""
    before = set(threading.enumerate())
    yield
    until = time.monotonic() + 2
    while left := [thread.name for thread in threading.enumerate() if thread not in before]:
        assert time.monotonic() < until, left
        time.sleep(0.01)


def wait_for(what: Callable[[], object], seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it didn't happen in time"
        time.sleep(0.005)


def held(*reads: TagRead, every_s: float = 0.05) -> list[Replayed]:
    return [Replayed(every_s * (number + 1), read) for number, read in enumerate(reads)]


def test_a_known_tag_has_a_row_and_then_the_door(site: Site) -> None:
    site.reads = held(KNOWN)
    seen: list[int] = []
    real = site.door.open
    site.door.open = lambda seconds: (seen.append(len(site.rows)), real(seconds))[1]  # type: ignore[method-assign]
    with Running(site) as device:
        wait_for(lambda: site.told)
        wait_for(lambda: not site.door.released)
    assert seen == [1], "the row is on disk before the door opens"
    (row,) = site.rows
    assert (row.lane, row.outcome, row.reason, row.origin) == ("tag-uid", "opened", "tag-known", "pilot")
    assert (row.claimed, row.decided_subject, row.true_subject) == ("door-subject-1", "door-subject-1", None)
    assert row.entered.none == "no-camera"
    assert row.crossed.none == "not-observed"
    assert row.presented.t_ns is not None
    assert row.decided.t_ns is not None
    assert 0 <= row.decided.t_ns - row.presented.t_ns < 1e9
    assert site.door.opened == 1
    assert site.told[0].opened
    assert device.tally.decisions == {("tag-uid", True, "tag-known"): 1}


def test_an_unknown_tag_leaves_a_count_and_no_row(site: Site) -> None:
    site.reads = held(UNKNOWN, UNKNOWN)
    with Running(site) as device:
        wait_for(lambda: len(site.told) == 2)
    assert not site.rows
    assert not list(site.folder.iterdir())
    assert site.door.opened == 0
    assert device.tally.anonymous == {"tag-uid": 2}
    assert {told.person for told in site.told} == {None}


def test_a_window_that_ran_out_is_one_row_from_the_tag_on(site: Site) -> None:
    site.lanes = (WindowStandIn(),)
    site.reads = held(KNOWN)
    with Running(site):
        wait_for(lambda: site.told)
    (row,) = site.rows
    assert (row.outcome, row.reason, row.claimed, row.decided_subject) == ("denied", "no-face", "door-subject-1", None)
    assert row.decided.t_ns - row.presented.t_ns >= 100_000_000  # type: ignore[operator]
    assert row.crossed.none == "no-face"


def test_a_row_that_cannot_be_kept_keeps_the_door_closed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.reads = held(KNOWN, KNOWN)

    def full(self: Journal, row: Transaction) -> None:
        raise JournalError("rows: expected a row to be kept, found: No space left on device.")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", full)
        with Running(site) as device:
            wait_for(lambda: len(site.told) == 2)
            assert [(told.opened, told.reason) for told in site.told] == [(False, "device-journal")] * 2
            assert device.health.stopped is not None
    assert site.door.opened == 0
    assert sum("journal failed" in words for words in site.said) == 1, "told once"


def test_a_door_that_fails_is_told_and_nobody_is_let_in_after(site: Site) -> None:
    site.reads = held(KNOWN, KNOWN)

    def stuck(seconds: float) -> None:
        raise DoorError("relay on GPIO 17: no answer.")

    site.door.open = stuck  # type: ignore[method-assign]
    with Running(site) as device:
        wait_for(lambda: len(site.told) == 2)
        assert [told.reason for told in site.told] == ["device-door", "device-door"]
    assert device.health.document()["status"] == "closed"
    assert [row.reason for row in site.rows] == ["tag-known", "device-door"]
    assert [row.outcome for row in site.rows] == ["opened", "denied"], "the first row said what was decided"


def test_too_little_room_on_the_disk_keeps_the_door_closed(site: Site) -> None:
    site.reads = held(KNOWN, every_s=0.3)
    with Running(site, least_free_bytes=1 << 60):
        wait_for(lambda: site.told)
    assert site.told[0].reason == "device-disk"
    assert [row.reason for row in site.rows] == ["device-disk"]
    assert any("Make room" in words for words in site.said)


def test_a_clock_that_stepped_keeps_the_door_closed_until_it_is_back(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.reads = held(KNOWN, KNOWN, every_s=0.6)
    step = [0]
    monkeypatch.setattr(loop, "time", type("Clock", (), {
        "time_ns": staticmethod(lambda: time.time_ns() + step[0]),
        "monotonic_ns": time.monotonic_ns, "monotonic": time.monotonic}))  # fmt: skip
    with Running(site) as device:
        wait_for(lambda: site.keepers)
        step[0] = -3600 * 10**9
        wait_for(lambda: site.told)
        assert site.told[0].reason == "device-clock"
        assert "-3600 s" in device.health.conditions[0].words
        step[0] = 0
        wait_for(lambda: len(site.told) == 2)
        assert site.told[1].opened


def test_the_store_is_lent_to_who_waits_and_nothing_opens_meanwhile(site: Site) -> None:
    site.reads = held(KNOWN, every_s=0.8)
    with Running(site) as device:
        wait_for(lambda: site.keepers)
        site.lent = site.keepers[0].wants = True
        wait_for(lambda: site.keepers[0].closed)
        wait_for(lambda: device.tally.tags == 1)
        assert device.tally.decisions == {("any", False, "device-store-lent"): 1}
        assert device.health.document()["status"] == "closed"
        site.lent = False
        wait_for(lambda: len(site.keepers) == 2)
        wait_for(lambda: device.health.document()["status"] == "ok")
        assert device.tally.lent == 1
    assert site.door.opened == 0
    assert site.keepers[1].closed == 1


def test_a_store_that_fails_is_let_go_and_opened_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "RETRY_NS", 100_000_000)
    lane = TagStandIn()
    site.lanes = (lane,)
    site.reads = held(KNOWN, KNOWN, every_s=0.7)
    lane.fails = DatabaseError("threshold.db: it is damaged.")
    with Running(site) as device:
        wait_for(lambda: device.health.stopped)
        assert site.keepers[0].closed == 1
        lane.fails = None
        wait_for(lambda: site.told)
        assert site.told[0].opened
        assert len(site.keepers) == 2
    assert any("it is damaged" in words for words in site.said)


def test_while_the_store_does_not_open_it_is_tried_again_now_and_then(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "RETRY_NS", 50_000_000)
    with Running(site) as device:
        wait_for(lambda: site.keepers)
        site.refuses = Busy("threshold.db: another process has it.")
        site.keepers[0].wants = True
        wait_for(lambda: any("another process has it" in words for words in site.said))
        site.refuses = None
        wait_for(lambda: len(site.keepers) == 2)
        wait_for(lambda: not device.health.conditions)


def test_a_store_that_does_not_open_at_first_ends_the_run_with_its_words(site: Site) -> None:
    site.refuses = DatabaseError("threshold.db: it is damaged.")
    opened = []
    device = Device(site.parts(open_reader=lambda: opened.append(1)))
    with pytest.raises(DatabaseError, match="damaged"):
        device.run(threading.Event(), 1)
    assert not opened, "neither reader nor camera was opened"
    with pytest.raises(DoorError, match="closed"):
        site.door.open(1)


def test_a_new_day_has_a_journal_of_its_own_and_the_store_tidies_up(site: Site) -> None:
    site.reads = held(KNOWN, KNOWN, every_s=0.6)
    with Running(site):
        wait_for(lambda: site.told)
        site.day = site.keepers[0].day = date(2026, 9, 2)
        wait_for(lambda: len(site.told) == 2)
    first, second = site.rows
    assert "2026-09-01" in first.session
    assert "2026-09-02" in second.session
    assert second.presented.t_ns < first.presented.t_ns  # type: ignore[operator]  # a session's time begins anew
    assert [keeper.closed for keeper in site.keepers] == [1, 1]


def test_stamps_count_from_the_moment_that_the_session_is_called_by(site: Site) -> None:
    site.reads = held(KNOWN, every_s=0.6)
    before = datetime.now(UTC)
    with Running(site):
        wait_for(lambda: site.told)
        heard = datetime.now(UTC)
    (row,) = site.rows
    begun = datetime.fromisoformat(row.session.partition("/")[0])
    assert begun.astimezone(UTC).date() == site.day  # the journal's clock, which a test sets
    assert row.decided.t_ns is not None
    assert 0 < row.decided.t_ns <= (heard - before).total_seconds() * 1e9


def test_what_was_before_the_session_has_no_time_in_it(site: Site) -> None:
    device = Device(site.parts())
    device._journal = site.journal()
    assert device._stamp(device._journal.begun_ns + 5) == Stamp.at(5)
    assert device._stamp(device._journal.begun_ns - 1) == Stamp.absent("before-the-session")


def test_a_tag_that_waited_in_a_stuck_device_opens_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "STALE_NS", -1)
    site.reads = held(KNOWN)
    with Running(site) as device:
        wait_for(lambda: device.tally.stale == 1)
    assert not site.told


def test_a_reader_that_is_gone_is_said_and_does_not_stop_the_loop(site: Site) -> None:
    def gone() -> TimedReader:
        raise ReaderError("PC/SC: expected a reader named like '', found: none. Is it plugged in?")

    with Running(site, open_reader=gone) as device:
        wait_for(lambda: device.health.conditions)
        assert device.health.document()["status"] == "impaired"
    assert any("reader gone: PC/SC" in words for words in site.said)


@dataclass
class Pictures:
    """So many grey frames, 20 a second; then its end, an error, or silence."""

    count: int = 3
    then: str = "end"
    release: threading.Event = field(default_factory=threading.Event)
    given: int = 0

    def read(self) -> Frame | None:
        if self.given >= self.count:
            if self.then == "hang":
                self.release.wait(30)
                return None
            if self.then == "lost":
                raise SourceError("camera: gives no more frames.")
            return None
        time.sleep(0.05)
        self.given += 1
        now = time.monotonic_ns()
        return Frame(self.given, now, now, of_bgr(np.full((64, 64, 3), 90, np.uint8)))

    def close(self) -> None: ...


class Nobody:
    def detect(self, picture: object) -> list[object]:
        return []


CORE = Settings(threshold=0.5)


def test_a_source_that_ends_ends_the_run(site: Site) -> None:
    watch = Stopwatch()
    running = Running(site, watch, open_source=Pictures, detector=Nobody(), core=CORE)
    with running as device:
        running.thread.join(5)
    assert running.ended == ["ended"]
    assert device.tally.frames == 3
    assert device.counts is not None
    assert device.counts.taken == 3
    assert watch.account().frames == 3


def test_a_lost_camera_is_said_and_tags_still_open(site: Site) -> None:
    site.reads = held(KNOWN, every_s=0.5)
    with Running(site, open_source=lambda: Pictures(1, "lost"), detector=Nobody(), core=CORE) as device:
        wait_for(lambda: site.told)
        assert site.told[0].opened
        assert device.health.document()["status"] == "impaired"
    assert site.rows[0].entered.none == "nobody-in-view"
    assert any("camera lost: camera: gives no more frames." in words for words in site.said)


def test_a_frozen_camera_is_noticed_and_left_behind_at_the_end(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "PATIENCE", Patience(stale_s=0.2, give_up_s=0.2))
    hanging = Pictures(2, "hang")
    running = Running(site, open_source=lambda: hanging, detector=Nobody(), core=CORE)
    with running as device:
        wait_for(lambda: device.camera == "frozen")
        wait_for(lambda: device.health.conditions)
        begun = time.monotonic()
        running.stop.set()
        running.thread.join(5)
        assert time.monotonic() - begun < 2
    assert device.stuck
    assert running.ended == ["stopped"]
    hanging.release.set()


class Fixed:
    """A core that decides on the first frame."""

    def __init__(self, *_: object) -> None:
        self.tracks: tuple = ()
        self.renewed = 0

    def renew(self) -> None:
        self.renewed += 1

    def step(self, frame: Frame) -> list[Decided]:
        if frame.number != 1:
            return []
        box = Box(0, 0, 10, 10)
        return [Decided(1, "matched", "subject-1", 0.9, 1, box, frame.time_ns, frame.time_ns, frame.time_ns - 10**9, 5)]

    def finish(self, frame: Frame) -> list[Decided]:
        return []


def test_a_face_alone_is_presented_when_it_comes_into_view(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "Core", Fixed)
    site.lanes = (SightStandIn(),)

    def late() -> Pictures:
        time.sleep(1.2)  # the device works for longer than the face has been seen
        return Pictures()

    running = Running(site, open_source=late, detector=Nobody(), core=CORE)
    with running:
        running.thread.join(8)
    (row,) = site.rows
    assert row.entered == row.presented
    assert 1e9 <= row.decided.t_ns - row.entered.t_ns < 2e9  # type: ignore[operator]
    assert site.door.opened == 1


def test_a_window_makes_the_core_begin_anew(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "Core", Fixed)
    site.lanes = (WindowStandIn(),)
    site.reads = held(KNOWN)
    with Running(site, open_source=lambda: Pictures(100), detector=Nobody(), core=CORE) as device:
        wait_for(lambda: site.told)
        assert isinstance(device._core, Fixed)
        assert device._core.renewed == 1


def test_a_fault_in_the_core_ends_the_run_with_the_door_closed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Fixed):
        def step(self, frame: Frame) -> list[Decided]:
            site.door.open(5)
            raise ZeroDivisionError("a fault")

    monkeypatch.setattr(loop, "Core", Broken)
    device = Device(site.parts(open_source=Pictures, detector=Nobody(), core=CORE))
    with pytest.raises(ZeroDivisionError):
        device.run(threading.Event(), 5)
    assert not site.door.released
    assert site.keepers[0].closed == 1


def test_it_stops_at_once_when_it_is_told_to(site: Site) -> None:
    running = Running(site)
    with running:
        wait_for(lambda: site.keepers)
        begun = time.monotonic()
        running.stop.set()
        running.thread.join(5)
        assert time.monotonic() - begun < 1
    assert running.ended == ["stopped"]


def test_told_to_stop_it_lets_nobody_in_and_leaves_the_tags_that_wait(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.reads = held(*[KNOWN] * 7, every_s=0.01)
    device = Device(site.parts(), tell=site.told.append)
    stop, keep = threading.Event(), Journal.append

    def slow(journal: Journal, row: Transaction) -> None:  # the disk keeps the loop while it is told to stop
        wait_for(lambda: device._reader is not None and device._reader.reads == 7)
        keep(journal, row)
        stop.set()

    monkeypatch.setattr(Journal, "append", slow)
    assert device.run(stop, 20) == "stopped"
    assert len(site.rows) == len(site.told) == device.tally.tags == 1


def test_told_to_stop_while_somebody_is_recognised_the_door_stays_closed(site: Site) -> None:
    stop = threading.Event()

    class Late(TagStandIn):
        def present(self, read: TagRead, now_ns: int) -> Decision | None:
            stop.set()
            return super().present(read, now_ns)

    site.lanes, site.reads = (Late(),), held(KNOWN)
    assert Device(site.parts(), tell=site.told.append).run(stop, 20) == "stopped"
    assert [(told.opened, told.reason) for told in site.told] == [(False, "device-stopping")]
    assert [(row.outcome, row.reason) for row in site.rows] == [("denied", "device-stopping")]
    assert site.door.opened == 0


def test_tags_that_keep_coming_do_not_keep_the_loop_from_looking_round(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk slower than the tags: the queue is never empty when one of them is done."""
    site.reads = held(*[KNOWN] * 400, every_s=0.01)
    keep = Journal.append

    def slow(journal: Journal, row: Transaction) -> None:
        time.sleep(0.02)
        keep(journal, row)

    monkeypatch.setattr(Journal, "append", slow)
    with Running(site):
        wait_for(lambda: site.told)
        site.keepers[0].wants = True
        wait_for(lambda: site.keepers[0].closed, 2)
    assert len(site.told) < 100


def test_it_stops_by_itself_when_its_time_is_over(site: Site) -> None:
    assert Device(site.parts()).run(threading.Event(), 0.3) == "time"


def test_a_journal_that_cannot_begin_the_day_is_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "RETRY_NS", 100_000_000)
    site.reads = held(KNOWN, KNOWN, every_s=0.8)
    real, fails = site.journal, [False]

    def open_journal() -> Journal:
        if fails[0]:
            raise JournalError("rows: expected a folder to keep rows in, found: Read-only file system.")
        return real()

    with Running(site, open_journal=open_journal) as device:
        wait_for(lambda: site.keepers)
        fails[0] = True
        site.day = site.keepers[0].day = date(2026, 9, 2)
        wait_for(lambda: device.tally.tags == 1)
        assert device.tally.decisions == {("any", False, "device-journal"): 1}
        fails[0] = False
        wait_for(lambda: site.told)
        assert site.told[0].opened
    assert all(keeper.closed for keeper in site.keepers)
    (row,) = site.rows
    assert "2026-09-02" in row.session


def test_a_door_that_cannot_be_closed_is_said_at_once(site: Site) -> None:
    class Open(FakeDoor):
        fault = "relay stuck"

    site.reads = held(KNOWN, every_s=0.5)
    with Running(site, door=Open()) as device:
        wait_for(lambda: site.told)
    assert site.told[0].reason == "device-door"
    assert device.health.document()["status"] == "closed"
    assert any("Close it by hand" in words for words in site.said)
