"""A device's rows and the observer's sheet put together: who truly came, and who never got as far as the device.

A row and a line belong together where both say the same person, at the same lane, within a minute of each other, and
nothing else says so too. Who came is then what the observer saw, never what the device took the person for. Whatever
isn't clear is named and left as it is: a row keeps an unknown true subject, until a person writes the row's id into the
sheet (`row`). Pseudonyms in what comes out are the plan's; those of the store don't leave the laboratory.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Value
from benchmarks.gains import started
from benchmarks.pilot.sheet import NEVER_TRIED, NO_ROW, PRESENTED, Line
from benchmarks.transactions import Source, read_row
from edge.device.note import DeviceNote
from edge.transaction import Lane, Origin, Stamp, Transaction
from policy.schema import SchemaError, upgrade

WITHIN_S = 60.0
"""From the time noted to the row's first stamp, at most."""

_UNTOLD = ("not-told", "went-in-behind")
Kind = Literal["ambiguous", "contradicted", "no-row", "nobody-looked"]
"""Several rows or lines fit; row and line say different things; a line without the row that must be there; a row
without a line."""


class JoinError(BenchmarkError, ValueError):
    """Error raised for rows, sheet and people that can't be put together: names file and line."""


class Left(Value):
    """What was not put together, and why."""

    kind: Kind
    file: str
    line: int
    lane: Lane
    says: str
    row: str | None = None
    """The id of the row in question, to be written into the sheet's column `row` where it is the one."""


class Join(Value):
    """How a pilot's rows came about; it stands beside them and goes into the bundle."""

    schema_: Literal["threshold/pilot-join/1"] = Field(default="threshold/pilot-join/1", alias="schema")
    sources: tuple[Source, ...]
    """The device's files, which stay in the laboratory."""
    sheet: str
    """SHA-256 of the observer's sheet."""
    within_s: float
    lanes: tuple[Lane, ...]
    """Those that came out."""
    rows: str
    """SHA-256 of what came out."""
    lines: dict[int, str]
    """Lines of the sheet, with the id of their row."""
    elsewhere: int
    """Rows of people who aren't in the plan: not in what came out."""
    left: tuple[Left, ...]
    devices: tuple[DeviceNote, ...]
    """Of the sessions of the rows, as each device noted it beside them."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of the device, with the plan's pseudonyms, and where it stands."""

    row: Transaction
    where: str
    at: datetime
    """By the clock on the wall there."""
    person: str | None
    """Whom the device took the person for, or whose tag was held up."""


@dataclass(slots=True)
class _Work:
    rows: dict[str, _Row]
    by_hand: frozenset[Lane]
    """Lanes without a device: what the observer timed is all there is."""
    zones: Mapping[object, tzinfo | None]
    opened: Mapping[date, datetime]
    """When each day's first person came, by rows or sheet."""
    origin: Origin
    within: timedelta
    used: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    """Rows that a line's trouble names already."""
    out: list[Transaction] = field(default_factory=list)
    lines: dict[int, str] = field(default_factory=dict)
    left: list[Left] = field(default_factory=list)

    def leave(self, kind: Kind, where: str, lane: Lane, says: str, rows: Sequence[_Row] = ()) -> None:
        file, _, line = where.rpartition(", line ")
        row = rows[0].row.id if rows else None
        self.left.append(Left(kind=kind, file=file, line=int(line), lane=lane, says=says, row=row))
        self.named.update(each.row.id for each in rows)


def join(
    files: Mapping[str, bytes],
    sheet: tuple[str, bytes, Sequence[Line]],
    people: Mapping[str, str],
    devices: Sequence[DeviceNote],
    within_s: float = WITHIN_S,
    lanes: Sequence[Lane] = (),
) -> tuple[list[Transaction], Join]:
    """Rows with who truly came, in order of time, and how they came about.

    `files` are the device's, by name; `sheet` its name, content and lines; `people` the plan's pseudonyms by the
    store's. Only `lanes` come out, where some are named. Raises JoinError, TransactionsError, PilotError.
    """
    name, content, lines = sheet
    found, sources, elsewhere = _read(files, people)
    notes = {note.session: note for note in devices}
    for each in found.values():
        note = notes.get(session(each.row))
        if note is not None and note.origin != each.row.origin:
            raise JoinError(
                f"{each.where}: expected a row of a {note.origin}, as its device noted beside it, found one of a "
                f"{each.row.origin}."
            )
    here = {each.row.lane for each in found.values()} | {one.lane for note in devices for one in note.lanes}
    work = _Work(
        rows=found,
        by_hand=frozenset({line.planned.lane for line in lines} - here),
        zones=_zones(found),
        opened=_opened(found, lines),
        origin=next((each.row.origin for each in found.values() if each.row.origin != "pilot"), "pilot"),
        within=timedelta(seconds=within_s),
    )
    _settled(work, name, lines)
    _agreeing(work, name, [line for line in lines if line.row is None])
    for each in found.values():
        if each.row.id not in work.used:
            work.out.append(each.row)
            if each.row.id not in work.named:
                work.leave("nobody-looked", each.where, each.row.lane, "no line of the sheet belongs to it", [each])
    out = sorted((row for row in work.out if not lanes or row.lane in lanes), key=lambda row: (started(row), row.id))
    if not out:
        raise JoinError(f"{name}: expected rows of {', '.join(lanes) or 'the plan'}, found none.")
    return out, Join(
        sources=sources,
        sheet=hashlib.sha256(content).hexdigest(),
        within_s=within_s,
        lanes=tuple(sorted({row.lane for row in out})),
        rows=hashlib.sha256(written(out)).hexdigest(),
        lines={line: row for line, row in sorted(work.lines.items()) if row in {one.id for one in out}},
        elsewhere=elsewhere,
        left=tuple(one for one in work.left if not lanes or one.lane in lanes),
        devices=tuple(sorted(devices, key=lambda note: note.session)),
    )


def companion(path: Path) -> Path:
    """Where it stands how a file of joined rows came about: beside it."""
    return path.with_suffix(".join.json")


def devices_of(rows: Sequence[Path]) -> list[DeviceNote]:
    """What the devices noted of themselves beside files of rows. Raises JoinError for a note that can't be read."""
    found = []
    for path in rows:
        note = path.with_name(f"device-{path.stem.removeprefix('transactions-')}.json")
        if not note.is_file():
            continue
        try:
            document = upgrade(json.loads(note.read_bytes()), "device-note", note.name)
            found.append(DeviceNote.model_validate(document))
        except (OSError, ValueError, RecursionError, SchemaError, ValidationError) as error:
            raise JoinError(
                f"{note}: expected what the device noted of itself, found none that can be read "
                f"({str(error).splitlines()[0]})."
            ) from error
    return found


def written(rows: Sequence[Transaction]) -> bytes:
    """Rows as a file of JSON lines."""
    return b"".join(row.model_dump_json(by_alias=True).encode() + b"\n" for row in rows)


def session(row: Transaction) -> str:
    """The device's session that a row is of, without the round that `join` adds."""
    return "/".join(row.session.split("/")[:2])


def _read(files: Mapping[str, bytes], people: Mapping[str, str]) -> tuple[dict[str, _Row], tuple[Source, ...], int]:
    found: dict[str, _Row] = {}
    sources: list[Source] = []
    elsewhere = 0
    for name, content in files.items():
        origins: Counter[str] = Counter()
        for number, line in enumerate(content.splitlines(), start=1):
            where = f"{name}, line {number}"
            row = read_row(line, where)
            origins[row.origin] += 1
            if row.true_subject is not None or row.id in found:
                raise JoinError(
                    f"{where}: expected a device's row, once, with nobody observed, found "
                    f"{'an id that was there before' if row.id in found else 'one that was joined already'}."
                )
            seen = {one for one in (row.claimed, row.decided_subject) if one is not None}
            if not seen <= set(people):
                elsewhere += 1
                continue
            own = row.model_copy(
                update={
                    "claimed": None if row.claimed is None else people[row.claimed],
                    "decided_subject": None if row.decided_subject is None else people[row.decided_subject],
                }
            )
            at = started(own)
            found[row.id] = _Row(own, where, at.replace(tzinfo=None), own.decided_subject or own.claimed)
        sources.append(
            Source(file=name, sha256=hashlib.sha256(content).hexdigest(), rows=origins.total(), origins=dict(origins))
        )
    if not found:
        raise JoinError(
            f"{', '.join(files)}: expected rows of people of the plan, found none. Are the people's pseudonyms those "
            "of this store (threshold pilot people)?"
        )
    return found, tuple(sources), elsewhere


def _zones(rows: Mapping[str, _Row]) -> dict[object, tzinfo | None]:
    """The zone of each day, and under None of any: what the observer noted has none of its own."""
    zones: dict[object, tzinfo | None] = {}
    for each in rows.values():
        zone = started(each.row).tzinfo
        zones.setdefault(each.at.date(), zone)
        zones.setdefault(None, zone)
    return zones


def _opened(rows: Mapping[str, _Row], lines: Sequence[Line]) -> dict[date, datetime]:
    moments = [each.at for each in rows.values()]
    moments += [line.moment for line in lines if line.moment is not None and line.time is not None]
    return {moment.date(): moment for moment in sorted(moments, reverse=True)}


def _settled(work: _Work, name: str, lines: Sequence[Line]) -> None:
    """Lines of which a person wrote which row is theirs."""
    for line in lines:
        if line.row is None:
            continue
        if line.row == NO_ROW:
            _unrecorded(work, name, line)
            continue
        each = work.rows.get(line.row)
        if each is None or each.row.lane != line.planned.lane or line.row in work.used:
            found = "no row" if each is None else "a row of another lane or line"
            raise JoinError(
                f"{name}, line {line.number}: row: expected the id of a row at {line.planned.lane}, or {NO_ROW}, found "
                f"{found}."
            )
        _belongs(work, name, line, [each])


def _agreeing(work: _Work, name: str, lines: Sequence[Line]) -> None:
    """Lines and rows that say the same person, lane and time, and nothing else does."""
    fitting = {line.number: list(_fitting(work, line)) for line in lines}
    claims = Counter(each.row.id for rows in fitting.values() for each in rows)
    contested: defaultdict[str, list[int]] = defaultdict(list)
    for line in lines:
        for each in fitting[line.number]:
            if claims[each.row.id] > 1:
                contested[each.row.id].append(line.number)
    for line in lines:
        rows = sorted(fitting[line.number], key=lambda each: each.at)
        where, lane = f"{name}, line {line.number}", line.planned.lane
        if line.let_in is None:
            continue
        others = sorted({number for each in rows for number in contested[each.row.id]} - {line.number})
        if others:
            numbers = ", ".join(map(str, others))
            work.leave("ambiguous", where, lane, f"{rows[0].where} fits line {numbers} of the sheet as well", rows)
        elif line.let_in == "absent" or line.reason in NEVER_TRIED:
            if rows:
                work.leave(
                    "contradicted", where, lane, f"{line.reason or line.let_in}, but there is {rows[0].where}", rows
                )
            elif line.let_in != "absent":
                _unrecorded(work, name, line)
        elif rows:
            _belongs(work, name, line, rows)
        else:
            _unrecorded(work, name, line)


def _fitting(work: _Work, line: Line) -> Iterator[_Row]:
    moment = line.moment
    if line.let_in is None or moment is None:
        return
    whole_day = line.let_in == "absent" or line.reason in NEVER_TRIED
    for each in work.rows.values():
        if each.row.id in work.used or (each.row.lane, each.person) != (line.planned.lane, line.planned.person):
            continue
        if each.at.date() == line.date if whole_day else abs(each.at - moment) <= work.within:
            yield each


def _belongs(work: _Work, name: str, line: Line, rows: Sequence[_Row]) -> None:
    """One transaction of one line's rows: tries that were turned away, and the last. Or it is named why not."""
    *tries, last = rows
    where, lane = f"{name}, line {line.number}", line.planned.lane
    opened = line.let_in == "lane"
    if any(each.row.outcome == "opened" for each in tries) or len({each.row.session for each in rows}) > 1:
        told = ", ".join(each.where for each in rows)
        work.leave("ambiguous", where, lane, f"{told} are no tries of one transaction", rows)
    elif (last.row.outcome == "opened") != opened:
        says = f"let_in is {line.let_in}, but {last.where} says {last.row.outcome}"
        work.leave("contradicted", where, lane, says, rows)
    else:
        work.used.update(each.row.id for each in rows)
        work.lines[line.number] = last.row.id
        first = rows[0].row
        work.out.append(
            last.row.model_copy(
                update={
                    "session": _session(last.row.session, line),
                    "entered": first.entered,
                    "presented": first.presented,
                    "attempts": sum(each.row.attempts for each in rows),
                    "true_subject": line.planned.person,
                    "enrolled": line.reason != "stranger",
                }
            )
        )


def _unrecorded(work: _Work, name: str, line: Line) -> None:
    """A row of what the observer alone saw: who never got as far as the device, and lanes that have none."""
    where, lane, moment = f"{name}, line {line.number}", line.planned.lane, line.moment
    timed = lane in work.by_hand and line.seconds is not None
    if line.let_in == "lane" and not timed:
        says = "the seconds it took" if lane in work.by_hand else "a row of the device, where the lane let somebody in"
        work.leave("no-row", where, lane, f"expected {says}, found none; the device may have taken them for another")
        return
    if moment is None or line.let_in == "absent":
        return
    if line.time is None:  # who never tried has no time but the day
        moment = work.opened.get(moment.date(), moment)
    zone = work.zones.get(moment.date(), work.zones[None])
    opened = line.let_in == "lane"
    presented = line.reason in PRESENTED  # at the noted time, by the minute: it enters into no time, and into FNIR
    untold = Stamp.absent("noted-by-hand")
    row = Transaction(
        id=f"sheet-{line.number}",
        lane=lane,
        origin=work.origin,
        session=_session(f"{moment.replace(tzinfo=zone).isoformat()}/sheet-{line.number}", line),
        entered=Stamp.at(0) if opened else untold,
        presented=Stamp.at(0) if presented else untold,
        decided=Stamp.at(round((line.seconds or 0.0) * 1e9)) if opened else untold,
        crossed=untold,
        attempts=int(presented),
        true_subject=line.planned.person,
        enrolled=line.reason != "stranger",
        outcome="opened" if opened else "denied" if line.let_in == "hand" else "abandoned",
        reason="noted-by-hand"
        if opened
        else line.reason or ("went-in-behind" if line.let_in == "behind" else "not-told"),
    )
    work.lines[line.number] = row.id
    work.out.append(row)


def _session(whole: str, line: Line) -> str:
    """Each planned transaction has a session of its own: a second round of a day is another."""
    return whole if line.planned.round == 1 else f"{whole}/round-{line.planned.round}"
