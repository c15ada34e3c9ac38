"""Who is there, held in memory until a slot is over, and then written down all at once, in no order.

    decision ─► waits in memory ─► the slot is over ─► asked of each once more ─► one sheet, mixed, synchronised

What is on disk while a slot runs is that it runs. A plug pulled then loses who came in it, and the next start says in
which slot somebody may be missing: docs/decisions/0021-attendance-waits-in-memory.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from datetime import date, datetime, time, timedelta
from typing import Protocol

from edge.attendance import DAY, Note, Sheet, Sheets, Slot
from policy.entry import Modality

LATE = timedelta(seconds=5)
"""A device that begins later than that in a slot, or looks away from it for longer, wasn't there for who came then."""


class Attendants(Protocol):
    """The people who may be noted, as one opening of the store knows them. All raise policy.errors.PolicyError."""

    @property
    def store(self) -> str:
        """Which store it is, by its ledger."""
        ...

    def may(self, subject: str, modality: Modality) -> bool:
        """Whether the gate gives a permit to note a person, who was recognised by that, at this moment."""
        ...

    def present(self, subject: str, day: date, slot: str) -> str:
        """What a note calls a person."""
        ...

    def known(self, slots: Iterable[tuple[date, str]]) -> Set[str]:
        """What notes in these slots of these days may call anybody who is still to be noted."""
        ...

    @property
    def whole(self) -> bool:
        """Whether everybody's facts open: whose don't would be taken for gone."""
        ...


class Roll:
    """A device's attendance: in memory what waits, on disk what is over. One thread, as the loop's.

    `least` people make a batch that says its slot; of fewer only the day is told, together with the day's others. As
    many wait as there are people in the store, at most, for each slot that couldn't be written yet.
    """

    def __init__(
        self,
        sheets: Sheets,
        slots: Sequence[Slot],
        least: int,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._sheets, self._slots, self._least, self._now = sheets, {slot.name: slot for slot in slots}, least, now
        self._last = max(slot.ends for slot in slots)
        self._waiting: dict[tuple[date, str], dict[str, Modality]] = {}
        """By day and slot (DAY: too few came in theirs): who, and recognised by what."""
        self._few: dict[date, set[str]] = {}
        """Slots of a day whose people wait for its end."""
        self._part: set[tuple[date, str]] = set()
        self._marked: set[tuple[date, str]] = set()
        self._attendants: Attendants | None = None
        self._people: Set[str] | None = None
        """By a pseudonym each that stands nowhere: who was to be noted when the sheets were looked through last."""
        self._tidied: date | None = None
        self._latest: datetime | None = None
        self.noted = 0
        """Notes on disk since the device began."""

    @property
    def waiting(self) -> int:
        """How many notes aren't on disk."""
        return sum(len(people) for people in self._waiting.values())

    def note(self, attendants: Attendants, subject: str, modality: Modality) -> str:
        """Somebody was recognised. In a word: `present` (waits for the slot's end), `no-slot`, `no-permit`."""
        now = self._now()
        slot = self._running(now)
        if slot is None:
            return "no-slot"
        if not attendants.may(subject, modality):
            return "no-permit"
        self._waiting.setdefault((now.date(), slot.name), {})[subject] = modality
        return "present"

    def turn(self, attendants: Attendants) -> list[str]:
        """Whatever is due: begin a slot, end it, look through what is kept when the store was opened anew. What there
        is to say. Raises edge.attendance.AttendanceError, and then what waits still does; policy.errors.PolicyError."""
        said = self._looked_through(attendants)
        now = self._now()
        if self._latest is not None and now - self._latest > LATE:
            self._part |= self._marked
        self._latest = now
        slot = self._running(now)
        if slot is not None and (now.date(), slot.name) not in self._marked:
            self._begin(attendants, now, slot)
        for day, name in sorted({*self._marked, *self._waiting}):
            if name != DAY and self._over(day, self._slots[name].ends, now):
                said += self._end(attendants, day, name)
        for day in sorted({*self._few}):
            if self._over(day, self._last, now):
                said += self._write(attendants, day, DAY)
        return said

    def end(self, attendants: Attendants) -> list[str]:
        """The device stops: whoever waits is written down now; slots that still run have been there in part. Raises as
        `turn` does."""
        said = self._looked_through(attendants)
        self._part |= {one for one in {*self._marked, *self._waiting} if one[1] != DAY}
        for day, name in sorted({*self._marked, *self._waiting}):
            if name != DAY:
                said += self._end(attendants, day, name)
        for day in sorted({*self._few}):
            said += self._write(attendants, day, DAY)
        return said

    # --- one slot ---

    def _running(self, now: datetime) -> Slot | None:
        return next((slot for slot in self._slots.values() if slot.begins <= now.time() < slot.ends), None)

    def _over(self, day: date, ends: time, now: datetime) -> bool:
        return (day, ends) <= (now.date(), now.time())

    def _begin(self, attendants: Attendants, now: datetime, slot: Slot) -> None:
        """Have it on disk that a slot runs, so that who was lost by a crash is missed."""
        day = now.date()
        sheet = self._sheets.of(day, attendants.store)
        if sheet.slots.get(slot.name) is not None or now - LATE > datetime.combine(day, slot.begins, now.tzinfo):
            self._part.add((day, slot.name))
        self._sheets.keep(sheet.model_copy(update={"slots": {**sheet.slots, slot.name: "open"}}))
        self._marked.add((day, slot.name))

    def _end(self, attendants: Attendants, day: date, name: str) -> list[str]:
        said = self._dropped(attendants, self._waiting.get((day, name), {}))
        sheet = self._sheets.of(day, attendants.store)
        people, fresh = self._fresh(attendants, sheet, name)
        if not 0 < len(fresh) < self._least:
            return [*said, *self._write(attendants, day, name)]
        self._waiting.setdefault((day, DAY), {}).update({who: people[who] for who in fresh})
        self._few.setdefault(day, set()).add(name)
        self._waiting.pop((day, name))
        self._marked.discard((day, name))
        return [*said, f"attendance: fewer than {self._least} in {name} of {day}; they wait for the day's end."]

    def _write(self, attendants: Attendants, day: date, name: str) -> list[str]:
        """One batch: everybody asked of once more, written, and only then forgotten."""
        said = self._dropped(attendants, self._waiting.get((day, name), {}))
        sheet = self._sheets.of(day, attendants.store)
        people, fresh = self._fresh(attendants, sheet, name)
        over = self._few.get(day, set()) if name == DAY else {name}
        states = {slot: "part" if (day, slot) in self._part else "whole" for slot in over}
        notes = (*sheet.notes, *(Note(slot=name, person=person) for person in fresh.values()))
        self._sheets.keep(sheet.model_copy(update={"slots": {**sheet.slots, **states}, "notes": notes}))
        self._waiting.pop((day, name), None)
        if name == DAY:
            self._few.pop(day, None)
        self._marked -= {(day, slot) for slot in over}
        self.noted += len(fresh)
        return [*said, f"attendance: {len(fresh)} noted for {name} of {day}."] if people else said

    def _fresh(self, attendants: Attendants, sheet: Sheet, name: str) -> tuple[dict[str, Modality], dict[str, str]]:
        """(who waits, what a note calls those of them who aren't on the sheet)."""
        people = self._waiting.get((sheet.day, name), {})
        held = {note.person for note in sheet.notes}
        called = {who: attendants.present(who, sheet.day, name) for who in people}
        return people, {who: person for who, person in called.items() if person not in held}

    def _dropped(self, attendants: Attendants, people: dict[str, Modality]) -> list[str]:
        """Whoever may not be noted any more waits no longer."""
        gone = [who for who, how in people.items() if not attendants.may(who, how)]
        for who in gone:
            del people[who]
        return [f"attendance: {len(gone)} who waited may not be noted any more."] if gone else []

    # --- what is kept ---

    def _looked_through(self, attendants: Attendants) -> list[str]:
        """Once for each opening of the store, and each day: who left it leaves memory and sheets, old sheets go."""
        today = self._now().date()
        if attendants is self._attendants and today == self._tidied:
            return []
        said: list[str] = []
        for people in self._waiting.values():
            said += self._dropped(attendants, people)
        self._sheets.forget(today)
        here: Set[str] = attendants.known([(date.min, DAY)])
        whole = True
        if self._people is None or not self._people <= here:
            whole = attendants.whole
            for day in self._sheets.days():
                said += self._mended(attendants, day, whole)
        self._attendants, self._tidied = attendants, today
        self._people = here if whole else {*here, *(self._people or ())}
        return said

    def _mended(self, attendants: Attendants, day: date, whole: bool) -> list[str]:
        """A sheet without whoever left the store, if that can be told; of a slot that a crash cut short it says so from
        now on."""
        sheet = self._sheets.of(day, attendants.store)
        lost = [name for name, state in sheet.slots.items() if state == "open" and not self._mine(day, name)]
        known = attendants.known((day, slot) for slot in {note.slot for note in sheet.notes})
        kept = tuple(note for note in sheet.notes if note.person in known) if whole else sheet.notes
        if lost or len(kept) < len(sheet.notes):
            slots = {**sheet.slots, **dict.fromkeys(lost, "part")}
            self._sheets.keep(sheet.model_copy(update={"slots": slots, "notes": kept}))
        return [
            f"attendance: the device stopped in {name} of {day}, so somebody who came may be missing. Note them by "
            "hand: threshold attendance note."
            for name in lost
        ]

    def _mine(self, day: date, name: str) -> bool:
        """Is it this run's, and not written yet?"""
        return (day, name) in self._marked or name in self._few.get(day, set())
