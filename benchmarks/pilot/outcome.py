"""What a pilot counted, as one document: every figure with its interval, and what may be said of it. The page is a view
of this and of nothing else; a bundle holds it, and `threshold verify` counts it again."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import Field, ValidationError

from benchmarks import method
from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Attached, Quantity, Sentence, Value, sentence
from benchmarks.gains import FACES, Gain, begun, compared, first_transaction
from benchmarks.interval import Interval
from benchmarks.pilot.join import Join, Left, session
from benchmarks.pilot.sheet import Line, read_sheet
from benchmarks.transactions import (
    Gathered,
    LaneRates,
    Roster,
    Source,
    Standing,
    lane_rates,
    read_row,
)
from edge.device.note import DeviceNote
from edge.transaction import LANES, Lane, Transaction
from policy.bundle import Broken
from policy.declaration import Declaration
from policy.entry import AlternativeId, Measure
from policy.schema import SchemaError, upgrade


class OutcomeError(BenchmarkError, ValueError):
    """Error raised for rows, sheet and join of a pilot that don't belong together: what was expected and found."""


class Compared(Value):
    """Faces beside one alternative in one measure, held to what was declared before the first transaction."""

    alternative: AlternativeId
    measure: Measure
    face: Lane
    other: Lane
    difference: Quantity
    """The face lane's minus the alternative's: below zero the face lane has fewer failures, or takes less time."""
    margin: float
    need: float
    reached: bool
    """Whether faces are shown to be better by more than was declared to be needed."""
    entry: int
    """Of the ledger."""
    at: str
    """When it was declared."""
    sentence: Sentence
    persons: int
    persons_needed: int | None
    """About how many would show it, if the difference and its spread stayed as they are; None: it is shown, or no
    number would."""


class Day(Value):
    """One day of the pilot."""

    date: str
    expected: int | None
    """Persons who were to come, by the sheet; None without one."""
    came: int
    transactions: int
    unlooked: int | None
    """Planned transactions that nobody looked at."""


class Observed(Value):
    """What the observer saw at a lane beside what the device noted."""

    let_in: dict[str, int]
    reasons: dict[str, int]
    by_hand: Quantity | None
    """Median seconds of letting somebody in by hand; None where fewer than two persons were timed."""


class PilotLane(Value):
    """One lane."""

    rates: LaneRates
    noted: int
    """Transactions that the observer alone saw: no row of the device's."""
    observed: Observed | None


class Pilot(Value):
    """The document."""

    schema_: Literal["threshold/pilot/1"] = Field(default="threshold/pilot/1", alias="schema")
    program: str
    first: str
    last: str
    """When the first and the last transaction began."""
    persons: int
    rows: int
    lanes: dict[Lane, PilotLane]
    compared: tuple[Compared, ...]
    days: tuple[Day, ...]
    unknown: dict[Lane, int]
    """Rows of which nobody saw whose they are: in no figure."""
    left: tuple[Left, ...]
    elsewhere: int
    """Rows of people outside the pilot, which were left where they are."""
    sheet: str | None
    """SHA-256 of the observer's sheet; None: there was none."""
    sources: tuple[Source, ...]
    """The device's files that the rows come from."""
    devices: tuple[DeviceNote, ...]
    undescribed: int
    """Sessions of a device that noted nothing of itself."""
    changed: tuple[str, ...]
    """Settings that weren't the same all the time."""
    verdict: Attached | None


def read_join(content: bytes, name: str) -> Join:
    """How rows were joined. Raises OutcomeError."""
    try:
        return Join.model_validate(upgrade(json.loads(content), "pilot-join", name))
    except (ValueError, RecursionError, SchemaError, ValidationError) as error:
        found = str(error).splitlines()[0]
        raise OutcomeError(
            f"{name}: expected threshold/pilot-join/1, found none that can be read ({found})."
        ) from error


def outcome(
    rows: Mapping[str, bytes],
    joined: Sequence[Join],
    sheet: bytes | None,
    declared: Sequence[Declaration],
    verdict: Attached | None,
    program: str,
    *,
    whole: bool = True,
) -> Pilot:
    """Everything that a pilot's rows show. `rows` are its files; `joined` says how each came about, `sheet` is what the
    observer wrote.

    Raises OutcomeError where they must belong together (`whole`) and don't: `apart` tells all of that.
    PilotError, RateError, SheetError, TransactionsError.
    """
    told = [row for name, content in rows.items() for row in _rows(content, name)]
    first = first_transaction(told)
    for problem in apart(rows, joined, sheet) if whole else ():
        raise OutcomeError(f"{problem}. What a join wrote goes unchanged into a report: threshold pilot join.")
    lines = [] if sheet is None else read_sheet(sheet, "sheet")
    known = [row for row in told if row.true_subject is not None]
    sources = tuple(
        Source(
            file=name,
            sha256=_digest(content),
            rows=len(_rows(content, name)),
            origins={"pilot": len(_rows(content, name))},
        )
        for name, content in rows.items()
    )
    devices = tuple({note.session: note for each in joined for note in each.devices}.values())
    sessions = {session(row) for row in told if not row.id.startswith("sheet-")}
    return Pilot(
        program=program,
        first=first.isoformat(timespec="seconds"),
        last=max(map(begun, told)).isoformat(timespec="seconds"),
        persons=len({row.true_subject for row in known}),
        rows=len(told),
        lanes={
            lane: _lane(lane, [row for row in known if row.lane == lane], sources, lines)
            for lane in LANES
            if any(row.lane == lane and row.enrolled is not False for row in known)
        },
        compared=tuple(_compared(each) for each in compared(told, declared)),
        days=_days(known, lines),
        unknown=dict(Counter(row.lane for row in told if row.true_subject is None)),
        left=tuple(one for each in joined for one in each.left),
        elsewhere=sum(each.elsewhere for each in joined),
        sheet=None if sheet is None else _digest(sheet),
        sources=tuple(source for each in joined for source in each.sources),
        devices=devices,
        undescribed=len(sessions - {note.session for note in devices}),
        changed=_changed(devices),
        verdict=verdict,
    )


def networks(devices: Sequence[DeviceNote]) -> dict[str, str]:
    """Networks that took part, by id. Raises OutcomeError for one that wasn't the same file all the time."""
    found: dict[str, str] = {}
    for note in devices:
        for name, digest in note.networks.items():
            if found.setdefault(name, digest) != digest:
                raise OutcomeError(f"{name}: expected one network by that name in all of a pilot, found two.")
    return found


def _rows(content: bytes, name: str) -> list[Transaction]:
    return [read_row(line, f"{name}, line {number}") for number, line in enumerate(content.splitlines(), start=1)]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def apart(rows: Mapping[str, bytes], joined: Sequence[Join], sheet: bytes | None) -> Iterator[Broken]:
    """Where rows, join and sheet say different things. Raises SheetError, TransactionsError."""
    if not joined:
        if sheet is not None:
            yield Broken("sheet", "sheet", "rows that were joined with it (threshold pilot join)", "none")
        return
    wanted = joined[0].sheet
    if sheet is None:
        yield Broken("sheet missing", "sheet", "the observer's sheet that the rows were joined with (--sheet)", "none")
        return
    if {each.sheet for each in joined} != {_digest(sheet)}:
        yield Broken("sheet swapped", "sheet", f"the one that was joined, SHA-256 {wanted}", _digest(sheet))
    lines = {line.number: line for line in read_sheet(sheet, "sheet")}
    by_id = {row.id: row for name, content in rows.items() for row in _rows(content, name)}
    seen = set()
    for number, key in sorted((number, key) for each in joined for number, key in each.lines.items()):
        line, row = lines.get(number), by_id.get(key)
        seen.add(key)
        if line is None:
            yield Broken("line removed", f"sheet, line {number}", f"the line of {key}", "none")
        elif row is None:
            yield Broken("transaction removed", f"{key} (sheet, line {number})", "a row", "none")
        else:
            says = (line.planned.person, line.planned.lane, line.reason != "stranger", line.let_in == "lane")
            found = (row.true_subject, row.lane, row.enrolled, row.outcome == "opened")
            if found != says:
                told = (f"{one[0]} at {one[1]}, enrolled {one[2]}, let in {one[3]}" for one in (says, found))
                yield Broken("transaction altered", f"{key} (sheet, line {number})", *told)
    for key, row in by_id.items():
        if row.true_subject is not None and key not in seen:
            yield Broken("transaction added", key, "a line of the sheet", f"{row.true_subject}, whom nobody saw")
    found_rows, came_out = sorted(map(_digest, rows.values())), sorted(each.rows for each in joined)
    if found_rows != came_out:
        yield Broken("rows replaced", "rows", f"SHA-256 {', '.join(came_out)} as the join says", ", ".join(found_rows))


def _lane(lane: Lane, rows: Sequence[Transaction], sources: tuple[Source, ...], lines: Sequence[Line]) -> PilotLane:
    own = [line for line in lines if line.planned.lane == lane and line.let_in is not None]
    return PilotLane(
        rates=lane_rates(Gathered(tuple(rows), sources, ()), lane, _roster(rows)),
        noted=sum(row.id.startswith("sheet-") for row in rows),
        observed=_observed(own) if own else None,
    )


def _roster(rows: Sequence[Transaction]) -> Roster:
    """How the persons of a lane stand to it: whoever only ever said no, or couldn't be enrolled, can't use it."""
    reasons: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.enrolled is not False:
            reasons[str(row.true_subject)].add(row.reason)
    found: dict[str, Standing] = {}
    for person, seen in reasons.items():
        found[person] = (
            "refused" if seen == {"refused"} else "not-enrolled" if seen <= {"refused", "not-enrolled"} else "user"
        )
    return Roster(found, {})


def _observed(lines: Sequence[Line]) -> Observed:
    timed = [
        (line.seconds, line.planned.person) for line in lines if line.let_in == "hand" and line.seconds is not None
    ]
    by_hand = None
    if len({person for _, person in timed}) > 1:
        seconds, persons = [value for value, _ in timed], [person for _, person in timed]
        middle = float(np.quantile(seconds, 0.5, method="inverted_cdf"))
        by_hand = Quantity.of(middle, "s", len(seconds), method.quantile(seconds, persons, 0.5), "sheet", "pilot")
    return Observed(
        let_in=dict(Counter(str(line.let_in) for line in lines)),
        reasons=dict(Counter(line.reason for line in lines if line.reason is not None)),
        by_hand=by_hand,
    )


def _compared(gain: Gain) -> Compared:
    body = gain.declaration.body
    turned = Interval(-gain.interval.high, -gain.interval.low, gain.interval.level, gain.interval.method)
    unit = "s" if body.measure == "seconds" else "share"
    said = sentence(turned, body.margin, "pilot")
    return Compared(
        alternative=body.alternative,
        measure=body.measure,
        face=gain.face,
        other=gain.other,
        difference=Quantity.of(0.0 - gain.value, unit, gain.n, turned, "pilot", "pilot"),
        margin=body.margin,
        need=body.need,
        reached=gain.interval.low > body.need,
        entry=gain.declaration.seq,
        at=gain.declaration.at.isoformat(),
        sentence=said,
        persons=gain.persons,
        persons_needed=needed(gain, body.margin) if said == "not shown" else None,
    )


def needed(gain: Gain, margin: float) -> int | None:
    """About how many persons would show something, were the difference the one that was found and its spread the same:
    an interval's half width falls with the root of their number. None where the difference lies at the margin."""
    distance = abs(abs(gain.value) - margin)
    half = (gain.interval.high - gain.interval.low) / 2
    if distance < 1e-9:
        return None
    return max(gain.persons + 1, math.ceil(gain.persons * (half / distance) ** 2))


def _days(rows: Sequence[Transaction], lines: Sequence[Line]) -> tuple[Day, ...]:
    """Each day's people and transactions, by the clock on the wall there."""
    found: defaultdict[str, list[Transaction]] = defaultdict(list)
    for row in rows:
        found[begun(row).date().isoformat()].append(row)
    planned: defaultdict[str, list[Line]] = defaultdict(list)
    for line in lines:
        if line.date is not None:
            planned[line.date.isoformat()].append(line)
    return tuple(
        Day(
            date=day,
            expected=len({line.planned.person for line in planned[day]}) if lines else None,
            came=len({row.true_subject for row in found[day]}),
            transactions=len(found[day]),
            unlooked=sum(line.let_in is None for line in planned[day]) if lines else None,
        )
        for day in sorted({*found, *planned})
    )


def _changed(devices: Sequence[DeviceNote]) -> tuple[str, ...]:
    """Settings of lanes, and networks, that weren't the same in every session that had them."""
    seen: defaultdict[str, set[object]] = defaultdict(set)
    for note in devices:
        for lane in note.lanes:
            seen[f"{lane.lane}.threshold"].add(lane.threshold)
            seen[f"{lane.lane}.window_s"].add(lane.window_s)
        for name, digest in note.networks.items():
            seen[name].add(digest)
        if any(lane.lane in FACES for lane in note.lanes):
            seen["camera.detect_px"].add(note.detect_px)
            seen["networks"].add(tuple(sorted(note.networks.items())))
        seen["program"].add(note.program)
    return tuple(sorted(key for key, values in seen.items() if len(values) > 1))
