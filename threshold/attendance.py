"""`threshold attendance list | note | strike`: who was there, by day and slot; put right by hand before a witness."""

from __future__ import annotations

import csv
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from threshold.output import console, emit, tables
from threshold.site import Json, StoreFolder, open_store
from threshold.subjects import Reference

if TYPE_CHECKING:
    from edge.attendance import Sheet
    from policy.store import Store

Folder = Annotated[
    Path, typer.Option("--sheets", metavar="DIR", help="The device's sheets: the folder at `sheets` in its settings.")
]
Day = Annotated[datetime, typer.Option("--day", formats=["%Y-%m-%d"], help="The day, by the device's local time.")]
SlotName = Annotated[str, typer.Option("--slot", help="As the settings name it; `day`: that day, in no slot.")]
Witness = Annotated[str, typer.Option(help="Who knows that it is so: a named person, not the one it is about.")]

LIST = "Example: threshold attendance list --sheets attendance --day 2026-11-23 --csv > monday.csv"
NOTE = (
    "Example: threshold attendance note volunteer-07 --day 2026-11-23 --slot morning --witness 'Eva Lind' "
    "--sheets attendance"
)
app = typer.Typer(
    help="Attendance as a device noted it: read it, and put it right by hand.", epilog=LIST, no_args_is_help=True
)


@app.command("list", epilog=LIST)
def listed(
    sheets: Folder,
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="That day alone; else all there are.")
    ] = None,
    table: Annotated[bool, typer.Option("--csv", help="day,slot,person as CSV on stdout.")] = False,
    store: StoreFolder = None,
    json: Json = False,
) -> None:
    """List who was there. Names are in it: they come from the store, the sheets have none."""
    from edge.attendance import sheets_in
    from policy.gate import Refused
    from policy.running import stopped

    with open_store(store) as opened:
        if (verdict := stopped(opened)) is not None:
            raise Refused(verdict)
        names = {subject: file.reference for subject, file in opened.subjects()}
        found = [
            (sheet, sorted((slot, names[subject]) for slot, subject in _people(opened, sheet)))
            for _, sheet in sheets_in(sheets, opened.ledger.id)
            if day is None or sheet.day == day.date()
        ]
    if json:
        emit({"sheets": [_told(sheet, people) for sheet, people in found]})
    elif table:
        writer = csv.writer(sys.stdout)
        writer.writerow(("day", "slot", "person"))
        writer.writerows((sheet.day.isoformat(), *one) for sheet, people in found for one in people)
    else:
        _show(found)


@app.command("note", epilog=NOTE)
def note(
    reference: Reference,
    day: Day,
    slot: SlotName,
    witness: Witness,
    sheets: Folder,
    store: StoreFolder = None,
    json: Json = False,
) -> None:
    """Note somebody as present who was missed: after a crash, or with the tag left at home."""
    _correct(reference, day.date(), slot, witness, sheets, store, "noted", json)


@app.command("strike", epilog=NOTE.replace("note", "strike"))
def strike(
    reference: Reference,
    day: Day,
    slot: SlotName,
    witness: Witness,
    sheets: Folder,
    store: StoreFolder = None,
    json: Json = False,
) -> None:
    """Take a note out that isn't true: somebody else had the tag. Undoes a note made by hand, too."""
    _correct(reference, day.date(), slot, witness, sheets, store, "struck", json)


def clear(store: Store, folder: Path) -> int:
    """Delete the notes of whoever is not in a store any more, or not to be noted; how many. None is deleted while
    somebody's facts don't open, who would be taken for gone. Raises edge.attendance.AttendanceError."""
    from edge.attendance import AttendanceError, sheets_in, write

    if store.unreadable():
        raise AttendanceError(
            f"{folder}: expected everybody's facts to open, found some that don't (threshold status). No note was "
            "deleted, as it can't be said whose time is over."
        )
    gone = 0
    for path, sheet in sheets_in(folder, store.ledger.id):
        known = store.attended((sheet.day, slot) for slot in {note.slot for note in sheet.notes})
        kept = tuple(note for note in sheet.notes if note.person in known)
        if len(kept) < len(sheet.notes):
            write(path, sheet.model_copy(update={"notes": kept}))
            gone += len(sheet.notes) - len(kept)
    return gone


def noted_of(store: Store, folder: Path, subject: str) -> list[dict[str, str]]:
    """A person's own notes in a folder: day and slot. Raises edge.attendance.AttendanceError."""
    from edge.attendance import sheets_in

    return [
        {"day": sheet.day.isoformat(), "slot": slot}
        for _, sheet in sheets_in(folder, store.ledger.id)
        for slot, who in sorted(_people(store, sheet))
        if who == subject
    ]


def _people(store: Store, sheet: Sheet) -> list[tuple[str, str]]:
    """(slot, person) of a sheet's notes; of whom the store doesn't know nothing."""
    whose = store.attended((sheet.day, slot) for slot in {note.slot for note in sheet.notes})
    return [(note.slot, whose[note.person]) for note in sheet.notes if note.person in whose]


def _told(sheet: Sheet, people: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "day": sheet.day.isoformat(),
        "site": sheet.site,
        "origin": sheet.origin,
        "slots": dict(sheet.slots),
        "people": [{"slot": slot, "person": person} for slot, person in people],
        "of_nobody_known": len(sheet.notes) - len(people),
    }


def _show(found: list[tuple[Sheet, list[tuple[str, str]]]]) -> None:
    from rich.table import Table

    from edge.attendance import DAY

    words = {"whole": "", "part": "somebody may be missing: the device wasn't at work all the time", "open": "runs"}
    out = Table()
    for column in ("day", "slot", "who was there", ""):
        out.add_column(column)
    for sheet, people in found:
        for slot in (*sheet.slots, DAY):
            there = [person for one, person in people if one == slot]
            if there or slot != DAY:
                told = words[sheet.slots[slot]] if slot in sheet.slots else "slot not said: few in it, or by hand"
                told = f"of a recording. {told}".strip() if sheet.origin == "recording" else told
                out.add_row(sheet.day.isoformat(), slot, ", ".join(there) or "-", told)
    tables().print(out)


def _correct(
    reference: str,
    day: date,
    slot: str,
    witness: str,
    folder: Path,
    store: Path | None,
    change: Literal["noted", "struck"],
    json: bool,
) -> None:
    """Change a sheet, and say so in the ledger first and on the screen last."""
    from edge.attendance import AttendanceError, Note, write
    from policy.entry import Corrected

    if witness.strip().casefold() == reference.strip().casefold():
        raise typer.BadParameter("expected another person than the one it is about", param_hint="--witness")
    with open_store(store) as opened:
        subject = opened.find(reference)
        path, sheet = _sheet(opened, folder, day, slot)
        person = opened.present(subject, day, slot)
        there = person in {one.person for one in sheet.notes}
        if there == (change == "noted"):
            found = "a note" if there else "none"
            raise AttendanceError(
                f"{reference!r}, {slot} of {day}: expected {'none' if there else 'a note'} yet, found {found}."
            )
        if change == "noted":
            _may(opened, subject)
        opened.ledger.append(Corrected(subject=subject, change=change, witness=opened.link(subject, witness)))
        kept = tuple(one for one in sheet.notes if one.person != person)
        notes = (*kept, Note(slot=slot, person=person)) if change == "noted" else kept
        write(path, sheet.model_copy(update={"notes": notes}))
    if json:
        emit({change: True, "day": day.isoformat(), "slot": slot})
    else:
        console().print(f"{change.capitalize()}: {reference}, {slot} of {day}.", soft_wrap=True)


def _may(store: Store, subject: str) -> None:
    """Raise policy.gate.Refused unless the person may be noted now, recognised or not."""
    for modality in store.file(subject).references:
        store.gate.require(store.permit("match", subject, modality, purpose="attendance"), "match")
        return


def _sheet(store: Store, folder: Path, day: date, slot: str) -> tuple[Path, Sheet]:
    """A day's sheet, where one device alone writes to the folder; a new one for a day on which it wasn't at work."""
    from edge.attendance import DAY, AttendanceError, Sheet, sheets_in

    sheets = list(sheets_in(folder, store.ledger.id))
    sites = sorted({sheet.site for _, sheet in sheets})
    known = sorted({name for _, sheet in sheets for name in sheet.slots})
    if len(sites) != 1:
        found = ", ".join(sites) or "none"
        raise AttendanceError(f"{folder}: expected the sheets of one device, found {found}. Name its folder.")
    if slot not in (*known, DAY):
        raise AttendanceError(f"{slot}: expected one of {', '.join((*known, DAY))}, found another.")
    for path, sheet in sheets:
        if sheet.day == day:
            return path, sheet
    if day > max(sheet.day for _, sheet in sheets):
        raise AttendanceError(f"{day}: expected a day that was, found one after the device's last.")
    fresh = Sheet(site=sites[0], store=store.ledger.id, origin=sheets[-1][1].origin, day=day)
    return folder / f"attendance-{sites[0]}-{day.isoformat()}.json", fresh
