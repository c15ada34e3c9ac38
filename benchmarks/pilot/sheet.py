"""The observer's sheet of a pilot: what a device can't know, one line for each planned transaction. Pseudonyms alone.

    day  date        person        round  place  lane      time   let_in  reason     seconds  row
    1    2026-03-02  volunteer-07  1      3      tag-uid   07:41  hand    forgotten  25

`let_in` says how the person came in: through the `lane`, by `hand`, `behind` another, `no` (not at all, or gave up), or
was `absent` that day; empty: nobody looked, and nothing is taken for granted. `time` is when the person entered the
zone, by the device's clock. `seconds` is how long it took by hand; at a lane without a device, how long the lane took.
`row` stays empty: it settles what the join couldn't tell.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal, TypeVar, get_args

from benchmarks.errors import BenchmarkError
from edge.transaction import LANES, Lane

T = TypeVar("T")
LetIn = Literal["lane", "hand", "behind", "no", "absent"]
Reason = Literal[
    "forgotten", "lost", "not-read", "not-recognised", "gave-up", "refused", "not-enrolled", "stranger"
]  # fmt: skip
"""What the observer saw. `stranger`: a volunteer who may not pass this lane tried it, as the plan asked."""
NEVER_TRIED: frozenset[Reason] = frozenset({"refused", "not-enrolled"})
"""Who said no to the lane, or couldn't be enrolled: came that day, and counts as not let in."""
PRESENTED: frozenset[Reason] = frozenset({"not-read", "not-recognised"})
"""Who held something up, or stood before the camera, and wasn't known: the device keeps no row of nobody."""
COLUMNS = ("day", "date", "person", "round", "place", "lane", "time", "let_in", "reason", "seconds", "row")
PERSON = re.compile(r"[a-z]+-[0-9]+")
"""A pseudonym of the plan."""
SHOWN = 40
NO_ROW = "none"
"""In `row`: no row of the device belongs to this line."""


class SheetError(BenchmarkError, ValueError):
    """Error raised for a sheet, a plan or a list of people that can't be used: names every line that is wrong."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One transaction of the plan."""

    day: int
    person: str
    round: int
    place: int
    lane: Lane


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the sheet; what is empty there is None here."""

    number: int
    """In the file, the heading being 1."""
    planned: Planned
    date: date | None
    time: time | None
    let_in: LetIn | None
    reason: Reason | None
    seconds: float | None
    row: str | None

    @property
    def moment(self) -> datetime | None:
        """When the person entered, by the clock on the wall there; midnight where the time doesn't matter."""
        return None if self.date is None else datetime.combine(self.date, self.time or time())


def read_plan(content: bytes, name: str) -> list[Planned]:
    """The transactions of a plan, as `threshold pilot plan --out plan.csv` wrote it. Raises SheetError."""
    wrong: list[str] = []
    found = [
        planned
        for number, row in _table(content, name, ("day", "person", "round", "place", "lane"))
        if (planned := _planned(row, number, wrong)) is not None
    ]
    _tell(name, wrong if found else [*wrong, "expected the transactions of a plan, found none"])
    return found


def write_sheet(plan: Sequence[Planned], dates: Sequence[date] = ()) -> str:
    """The sheet as comma-separated values, to be filled in. `dates` are those of the days, in order. Raises SheetError
    where there are others than days."""
    days = sorted({each.day for each in plan})
    if dates and len(dates) != len(days):
        raise SheetError(f"dates: expected one for each of the plan's {len(days)} days, found {len(dates)}.")
    known = dict(zip(days, dates, strict=False))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in plan:
        day = known[each.day].isoformat() if known else ""
        writer.writerow((each.day, day, each.person, each.round, each.place, each.lane, "", "", "", "", ""))
    return text.getvalue()


def read_sheet(content: bytes, name: str) -> list[Line]:
    """A sheet that was filled in, separated by commas or (as some spreadsheets write it) semicolons. Raises SheetError
    with every line that is wrong; a name in place of a pseudonym is wrong, and isn't repeated."""
    wrong: list[str] = []
    lines = [line for number, row in _table(content, name, COLUMNS) if (line := _line(row, number, wrong)) is not None]
    twice: dict[tuple[int, str, int, Lane], int] = {}
    for line in lines:
        planned = line.planned
        key = (planned.day, planned.person, planned.round, planned.lane)
        if key in twice and planned.place:
            wrong.append(f"line {line.number}: expected each planned transaction once, found the one of {twice[key]}")
        twice.setdefault(key, line.number)
    _tell(name, wrong if lines else [*wrong, "expected the lines of a sheet, found none"])
    return lines


def read_people(content: bytes, name: str) -> dict[str, str]:
    """Who is who: the store's pseudonyms (purpose door) to those of the plan, from a file with the columns person and
    pseudonym (empty for whoever isn't in the store). Raises SheetError."""
    wrong: list[str] = []
    people: dict[str, str] = {}
    persons: set[str] = set()
    for number, row in _table(content, name, ("person", "pseudonym")):
        person, pseudonym = row["person"], row["pseudonym"]
        if not PERSON.fullmatch(person) or person in persons:
            wrong.append(f"line {number}: person: expected a pseudonym of the plan (volunteer-07) once, found another")
        elif pseudonym and (not re.fullmatch(r"[0-9a-f]{32}", pseudonym) or pseudonym in people):
            wrong.append(f"line {number}: pseudonym: expected 32 hexadecimal digits of the store, once, found others")
        elif pseudonym:
            people[pseudonym] = person
        persons.add(person)
    _tell(name, wrong)
    return people


def write_people(people: Sequence[tuple[str, str | None]]) -> str:
    """That file: persons of the plan with the store's pseudonym, where it has one."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("person", "pseudonym"))
    writer.writerows((person, pseudonym or "") for person, pseudonym in people)
    return text.getvalue()


def _planned(row: dict[str, str], number: int, wrong: list[str]) -> Planned | None:
    lane = next((one for one in LANES if one == row["lane"]), None)
    if lane is None:
        wrong.append(f"line {number}: lane: expected one of {', '.join(LANES)}, found {row['lane'] or 'nothing'!r}")
    if not PERSON.fullmatch(row["person"]):
        wrong.append(f"line {number}: person: expected a pseudonym of the plan (volunteer-07), found another")
    numbers = {}
    for key in ("day", "round", "place"):
        if not re.fullmatch(r"[0-9]{1,4}", row[key]):
            wrong.append(f"line {number}: {key}: expected a number of the plan, found {row[key]!r}")
        else:
            numbers[key] = int(row[key])
    if lane is None or len(numbers) < 3 or not PERSON.fullmatch(row["person"]):
        return None
    return Planned(numbers["day"], row["person"], numbers["round"], numbers["place"], lane)


def _line(row: dict[str, str], number: int, wrong: list[str]) -> Line | None:
    before = len(wrong)

    def said(key: str, expected: str) -> None:
        wrong.append(f"line {number}: {key}: expected {expected}, found {row[key] or 'nothing'!r}")

    planned = _planned(row, number, wrong)
    let_in: LetIn | None = next((one for one in get_args(LetIn) if one == row["let_in"]), None)
    reason: Reason | None = next((one for one in get_args(Reason) if one == row["reason"]), None)
    day = _parsed(date.fromisoformat, row["date"])
    hour = _parsed(time.fromisoformat, re.sub(r"^(\d):", r"0\1:", row["time"]))
    seconds = _parsed(float, row["seconds"].replace(",", "."))
    if row["let_in"] and let_in is None:
        said("let_in", f"one of {', '.join(get_args(LetIn))}, or nothing where nobody looked")
    if row["reason"] and reason is None:
        said("reason", f"one of {', '.join(get_args(Reason))}, or nothing")
    if (row["date"] or let_in) and day is None:
        said("date", "a date (2026-03-02)")
    asked = let_in not in (None, "absent") and reason not in NEVER_TRIED
    if (row["time"] or asked) and (hour is None or hour.tzinfo is not None):
        said("time", "a time of day (07:41 or 07:41:20)")
    if row["seconds"] and (seconds is None or not 0 <= seconds < 86400):
        said("seconds", "a number of seconds")
    if let_in in ("lane", "absent") and reason not in (None, "stranger"):
        said("reason", f"nothing, or stranger, where let_in is {let_in}")
    if let_in is None and (row["reason"] or row["seconds"] or row["row"]):
        said("let_in", f"one of {', '.join(get_args(LetIn))}, as something else was noted")
    if row["row"] and let_in == "absent":
        said("row", "nothing, as the person was absent")
    if planned is None or len(wrong) > before:
        return None
    return Line(number, planned, day, hour, let_in, reason, seconds, row["row"] or None)


def _parsed(how: Callable[[str], T], text: str) -> T | None:
    try:
        return how(text) if text else None
    except ValueError:
        return None


def _table(content: bytes, name: str, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Lines with their numbers; of more columns than asked for only those. Raises SheetError."""
    try:
        text = content.decode("utf-8-sig")
        head = text.partition("\n")[0]
        rows = list(csv.reader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ","))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SheetError(f"{name}: expected a CSV file in UTF-8, found none that can be read ({error}).") from error
    if not rows or not set(columns) <= set(rows[0]):
        found = ", ".join(rows[0]) if rows else "an empty file"
        raise SheetError(f"{name}, line 1: expected the columns {', '.join(columns)}, found {found}.")
    for number, row in enumerate(rows[1:], start=2):
        if not any(field.strip() for field in row):
            continue
        if len(row) != len(rows[0]):
            raise SheetError(f"{name}, line {number}: expected {len(rows[0])} fields, found {len(row)}.")
        yield number, {key: field.strip() for key, field in zip(rows[0], row, strict=True) if key in columns}


def _tell(name: str, wrong: Sequence[str]) -> None:
    if wrong:
        more = [f"  … and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
        head = f"{name}: expected lines that can be used, found:"
        raise SheetError("\n".join([head, *(f"  {one}." for one in wrong[:SHOWN]), *more]))
