"""Attendance on disk: a sheet a day, with who was there in which slot, and nothing else: no time, lane, order, door.

A note's pseudonym is the person's for that slot of that day alone (policy.store.Store.present), so that nobody without
the store's keys can follow a person from one note to another, or to a row of the door's.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.disk import sync
from edge.errors import EdgeError
from edge.transaction import Origin
from policy.entry import Id, Pseudonym

DAY = "day"
"""The slot of notes that say only that somebody was there that day."""
SlotName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
_NAME = re.compile(r"attendance-(.+)-(\d{4}-\d{2}-\d{2})\.json")


class AttendanceError(EdgeError, OSError):
    """Error raised when attendance can't be read or kept: names the file, and what to do."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of a day, by the device's local time; `ends` is no longer in it."""

    name: str
    begins: time
    ends: time


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Note(_Value):
    """Somebody was there."""

    slot: SlotName
    """The slot's name; `day`: too few came in the slot, so that it isn't said which one it was."""
    person: Pseudonym
    """The person's pseudonym for this slot of this day, and for nothing else."""


class Sheet(_Value):
    """One day's attendance at one device."""

    schema_: Literal["threshold/attendance/1"] = Field(default="threshold/attendance/1", alias="schema")
    site: str
    """The device's name in its settings."""
    store: Id
    """The store whose people they are, by its ledger."""
    origin: Origin
    """`recording`: of a replayed reader or a film, so that nobody was there."""
    day: date
    """By the device's local time."""
    slots: Mapping[SlotName, Literal["open", "whole", "part"]] = {}
    """Slots that began while the device worked. `open`: who came is not on disk yet; `part`: somebody may be missing,
    as the device wasn't at work all through it."""
    notes: tuple[Note, ...] = ()
    """In an order drawn anew whenever the sheet is written."""


class Sheets:
    """A device's sheets in a folder (0700), a file (0600) each. Only who has the store open writes them, so that there
    is one writer at a time."""

    def __init__(self, folder: Path, site: str, origin: Origin, keep_days: int) -> None:
        self.folder, self._site, self._origin, self._keep = folder, site, origin, timedelta(days=keep_days)

    def of(self, day: date, store: str) -> Sheet:
        """A day's sheet; an empty one where there is none. Raises AttendanceError, also where it is another store's."""
        path = self._path(day)
        if not path.exists():
            return Sheet(site=self._site, store=store, origin=self._origin, day=day)
        sheet = _read(path)
        _of_store(path, sheet, store)
        if sheet.origin != self._origin:
            raise AttendanceError(
                f"{path}: expected attendance of a {self._origin}, found that of a {sheet.origin}. Name another folder "
                "in [attendance], so that the two aren't taken for each other."
            )
        return sheet

    def keep(self, sheet: Sheet) -> None:
        """Write a sheet. When this returns it is on disk; when it raises AttendanceError the one before is."""
        write(self._path(sheet.day), sheet)

    def days(self) -> list[date]:
        """The days of which there are sheets of this device. Raises AttendanceError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            names = [_NAME.fullmatch(path.name) for path in self.folder.iterdir()]
        except OSError as error:
            raise AttendanceError(f"{self.folder}: expected a folder to note attendance in, found: {error}.") from error
        return sorted(date.fromisoformat(name[2]) for name in names if name is not None and name[1] == self._site)

    def forget(self, today: date) -> int:
        """Delete sheets whose time is over, and what a crash left half written; how many. Raises AttendanceError."""
        over = [self._path(day) for day in self.days() if today - day >= self._keep]
        try:
            for path in (*over, *self.folder.glob(f"attendance-{self._site}-*.json.part")):
                path.unlink()
            if over:
                sync(self.folder)
        except OSError as error:
            raise AttendanceError(f"{self.folder}: expected old sheets to be deleted, found: {error}.") from error
        return len(over)

    def _path(self, day: date) -> Path:
        return self.folder / f"attendance-{self._site}-{day.isoformat()}.json"


def sheets_in(folder: Path, store: str) -> Iterator[tuple[Path, Sheet]]:
    """All sheets in a folder, of any device, by day. Raises AttendanceError, also where one is another store's."""
    if not folder.is_dir():
        raise AttendanceError(f"{folder}: expected the folder of a device's attendance, found none.")
    found = [(name[2], path) for path in folder.iterdir() if (name := _NAME.fullmatch(path.name)) is not None]
    for _, path in sorted(found):
        sheet = _read(path)
        _of_store(path, sheet, store)
        yield path, sheet


def write(path: Path, sheet: Sheet) -> None:
    """Write a sheet whole or not at all, mode 0600, its notes in a fresh order. Raises AttendanceError."""
    part = path.with_name(path.name + ".part")
    text = sheet.model_copy(update={"notes": tuple(mixed(sheet.notes))}).model_dump_json(by_alias=True, indent=1)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(text.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync(path.parent)
    except OSError as error:
        raise AttendanceError(
            f"{path}: expected attendance to be kept, found: {error}. Is the disk full or read-only?"
        ) from error


def mixed(notes: Iterable[Note]) -> list[Note]:
    """The same in an order that the system's own generator draws: nothing of it comes from who came when."""
    listed = list(notes)
    return secrets.SystemRandom().sample(listed, len(listed))


def _read(path: Path) -> Sheet:
    try:
        return Sheet.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise AttendanceError(
            f"{path}: expected a day's attendance, found: {type(error).__name__}. Is it damaged? Put it aside."
        ) from error


def _of_store(path: Path, sheet: Sheet, store: str) -> None:
    if sheet.store != store:
        raise AttendanceError(
            f"{path}: expected attendance of the people of this store ({store}), found that of another "
            f"({sheet.store}). Name the store that belongs to it, or another folder."
        )
