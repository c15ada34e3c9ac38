"""Transactions from anywhere (a pilot's log, recordings, a simulation), and a lane's rates over two denominators.

* **users**: the person-mornings of those who can use the lane.
* **assigned**: those of everyone who was assigned to it. Who refused, or couldn't be enrolled, is served by the
  fallback lane: for this lane that is a failure each morning, and takes the fallback's time. Sentences use this one;
  leaving out who didn't fit is the oldest way to look good (docs/statistics.md).

Rows say where they come from, and the rates carry it: mixed sources take the weaker grade. A row is left out only by a
list of exclusions made for it, and every exclusion is in the document with its reason.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from pydantic import Field, ValidationError

from benchmarks import method
from benchmarks.attempts import AllowedAttempts, by_attempts
from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Grade, Quantity, Rate, Value, weaker
from benchmarks.groups import Differential, differential
from benchmarks.split import require_apart
from edge.acquire import Reason
from edge.transaction import LANES, Lane, Transaction
from policy.schema import SchemaError, upgrade

GRADE_OF: Mapping[str, Grade] = {"pilot": "pilot", "recording": "recording", "simulation": "simulated"}
"""What a row's origin lets its rates be graded."""

Standing = Literal["user", "refused", "not-enrolled"]
"""Can use the lane; said no to it; was tried and couldn't be enrolled."""

NOT_ACQUIRED = frozenset(get_args(Reason))
FACE: frozenset[Lane] = frozenset({"face-1n", "face-tag", "face-on-tag"})


class TransactionsError(BenchmarkError, ValueError):
    """Error raised when rows, a roster or exclusions can't be read or don't fit together: names file and line."""


class Source(Value):
    """A file of rows."""

    file: str
    sha256: str
    rows: int
    origins: dict[str, int]


class Exclusion(Value):
    """A row that was left out, and why."""

    id: str
    reason: str


class Served(Value):
    """A lane's legitimate failures and times over one denominator."""

    persons: int
    failures: Rate | None
    """None where fewer than two persons came."""
    reasons: dict[str, int]
    time: dict[str, Quantity]
    """p50, p90, p95, s: from entering the zone until a door was open, the fallback's time included."""
    never_served: int
    """Person-mornings without an open door anywhere, by the rows: they have no time."""


class LaneRates(Value):
    """The document that `threshold bench rates --json` gives."""

    schema_: Literal["threshold/rates/1"] = Field(default="threshold/rates/1", alias="schema")
    lane: Lane
    grade: Grade
    level: float
    sources: tuple[Source, ...]
    exclusions: tuple[Exclusion, ...]
    standings: dict[Standing, int]
    """Persons assigned to the lane, by how they stand to it."""
    threshold_fixed: str
    fte: Rate | None
    """Of the persons tried, refusers aside; None without a roster, which alone knows who couldn't be enrolled."""
    fta: Rate | None
    fnir: Rate | None
    """Of acquired presentations of users: not opened under the own name (for a 1:1 lane FNMR)."""
    misidentification: Rate | None
    """Opened under another's name: a success for the door, an error for the attendance."""
    fpir: Rate | None
    """Strangers let in."""
    users: Served
    assigned: Served
    attempts: tuple[AllowedAttempts, ...]
    groups: Differential | None
    """Failures by self-declared group, users and all."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Rows from files: what was left out is listed, and how strong the evidence is told."""

    rows: tuple[Transaction, ...]
    sources: tuple[Source, ...]
    exclusions: tuple[Exclusion, ...]

    @property
    def grade(self) -> Grade:
        """The weakest of the rows'."""
        return weaker(*{GRADE_OF[row.origin] for row in self.rows})


@dataclass(frozen=True, slots=True)
class Roster:
    """Who was assigned to a lane, how they stand to it, and which lane serves them otherwise."""

    standing: Mapping[str, Standing]
    fallback: Mapping[str, Lane]


def gather(files: Sequence[Path], exclude: Path | None = None) -> Gathered:
    """The rows of `files` (JSON lines); `exclude` is a CSV file with the columns id and reason.

    TransactionsError: a file or line that can't be read, an id twice, an exclusion of a row that isn't there, no row.
    """
    wanted = _exclusions(exclude) if exclude else {}
    rows: dict[str, Transaction] = {}
    sources = []
    for path in files:
        data = _bytes(path)
        origins: Counter[str] = Counter()
        for number, line in enumerate(data.splitlines(), start=1):
            row = read_row(line, f"{path}, line {number}")
            if row.id in rows:
                raise TransactionsError(f"{path}, line {number}: expected each id once, found {row.id!r} twice.")
            rows[row.id] = row
            origins[row.origin] += 1
        sources.append(
            Source(file=path.name, sha256=hashlib.sha256(data).hexdigest(), rows=origins.total(), origins=dict(origins))
        )
    missing = sorted(set(wanted) - set(rows))
    if missing:
        raise TransactionsError(f"{exclude}: expected ids of the rows, found {missing[0]!r}, which none has.")
    kept = tuple(row for key, row in rows.items() if key not in wanted)
    if not kept:
        raise TransactionsError(f"{', '.join(map(str, files))}: expected at least one row to be left, found none.")
    return Gathered(kept, tuple(sources), tuple(Exclusion(id=key, reason=why) for key, why in wanted.items()))


def read_roster(path: Path) -> Roster:
    """Who was assigned, from a CSV file with the columns subject, standing (user, refused, not-enrolled), fallback (a
    lane, or empty). TransactionsError: another column, a subject twice, a standing or lane that isn't known."""
    standing: dict[str, Standing] = {}
    fallback: dict[str, Lane] = {}
    for number, row in _csv(path, ("subject", "standing", "fallback")):
        subject = row["subject"]
        known = next((one for one in get_args(Standing) if one == row["standing"]), None)
        lane = next((one for one in LANES if one == row["fallback"]), None)
        if not subject or subject in standing or known is None or (row["fallback"] and lane is None):
            raise TransactionsError(
                f"{path}, line {number}: expected a subject that is new, one of {', '.join(get_args(Standing))}, and a "
                f"lane or nothing, found {', '.join(row.values())}."
            )
        standing[subject] = known
        if lane is not None:
            fallback[subject] = lane
    if not standing:
        raise TransactionsError(f"{path}: expected at least one person assigned, found none.")
    return Roster(standing, fallback)


def everyone(rows: Iterable[Transaction], lane: Lane) -> Roster:
    """A roster for rows that come without one: whoever is enrolled and came to the lane is a user, and nobody else was
    assigned; the document says so by standings without refusals."""
    return Roster({str(row.true_subject): "user" for row in rows if row.lane == lane and row.enrolled is not False}, {})


def lane_rates(
    gathered: Gathered,
    lane: Lane,
    roster: Roster | None = None,
    development: Gathered | None = None,
    labels: Mapping[str, str] | None = None,
    level: float = 0.95,
) -> LaneRates:
    """All rates of `lane`. `development`: the rows on which its threshold was fixed; `labels` as `groups.read_labels`.

    TransactionsError: no row of an enrolled person, a row without its true subject, a person who came and wasn't
    assigned. SplitError: a person in both sets of rows.
    """
    rows = [row for row in gathered.rows if row.lane == lane]
    nameless = next((row.id for row in rows if row.true_subject is None), None)
    if nameless is not None:
        raise TransactionsError(
            f"row {nameless}: expected the true subject, found none. Rates are of persons; exclude the row "
            "with a reason."
        )
    stated = roster is not None
    roster = roster or everyone(rows, lane)
    own = [row for row in rows if row.enrolled is not False]
    unknown = sorted({str(row.true_subject) for row in own} - set(roster.standing))
    if not own or unknown:
        raise TransactionsError(
            f"lane {lane}: expected rows of persons who are on the roster, found "
            f"{'nobody' if not own else f'{unknown[0]!r}, who is not on it'}."
        )
    if development is not None:
        require_apart(_people(development.rows), _people(gathered.rows))
    grade = gathered.grade
    source = ", ".join(one.file for one in gathered.sources)

    def rate(errors: Sequence[bool], whose: Sequence[Transaction]) -> Rate | None:
        subjects = [str(row.true_subject) for row in whose]
        if len(set(subjects)) < 2:
            return None
        return Rate.of(sum(errors), len(errors), method.rate(errors, subjects, level), source, grade)

    users = [row for row in own if roster.standing[str(row.true_subject)] == "user"]
    presented = [row for row in users if row.presented.t_ns is not None]
    acquired = [row for row in presented if row.reason not in NOT_ACQUIRED]
    strangers = [row for row in rows if row.enrolled is False]
    tried = [subject for subject, standing in roster.standing.items() if standing != "refused"]
    failed = [roster.standing[subject] == "not-enrolled" for subject in tried]
    fte = None
    if stated and len(tried) > 1:
        fte = Rate.of(sum(failed), len(failed), method.rate(failed, tried, level), source, grade)
    face = lane in FACE
    most = max((row.attempts for row in users), default=0)
    return LaneRates(
        lane=lane,
        grade=grade,
        level=level,
        sources=gathered.sources,
        exclusions=gathered.exclusions,
        standings={
            standing: sum(one == standing for one in roster.standing.values()) for standing in get_args(Standing)
        },
        threshold_fixed="on other people's rows, none of whom is in these"
        if development is not None
        else "not stated: without the development rows nobody can see that it wasn't fixed on these people",
        fte=fte,
        fta=rate([row.reason in NOT_ACQUIRED for row in presented], presented) if face else None,
        fnir=rate([not _rightly(row) for row in acquired], acquired) if face else None,
        misidentification=rate([_wrongly(row) for row in acquired], acquired) if face else None,
        fpir=rate([row.outcome == "opened" for row in strangers], strangers),
        users=_served(users, gathered.rows, roster, lane, {"user"}, source, grade, level),
        assigned=_served(own, gathered.rows, roster, lane, set(get_args(Standing)), source, grade, level),
        attempts=by_attempts(users, most, source, grade) if most > 1 else (),
        groups=differential(
            "legitimate failures",
            [row.outcome != "opened" for row in users],
            [str(row.true_subject) for row in users],
            labels,
            source,
            grade,
        )
        if labels is not None and users
        else None,
    )


def _served(
    rows: Sequence[Transaction],
    all_rows: Sequence[Transaction],
    roster: Roster,
    lane: Lane,
    standings: set[str],
    source: str,
    grade: Grade,
    level: float,
) -> Served:
    """Failures and times of the persons with one of `standings`, the fallback's rows beside the lane's own."""
    people = {subject for subject, standing in roster.standing.items() if standing in standings}
    mornings: dict[tuple[str, str], list[Transaction]] = defaultdict(list)
    for row in rows:
        if row.true_subject in people:
            mornings[str(row.true_subject), row.session].append(row)
    otherwise: dict[tuple[str, str], Transaction] = {}
    for row in all_rows:
        subject = str(row.true_subject)
        if row.lane != lane and subject in people and row.lane == roster.fallback.get(subject):
            otherwise[subject, row.session] = row
            if roster.standing[subject] != "user":
                mornings.setdefault((subject, row.session), [])
    failures, whose, reasons = [], [], Counter[str]()
    times, timed, never = [], [], 0
    for (subject, session), here in sorted(mornings.items()):
        opened = any(row.outcome == "opened" for row in here)
        failures.append(not opened)
        whose.append(subject)
        if not opened:
            reasons[here[-1].reason if here else roster.standing[subject]] += 1
        spent = _seconds(here, None if opened else otherwise.get((subject, session)))
        if spent is None:
            never += 1
        else:
            times.append(spent)
            timed.append(subject)
    persons = len(set(whose))
    return Served(
        persons=persons,
        failures=Rate.of(sum(failures), len(failures), method.rate(failures, whose, level), source, grade)
        if persons > 1
        else None,
        reasons=dict(reasons),
        time={
            f"p{100 * q:.0f}": Quantity.of(
                float(np.quantile(times, q, method="inverted_cdf")),
                "s",
                len(times),
                method.quantile(times, timed, q, level),
                source,
                grade,
            )
            for q in (0.5, 0.9, 0.95)
        }
        if len(set(timed)) > 1
        else {},
        never_served=never,
    )


def _seconds(here: Sequence[Transaction], otherwise: Transaction | None) -> float | None:
    """Time at the lane until it opened or said no, and then at the fallback; None where no door opened at all."""
    spent = 0
    for row in here:
        if row.opened_ns is not None:
            return (spent + row.opened_ns) / 1e9
        if row.entered.t_ns is not None and row.decided.t_ns is not None:
            spent += row.decided.t_ns - row.entered.t_ns
    if otherwise is not None and otherwise.opened_ns is not None:
        return (spent + otherwise.opened_ns) / 1e9
    return None


def _rightly(row: Transaction) -> bool:
    return row.outcome == "opened" and row.decided_subject == row.true_subject


def _wrongly(row: Transaction) -> bool:
    return row.outcome == "opened" and row.decided_subject not in (None, row.true_subject)


def _people(rows: Iterable[Transaction]) -> set[str]:
    return {row.true_subject for row in rows if row.true_subject is not None}


def read_row(line: bytes, where: str) -> Transaction:
    """The row in a line of JSON; `where` it stands is for errors. Raises TransactionsError."""
    try:
        return Transaction.model_validate(upgrade(json.loads(line), "transaction", where))
    except SchemaError as error:
        raise TransactionsError(str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"])) or "row"
        raise TransactionsError(f"{where}, key {key}: {first['msg']}, found {first['input']!r}.") from error
    except (ValueError, RecursionError) as error:
        raise TransactionsError(f"{where}: expected one JSON document a line, found {error}.") from error


def _exclusions(path: Path) -> dict[str, str]:
    listed: dict[str, str] = {}
    for number, row in _csv(path, ("id", "reason")):
        if not row["id"] or not row["reason"] or row["id"] in listed:
            raise TransactionsError(f"{path}, line {number}: expected an id that is new, and a reason, found {row}.")
        listed[row["id"]] = row["reason"]
    return listed


def _csv(path: Path, columns: tuple[str, ...]) -> Iterable[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TransactionsError(f"{path}: expected a CSV file, found none that can be read ({error}).") from error
    if not rows or tuple(rows[0]) != columns:
        found = ", ".join(rows[0]) if rows else "an empty file"
        raise TransactionsError(f"{path}, line 1: expected the columns {', '.join(columns)}, found {found}.")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(columns):
            raise TransactionsError(f"{path}, line {number}: expected {len(columns)} fields, found {len(row)}.")
        yield number, dict(zip(columns, (field.strip() for field in row), strict=True))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TransactionsError(f"{path}: expected rows, found none that can be read ({error}).") from error
