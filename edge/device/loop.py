"""The device's loop: frames and tags in, decisions, a row on disk, and then the door.

    camera thread ─► latest frame ─► core ─► lane ─► decision ─► row on disk ─► door
    reader thread ─► short queue ──────────► lane ─┘

All that changes is in `Device`, and one thread changes it. Every wait has an end, every queue a length. The door is
opened by `_carry_out` alone, after the row is on disk and while nothing is wrong that keeps it closed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeVar

from edge.attendance import AttendanceError
from edge.core.capture import Capture, Counts, Patience, ReaderStuck
from edge.core.frame import Frame
from edge.core.loop import Core, Decided, Recogniser, Request, Watcher
from edge.core.loop import Settings as CoreSettings
from edge.core.refine import Finder
from edge.core.source import Source
from edge.core.watch import Off
from edge.device.health import Health, Part
from edge.device.journal import Journal, JournalError
from edge.device.keeper import Keeper
from edge.device.presented import WAITING, Presented, Watched
from edge.device.roll import Attendants, Roll
from edge.device.tally import Tally, Told
from edge.door import Door, DoorError
from edge.lane import Decision
from edge.live.lane import LiveLane
from edge.reader import TagReader
from edge.transaction import Origin, Stamp, Transaction
from policy.clock import ClockBehind
from policy.entry import Modality
from policy.errors import PolicyError

T = TypeVar("T")
Stamps = tuple[int | None, int, int]
"""First seen (None: not known), presented, decided; ns by time.monotonic_ns."""

TICK_S = 0.05
"""The loop looks round at least so often; a frame or a tag wakes it at once."""
PUT_S = 0.02
"""From the camera thread's word that a frame is there until it is."""
CARE_NS = 100_000_000
"""Health, and whether another process wants the store, are looked at so often."""
DISK_NS = 5_000_000_000
RETRY_NS, LONGEST_RETRY_NS = 1_000_000_000, 10_000_000_000
"""A store that failed is opened again after that long, then twice that, at most the second."""
STALE_NS = 2_000_000_000
"""A tag that waited longer in the queue was held up by a stuck device: its person may be gone."""
CLOCK_STEP_NS = 60_000_000_000
"""By more than that the machine's time of day may not move against its monotonic clock; policy.clock.BEHIND."""
PATIENCE = Patience(give_up_s=1.0)
"""A camera's thread that doesn't end in a second is left to the end of the process: the device stops within two."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a device is made of; what it doesn't have is None. Files, cameras and networks are opened by it, not before.

    `open_keeper` opens the people; `lent` says whether another process has them; `open_journal` begins the rows of the
    day. `core` and `detector` are there where a lane looks at faces; `liveness` where such a network is installed.
    """

    open_keeper: Callable[[], Keeper]
    open_journal: Callable[[], Journal]
    door: Door
    open_s: float
    lent: Callable[[], bool] = lambda: False
    open_source: Callable[[], Source] | None = None
    detector: Finder | None = None
    core: CoreSettings | None = None
    liveness: Watcher | None = None
    open_reader: Callable[[], TagReader] | None = None
    least_free_bytes: int = 0
    origin: Origin = "pilot"
    roll: Roll | None = None
    """Where whoever is recognised is noted as present."""
    opens: bool = True
    """Whether that opens a door, with a row; without, nothing with a time in it is written."""


class Device:
    """One entrance at work. `run` does it all, once; a Device is not run again."""

    def __init__(
        self,
        parts: Parts,
        watch: Off | None = None,
        tell: Callable[[Told], None] = lambda _: None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._parts, self._watch, self._tell, self._say = parts, watch or Off(), tell, say
        self.health, self.tally = Health(), Tally()
        self.stuck = False
        """Whether a thread was left behind inside a camera's or reader's library."""
        self.looping = False
        """Whether `run` has everything open, and looks at `stop` many times a second."""
        self._stop, self._bell, self._frame_due = threading.Event(), threading.Event(), False
        self._keeper: Keeper | None = None
        self._journal: Journal | None = None
        self._journal_day: date | None = None
        self._core: Core | None = None
        self._capture: Capture | None = None
        self._reader: Watched | None = None
        self._last: Frame | None = None
        self._opened: dict[str, int] = {}
        """When the tag was presented for which a lane's window is open."""
        self._number = 0
        self._care_ns = self._disk_ns = self._store_ns = self._roll_ns = 0
        self._retry_ns = RETRY_NS
        self._clocks_ns = time.time_ns() - time.monotonic_ns()

    @property
    def counts(self) -> Counts | None:
        """What became of the frames."""
        return None if self._capture is None else self._capture.counts

    @property
    def tags_dropped(self) -> int:
        """Tag reads that the queue had no room for."""
        return 0 if self._reader is None else self._reader.dropped

    @property
    def noted(self) -> int | None:
        """Notes of attendance on disk since it began; None where none are made."""
        return None if self._parts.roll is None else self._parts.roll.noted

    @property
    def camera(self) -> str:
        """The camera's state in a word."""
        return "none" if self._capture is None else self._capture.state

    @property
    def reader(self) -> str:
        """The reader's state in a word."""
        return "none" if self._reader is None else self._reader.state

    def run(self, stop: threading.Event, seconds: float = float("inf")) -> Literal["stopped", "ended", "time"]:
        """Work until `stop` is set, the source is at its end, or so many seconds have passed; and say which it was.

        The store is opened first, and only then reader and camera. Whatever happens, the door is closed at the end, and
        no thread is left but one that a library holds (`stuck`). Raises what opening the store raises the first time,
        NetworkError, and what the program itself broke of.
        """
        with ExitStack() as stack:
            stack.callback(self._close)
            stack.enter_context(self._parts.door)
            self._furnish()
            if self._parts.open_reader is not None:
                self._reader = Watched(self._parts.open_reader, self._bell.set)
                self._reader.__enter__()
            if self._parts.open_source is not None:
                opener = self._parts.open_source
                self._capture = Capture(lambda: _Belled(opener(), self._ring_frame), PATIENCE)
                self._capture.__enter__()
            until = time.monotonic() + seconds
            self._stop = stop
            self.looping = True
            while not stop.is_set():
                if time.monotonic() >= until:
                    return "time"
                if self._ended():
                    self._finish()
                    return "ended"
                self._turn()
            return "stopped"

    # --- one turn ---

    def _turn(self) -> None:
        self._bell.wait(TICK_S)
        self._bell.clear()
        self._look_after()
        now_ns = time.monotonic_ns()
        for lane in self._lanes():
            for decision in self._asked(lane.tick, now_ns) or ():
                self._carry_out(lane, decision, self._opened.pop(lane.name, now_ns))
        self._read_tags()
        if self._capture is not None:
            due, self._frame_due = self._frame_due, False
            frame = self._capture.take(PUT_S if due else 0.0)
            if frame is not None:
                self._see(frame)

    def _read_tags(self) -> None:
        for _ in range(WAITING):  # and no more: the rest of the turn has its turn, too
            if self._stop.is_set() or self._reader is None or (presented := self._reader.take()) is None:
                return
            self.tally.tags += 1
            if time.monotonic_ns() - presented.at_ns > STALE_NS:
                self.tally.stale += 1
                continue
            lanes = self._lanes()
            if not lanes:
                self._counted("any", False, f"device-{self._why_not() or 'no-lane'}")
            for lane in lanes:
                self._present(lane, presented)

    def _present(self, lane: LiveLane, presented: Presented) -> None:
        before = lane.windows
        decision = self._asked(lane.present, presented.read, presented.at_ns)
        if lane.windows != before:
            self._opened[lane.name] = presented.at_ns
            if self._core is not None:
                self._core.renew()
        if decision is not None:
            self._carry_out(lane, decision, presented.at_ns)

    def _see(self, frame: Frame) -> None:
        self._last = frame
        self.tally.frames += 1
        if self._core is None:
            return
        try:
            decided = self._core.step(frame)
        except PolicyError as error:
            self._lost(error)
            return
        self._judge(decided, frame)

    def _judge(self, decided: list[Decided], frame: Frame) -> None:
        for one in decided:
            for lane in self._lanes():
                decision = self._asked(lane.decided, one, time.monotonic_ns())
                if decision is not None:
                    # Who needs no tag presents the face by coming into view.
                    seen_ns = frame.arrived_ns - max(0, one.time_ns - one.first_ns)
                    self._carry_out(lane, decision, self._opened.pop(lane.name, seen_ns), seen_ns)

    def _ask(self, request: Request) -> Recogniser | None:
        """Of the lanes the one that looks at faces; there is at most one (edge.site)."""
        for lane in self._lanes():
            recogniser = lane.ask(request)
            if recogniser is not None:
                return recogniser
        return None

    # --- what a decision does ---

    def _carry_out(self, lane: LiveLane, decision: Decision, presented_ns: int, seen_ns: int | None = None) -> None:
        if not self._parts.opens:
            self._noted(lane, decision, presented_ns)
            return
        opened, reason = decision.opened, decision.reason
        if opened and (why := self._why_not()):
            opened, reason = False, f"device-{why}"
        person = self._person(decision)
        decided_ns = time.monotonic_ns()
        if person is not None:
            opened, reason = self._kept(lane, decision, person, (seen_ns, presented_ns, decided_ns), opened, reason)
        elif opened:  # nobody is let in of whom it can't be said who it was
            opened, reason = False, "device-store"
        if opened:
            try:
                self._parts.door.open(self._parts.open_s)
            except DoorError as error:
                self._wrong("door", "failed", str(error))
                opened, reason = False, "device-door"
        self._watch.note(f"{lane.name}-presented-to-door", time.monotonic_ns() - presented_ns)
        self._counted(lane.name, opened, reason)
        if person is None:
            self.tally.anonymous[lane.name] += 1
        self._tell(Told(lane.name, opened, reason, person, (time.monotonic_ns() - presented_ns) / 1e6))
        self._note(lane, decision)

    def _noted(self, lane: LiveLane, decision: Decision, presented_ns: int) -> None:
        """A try where no door is opened and no row written."""
        noted = self._note(lane, decision)
        if (decision.subject or decision.claimed) is None:
            self.tally.anonymous[lane.name] += 1
        self._counted(lane.name, False, noted or decision.reason)
        took_ms = (time.monotonic_ns() - presented_ns) / 1e6
        self._tell(Told(lane.name, False, noted or decision.reason, None, took_ms, noted == "present"))

    def _note(self, lane: LiveLane, decision: Decision) -> str | None:
        """Have a person who was recognised wait to be noted; whether that is so, in a word. None: nobody was."""
        if self._parts.roll is None or not decision.opened or decision.subject is None:
            return None
        attendants = self._attendants
        if attendants is None or "clock" in self._wrong_parts:
            return f"device-{self._why_not() or 'store'}"
        modality: Modality = "tag" if lane.name.startswith("tag") else "face"
        return self._asked(self._parts.roll.note, attendants, decision.subject, modality) or "device-store"

    def _person(self, decision: Decision) -> str | None:
        subject = decision.subject or decision.claimed
        if subject is None or self._keeper is None:
            return None
        return self._asked(self._keeper.pseudonym, subject)

    def _kept(
        self, lane: LiveLane, decision: Decision, person: str, stamps: Stamps, opened: bool, reason: str
    ) -> tuple[bool, str]:
        """Have the row on disk; whether the door may open now, and why."""
        seen_ns, presented_ns, decided_ns = stamps
        session = "none" if self._journal is None else self._journal.session
        row = Transaction(
            id=f"{session}-{self._number}",
            lane=lane.name,
            origin=self._parts.origin,
            session=session,
            entered=self._entered(seen_ns, presented_ns),
            presented=self._stamp(presented_ns),
            decided=self._stamp(decided_ns),
            crossed=Stamp.absent("not-observed" if opened else reason),
            attempts=decision.attempts,
            claimed=person if decision.claimed else None,
            decided_subject=person if decision.subject else None,
            outcome="opened" if opened else "denied",
            reason=reason,
        )
        begun = time.monotonic_ns()
        try:
            if self._journal is None:
                raise JournalError("expected a journal for the day, found none yet.")
            self._journal.append(row)
        except JournalError as error:
            self._wrong("journal", "failed", str(error))
            return False, "device-journal"
        self.health.right("journal")
        self._number += 1
        self.tally.rows += 1
        self._watch.note("journal", time.monotonic_ns() - begun)
        return opened, reason

    def _entered(self, seen_ns: int | None, presented_ns: int) -> Stamp:
        """When the person came into view: what is known where exactly one face is followed."""
        if self._core is None:
            return Stamp.absent("no-camera")
        if seen_ns is None:
            tracks = self._core.tracks
            if len(tracks) != 1 or self._last is None:
                return Stamp.absent("several-in-view" if tracks else "nobody-in-view")
            seen_ns = self._last.arrived_ns - max(0, self._last.time_ns - tracks[0].first_ns)
        if seen_ns > presented_ns:
            return Stamp.absent("seen-after-presenting")
        return self._stamp(seen_ns)

    def _stamp(self, at_ns: int) -> Stamp:
        """From the session's beginning on; what was before it, as when midnight lay between, has no place in it."""
        begun_ns = at_ns if self._journal is None else self._journal.begun_ns
        return Stamp.at(at_ns - begun_ns) if at_ns >= begun_ns else Stamp.absent("before-the-session")

    def _counted(self, lane: str, opened: bool, reason: str) -> None:
        self.tally.decisions[lane, opened, reason] += 1

    # --- looking after it all ---

    def _look_after(self) -> None:
        now_ns = time.monotonic_ns()
        if now_ns - self._care_ns < CARE_NS:
            return
        self._care_ns = now_ns
        self._clock()
        self._lend()
        self._renewed(now_ns)
        self._called(now_ns)
        self._disk(now_ns)
        self._devices()

    def _wanted(self) -> bool:
        try:
            return self._keeper is not None and self._keeper.wanted()
        except PolicyError as error:
            self._lost(error)
            return False

    def _clock(self) -> None:
        moved_ns = time.time_ns() - time.monotonic_ns() - self._clocks_ns
        if abs(moved_ns) <= CLOCK_STEP_NS:
            self.health.right("clock")
            return
        self._wrong(
            "clock",
            "stepped",
            f"the time of day moved by {moved_ns / 1e9:+.0f} s while the device worked: expected it to run evenly. The "
            "door stays closed until it is back, or until the device is started again with the right time.",
        )

    def _lend(self) -> None:
        """Another process wants the store: give way."""
        if self._wanted():
            self._put_away()
            self.tally.lent += 1
            self._wrong("store", "lent", "another process works in the store; the door stays closed until it is done.")

    def _renewed(self, now_ns: int) -> None:
        """The store opened again after it was lent or failed, and once a day, so that what is due is erased."""
        if "clock" in self._wrong_parts:
            return
        if self._keeper is not None:
            today = self._asked(self._keeper.today)
            if today is None or today == self._journal_day:
                return
            self._put_away()
        elif self._lent_out() or (self._failed() and now_ns - self._store_ns < self._retry_ns):
            return
        try:
            self._furnish()
        except (PolicyError, JournalError) as error:
            self._retry_ns = min(2 * self._retry_ns, LONGEST_RETRY_NS)
            if isinstance(error, PolicyError):
                self._lost(error)
            else:
                self._put_away()
                self._wrong("journal", "failed", str(error))
        else:
            self._retry_ns = RETRY_NS

    def _lent_out(self) -> bool:
        try:
            return self._parts.lent()
        except PolicyError as error:
            self._lost(error)
            return True

    def _failed(self) -> bool:
        return any(one.part in ("store", "journal") and one.state != "lent" for one in self.health.conditions)

    def _furnish(self) -> None:
        """Open the store and what stands on it, and the journal of the day."""
        self._store_ns = time.monotonic_ns()
        self._keeper = self._parts.open_keeper()
        today = self._keeper.today()
        if self._journal is None or self._journal_day != today:
            if self._journal is not None:
                self._journal.close()
                self._journal = None
            self._journal = self._parts.open_journal()
            self._journal_day = today
            self._number = 0
            self.health.right("journal")
        if self._parts.detector is not None and self._parts.core is not None:
            self._core = Core(self._parts.detector, self._ask, self._parts.core, self._watch, self._parts.liveness)
        if self.health.right("store"):
            self._say("store: open again.")

    def _put_away(self) -> None:
        """Let go of the store, and of every permit, window and template that stood on it."""
        keeper, self._keeper = self._keeper, None
        self._core = None
        self._opened.clear()
        if keeper is not None:
            keeper.close()

    def _lost(self, error: PolicyError) -> None:
        """The store failed: nothing of it is used any more, and it is opened again after a while."""
        self._put_away()
        self._store_ns = time.monotonic_ns()
        self._wrong("store", "clock-behind" if isinstance(error, ClockBehind) else "failed", str(error))

    def _disk(self, now_ns: int) -> None:
        if self._journal is None or now_ns - self._disk_ns < DISK_NS:
            return
        self._disk_ns = now_ns
        try:
            room, least = self._journal.room(), self._parts.least_free_bytes
        except JournalError as error:
            self._wrong("journal", "failed", str(error))
            return
        if room < least:
            words = f"expected {least >> 20} MiB free on the journal's disk, found {room >> 20}. Make room."
            self._wrong("disk", "low", words)
        elif self.health.right("disk"):
            self._say("disk: room again.")

    def _called(self, now_ns: int) -> None:
        """Slots of attendance that begin and end. What can't be written waits."""
        roll = self._parts.roll
        if roll is None or now_ns < self._roll_ns or "clock" in self._wrong_parts:
            return
        attendants = self._attendants
        if attendants is None:
            return
        try:
            said = roll.turn(attendants)
        except AttendanceError as error:
            self._roll_ns = now_ns + LONGEST_RETRY_NS
            self._wrong("attendance", "failed", str(error))
        except PolicyError as error:
            self._lost(error)
        else:
            if self.health.right("attendance"):
                self._say("attendance: kept again.")
            for words in said:
                self._say(words)

    def _last_call(self) -> None:
        """Whoever still waits is written down before the end; what can't be is said."""
        roll = self._parts.roll
        if roll is None or (self._keeper is None and not roll.waiting):
            return
        try:
            if self._keeper is None:
                self._keeper = self._parts.open_keeper()
            if self._attendants is not None:
                for words in roll.end(self._attendants):
                    self._say(words)
        except (AttendanceError, PolicyError) as error:
            lost = f"; {roll.waiting} who came are not on disk, note them by hand" if roll.waiting else ""
            self._say(f"attendance: {error}{lost}")

    @property
    def _attendants(self) -> Attendants | None:
        return None if self._keeper is None else self._keeper.attendants

    @property
    def _wrong_parts(self) -> set[Part]:
        return {one.part for one in self.health.conditions}

    def _devices(self) -> None:
        fault = self._parts.door.fault
        if fault:
            words = f"it can't be closed ({fault}). Close it by hand, and look at the relay."
            self._wrong("door", "stuck-open", words)
        if self._capture is not None:
            state = self._capture.state
            if state in ("frozen", "lost", "ended"):
                self._wrong("camera", state, self._capture.why or state)
            elif state == "running" and self.health.right("camera"):
                self._say("camera: frames again.")
        if self._reader is not None:
            how = self._reader.state
            if how in ("gone", "silent"):
                self._wrong("reader", how, self._reader.why)
            elif how == "ready" and self.health.right("reader"):
                self._say("reader: there again.")

    def _why_not(self) -> str | None:
        """What keeps the door closed, in a word."""
        if self._stop.is_set():
            return "stopping"
        stopped = self.health.stopped
        if stopped is not None:
            return "store-lent" if stopped.state == "lent" else stopped.part
        return "store" if self._keeper is None else None

    def _wrong(self, part: Part, state: str, words: str) -> None:
        if self.health.wrong(part, state, words) is not None:
            self._say(f"{part} {state}: {words}")

    def _asked(self, what: Callable[..., T], *words: object) -> T | None:
        """What a lane or keeper answers; None where the store failed, which is noted."""
        try:
            return what(*words)
        except PolicyError as error:
            self._lost(error)
            return None

    def _lanes(self) -> Sequence[LiveLane]:
        return () if self._keeper is None else self._keeper.lanes

    # --- beginning and end ---

    def _ring_frame(self) -> None:
        self._frame_due = True
        self._bell.set()

    def _ended(self) -> bool:
        capture = self._capture
        return (
            capture is not None
            and capture.state == "ended"
            and capture.counts.arrived <= (capture.counts.taken + capture.counts.dropped)
        )

    def _finish(self) -> None:
        if self._core is not None and self._last is not None:
            try:
                decided = self._core.finish(self._last)
            except PolicyError as error:
                self._lost(error)
                return
            self._judge(decided, self._last)

    def _close(self) -> None:
        if self._capture is not None:  # told at once, so that the two are waited for together
            self._capture.stop()
        if self._reader is not None and not self._reader.close():
            self.stuck = True
        if self._capture is not None:
            try:
                self._capture.close()
            except ReaderStuck as error:
                self.stuck = True
                self._say(str(error))
        self._last_call()
        self._put_away()
        if self._journal is not None:
            self._journal.close()


class _Belled:
    """A source that says when a frame is about to be handed over."""

    def __init__(self, source: Source, ring: Callable[[], None]) -> None:
        self._source, self._ring = source, ring

    def read(self) -> Frame | None:
        """See Source."""
        frame = self._source.read()
        self._ring()
        return frame

    def close(self) -> None:
        """See Source."""
        self._source.close()
