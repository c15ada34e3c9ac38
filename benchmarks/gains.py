"""What a pilot showed of faces beside something milder: gains counted from its rows, held against what was declared.

A pilot's session says when it began: `2026-03-02T07:30:00+01:00/K1`, the time with its zone and then anything; stamps
count from there. So the first transaction has a time, and margin and need are those that the ledger held before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from benchmarks import method
from benchmarks.errors import BenchmarkError
from benchmarks.interval import Interval
from edge.transaction import Lane, Transaction
from policy.declaration import Declaration
from policy.entry import AlternativeId

FACES: tuple[Lane, ...] = ("face-1n", "face-tag", "face-on-tag")
ALTERNATIVE: Mapping[Lane, AlternativeId] = {
    "tag-uid": "tag",
    "tag-auth": "tag",
    "tag-pin": "tag",
    "pin": "pin",
    "qr": "qr",
    "key": "key",
    "register": "manual",
    "open": "no_control",
}
"""Which alternative of the rules a lane is."""


class PilotError(BenchmarkError, ValueError):
    """Error raised for rows that are no pilot to compare: names what was expected and found."""


def begun(row: Transaction) -> datetime:
    """When a pilot's row began. Raises PilotError."""
    if row.origin != "pilot":
        raise PilotError(f"{row.id}: expected a row of a pilot, found one of a {row.origin}: it is no measured gain.")
    return started(row)


def started(row: Transaction) -> datetime:
    """When a row began, wherever it comes from, in its session's zone. Raises PilotError."""
    stamps = [stamp.t_ns for stamp in (row.entered, row.presented, row.decided, row.crossed) if stamp.t_ns is not None]
    try:
        start = datetime.fromisoformat(row.session.partition("/")[0])
    except ValueError:
        start = datetime.min
    if start.tzinfo is None:
        raise PilotError(
            f"{row.id}: expected a session that begins with its time and zone (2026-03-02T07:30:00+01:00/…), found "
            f"{row.session!r}."
        )
    return start + timedelta(microseconds=min(stamps, default=0) // 1000)


def first_transaction(rows: Sequence[Transaction]) -> datetime:
    """When the earliest began, in UTC. Raises PilotError."""
    if not rows:
        raise PilotError("pilot: expected rows, found none.")
    return min(map(begun, rows)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Gain:
    """What a declaration comes to: the alternative's failures, wrong admissions or median seconds minus the face
    lane's, so that positive is better for faces. Shares, or s."""

    declaration: Declaration
    face: Lane
    other: Lane
    value: float
    interval: Interval
    n: int
    """Rows it stands on."""
    persons: int


def compared(rows: Sequence[Transaction], declared: Sequence[Declaration]) -> list[Gain]:
    """The gain of each declaration.

    Raises PilotError: two face lanes, or two lanes of one alternative, other persons at one than at the other, no rows
    for a declaration.
    """
    by_lane: dict[Lane, list[Transaction]] = {}
    for row in rows:
        by_lane.setdefault(row.lane, []).append(row)
    repeated = len({(row.lane, row.id) for row in rows}) != len(rows)
    faces = [lane for lane in FACES if lane in by_lane]
    if len(faces) != 1 or repeated:
        found = "a row twice" if repeated else ", ".join(faces) or "none"
        raise PilotError(f"pilot: expected one face lane, each row once, found {found}.")
    if not declared:
        raise PilotError("pilot: expected margin and need declared before its first transaction, found none.")
    found_gains = []
    for each in declared:
        lanes = [lane for lane, alternative in ALTERNATIVE.items() if alternative == each.body.alternative]
        there = [lane for lane in lanes if lane in by_lane]
        if len(there) != 1:
            raise PilotError(
                f"{each.body.alternative}: as entry {each.seq} of the ledger declares, expected rows of one of "
                f"{', '.join(lanes) or 'no lane'}, found {', '.join(there) or 'none'}."
            )
        value, interval, count, persons = _gain(each.body.measure, by_lane[there[0]], by_lane[faces[0]])
        found_gains.append(Gain(each, faces[0], there[0], value, interval, count, persons))
    return found_gains


def gains(rows: Sequence[Transaction], declared: Sequence[Declaration]) -> dict[str, Any]:
    """Measured alternatives (without signature) of a pilot's rows: a comparison for each declaration. Raises PilotError
    as `compared` does."""
    first = first_transaction(rows)
    comparisons = [
        {
            "alternative": each.declaration.body.alternative,
            "measure": each.declaration.body.measure,
            "unit": "s" if each.declaration.body.measure == "seconds" else "share",
            "margin": each.declaration.body.margin,
            "need": each.declaration.body.need,
            "gain": {
                "value": each.value,
                "interval": [each.interval.low, each.interval.high],
                "level": each.interval.level,
                "n": each.n,
            },
        }
        for each in compared(rows, declared)
    ]
    return {
        "schema": "threshold/measured-alternatives/1",
        "id": f"pilot-{first.date().isoformat()}",
        "grade": "pilot",
        "fixed_at": max(each.at for each in declared).isoformat(),
        "first_transaction_at": first.isoformat(),
        "comparisons": comparisons,
    }


def _gain(measure: str, other: Sequence[Transaction], face: Sequence[Transaction]) -> tuple[float, Interval, int, int]:
    """The alternative's minus the face's, with its interval over persons; how many rows and persons it stands on."""
    legitimate = measure != "wrong_in"
    sides = [[row for row in rows if row.enrolled is legitimate and row.true_subject] for rows in (other, face)]
    if measure == "seconds":
        sides = [[row for row in rows if row.opened_ns is not None] for rows in sides]
    whose = [[row.true_subject or "" for row in rows] for rows in sides]
    if not all(whose) or (measure != "seconds" and set(whose[0]) != set(whose[1])):
        raise PilotError(
            f"{measure}: expected the same persons at both lanes, found {len(set(whose[0]))} and {len(set(whose[1]))}, "
            f"{len(set(whose[0]) & set(whose[1]))} of them at both. Note on the sheet what became of "
            "the others there, or leave them out of both."
        )
    count, persons = len(sides[0]) + len(sides[1]), len({*whose[0], *whose[1]})
    if measure == "seconds":
        times = [[(row.opened_ns or 0) / 1e9 for row in rows] for rows in sides]
        middles = [float(np.quantile(values, 0.5, method="inverted_cdf")) for values in times]
        interval = method.quantile_difference(times[0], whose[0], times[1], whose[1], 0.5)
        return middles[0] - middles[1], interval, count, persons
    wrong = [[(row.outcome == "opened") != legitimate for row in rows] for rows in sides]
    interval = method.crossover_difference(wrong[0], whose[0], wrong[1], whose[1])
    return float(np.mean(wrong[0])) - float(np.mean(wrong[1])), interval, count, persons
