"""Every figure counted again, from the rows and the settings of a run, and compared key by key."""

from __future__ import annotations

import json
import math
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchmarks.errors import BenchmarkError
from benchmarks.evaluation import figures
from benchmarks.evidence import Results
from benchmarks.rows import Rows
from benchmarks.scenario import Scenario
from benchmarks.session import SESSIONS, Progress, pseudonym
from edge.transaction import Lane, Transaction
from policy.bundle import Broken
from policy.schema import SchemaError, upgrade

RELATIVE = 1e-9
"""Two machines' libraries may round a sum differently; a figure that anyone altered differs by more."""
ROUNDED_NS = 2
"""The same, of a simulated stamp: ns are rounded from seconds."""
COUNTED = ("lanes", "comparisons", "doors", "cannot_show", "scenario", "factors")
"""The keys of results that follow from rows and settings."""


@dataclass(frozen=True, slots=True)
class Recounted:
    """What came of counting again."""

    broken: tuple[Broken, ...] = ()
    figures: int = 0
    """Numbers that were compared."""
    notes: tuple[str, ...] = ()
    """What couldn't be counted, and why."""
    found: Mapping[str, Any] | None = None
    """The keys COUNTED of results, as they follow from rows and settings; None: they couldn't be counted."""


def settings(results: Results) -> dict[str, Any]:
    """What the figures follow from beside the rows: the whole scenario, and what the face lane was set to."""
    document = results.model_dump(mode="json", by_alias=True)
    face = results.lanes.get("face-1n")
    ran = face is not None and face.status == "ran"
    return {
        "scenario": {**document["scenario"], "factor": document["factors"]},
        "face": document["lanes"]["face-1n"]["settings"] if ran else None,
    }


def parsed(name: str, content: bytes) -> tuple[list[Transaction], list[Broken]]:
    """The rows of a file, and the lines that are none."""
    rows, broken = [], []
    for number, line in enumerate(content.splitlines(), start=1):
        where = f"{name}, line {number}"
        try:
            rows.append(Transaction.model_validate(upgrade(json.loads(line), "transaction", where)))
        except (ValueError, RecursionError, SchemaError) as error:
            found = str(error).splitlines()[0] if str(error) else type(error).__name__
            broken.append(Broken("transaction unreadable", where, "a row of threshold/transaction/1", found[:200]))
    return rows, broken


def missing(scenario: Scenario, lane: Lane, name: str, rows: Sequence[Transaction]) -> list[Broken]:
    """Transactions that the scenario asks for and that aren't there, are there twice, or that it doesn't know."""
    expected = {
        f"{session.name}/m{morning}/{pseudonym(person)}"
        for session in SESSIONS
        for morning in range(scenario.mornings)
        for person in range(scenario.persons)
    }
    if lane.startswith("face-"):
        expected |= {f"strangers/x{index:04d}" for index in range(scenario.strangers)}
    return _whole(name, expected, rows)


def _whole(name: str, expected: set[str], rows: Sequence[Transaction]) -> list[Broken]:
    counted = Counter(row.id for row in rows)
    told = [Broken("transaction removed", f"{name}: {key}", "a row", "none") for key in sorted(expected - set(counted))]
    told += [
        Broken("transaction added", f"{name}: {key}", "no row", "a row") for key in sorted(set(counted) - expected)
    ]
    told += [
        Broken("transaction repeated", f"{name}: {key}", "one row", f"{count} rows")
        for key, count in sorted(counted.items())
        if count > 1 and key in expected
    ]
    return told


def recount(
    files: Mapping[str, bytes],
    stated: Mapping[str, Any],
    given: Mapping[str, Any],
    progress: Progress = lambda what, total: lambda: None,
) -> Recounted:
    """What of the `stated` results (a JSON document) doesn't follow from rows and settings.

    `files` has the rows by name; `given` is what `settings` said, from where nobody altered it.
    """
    try:
        scenario = Scenario.model_validate(given["scenario"])
    except (KeyError, ValidationError) as error:
        return Recounted((Broken("settings", "scenario", "a whole scenario", str(error).splitlines()[0]),))
    broken: list[Broken] = []
    ran: list[tuple[Lane, str]] = [("tag-uid", "transactions-tag-uid.jsonl")]
    if given.get("face") is not None:
        ran.append(("face-1n", "transactions-face-1n.jsonl"))
    by_lane: dict[Lane, list[Transaction]] = {}
    for lane, name in ran:
        by_lane[lane], unreadable = parsed(name, files.get(name, b""))
        broken += unreadable
        if name in files:
            broken += missing(scenario, lane, name, by_lane[lane])
        wrong = [row for row in by_lane[lane] if (row.lane, row.origin) != (lane, "simulation")]
        broken += [
            Broken("transaction altered", f"{name}: {row.id}", f"{lane}, simulation", f"{row.lane}, {row.origin}")
            for row in wrong
        ]
    if broken or any(name not in files for _, name in ran):
        return Recounted(tuple(broken), notes=("The figures were not counted again: they need every transaction.",))
    with tempfile.TemporaryDirectory(prefix="threshold-") as temporary, ExitStack() as stack:
        folder = Path(temporary)
        kept = {lane: stack.enter_context(Rows(folder, lane)) for lane, _ in ran}
        for lane, rows in kept.items():
            rows.extend(by_lane[lane])
        face = (kept["face-1n"], given["face"]) if "face-1n" in kept else None
        try:
            found = figures(scenario, folder, kept["tag-uid"], face, progress, _liveness(stated))
        except (BenchmarkError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # Rows or settings that fit each other in form and make no sense: whoever signed them may have written any.
            says = f"{type(error).__name__}: {error}"[:200]
            return Recounted((Broken("settings", "manifest.settings", "settings that figures follow from", says),))
        document = {
            "lanes": {lane: result.model_dump(mode="json") for lane, result in found.lanes.items()},
            "comparisons": [each.model_dump(mode="json") for each in found.comparisons],
            "doors": found.doors.model_dump(mode="json"),
            "cannot_show": json.loads(json.dumps(found.cannot_show)),
            "scenario": scenario.model_dump(mode="json", exclude={"factor"}),
            "factors": [factor.model_dump(mode="json") for factor in scenario.factor],
        }
        for lane, door in found.doors.lanes.items():
            name = door.transactions.file
            broken += _sampled(name, (folder / name).read_bytes(), files.get(name, b""))
            # The sample was compared row by row; its digest is of the rounding of the machine that drew it.
            for place in (stated.get("lanes", {}).get(lane), (stated.get("doors") or {}).get("lanes", {}).get(lane)):
                said = (place or {}).get("transactions") or {}
                if said.get("file") == name:
                    _adopt(document, lane, said.get("sha256"))
    broken += differences(document, {key: stated.get(key) for key in COUNTED})
    return Recounted(tuple(broken), numbers(document), found=document)


def _liveness(stated: Mapping[str, Any]) -> str | None:
    """Which liveness network was installed and not run: nothing is counted from it, and the limits name it."""
    for entry in stated.get("cannot_show") or ():
        if isinstance(entry, dict) and entry.get("id") == "liveness-not-run":
            return str(entry.get("network"))
    return None


def _adopt(document: dict[str, Any], lane: str, sha256: object) -> None:
    document["doors"]["lanes"][lane]["transactions"]["sha256"] = sha256
    if document["lanes"][lane]["status"] == "simulated":
        document["lanes"][lane]["transactions"]["sha256"] = sha256


def _sampled(name: str, again: bytes, stated: bytes) -> Iterator[Broken]:
    """The doors' sample simulated again, against the one in the bundle."""
    if not stated:
        return  # a file that is missing is named where files are compared
    ours, _ = parsed(name, again)
    theirs, unreadable = parsed(name, stated)
    yield from unreadable
    yield from _whole(name, {row.id for row in ours}, theirs)
    told = {row.id: row for row in theirs}
    for row in ours:
        if row.id in told and (far := _apart(row, told[row.id])):
            yield Broken("transaction altered", f"{name}: {row.id}, {far[0]}", far[1], far[2])


def _apart(one: Transaction, other: Transaction) -> tuple[str, str, str] | None:
    """The first key in which two rows differ by more than rounding."""
    first, second = one.model_dump(mode="json"), other.model_dump(mode="json")
    for key, value in first.items():
        found = second[key]
        if value == found:
            continue
        if isinstance(value, dict) and None not in (value["t_ns"], found["t_ns"]):
            if abs(value["t_ns"] - found["t_ns"]) <= ROUNDED_NS:
                continue
            return f"{key}.t_ns", str(value["t_ns"]), str(found["t_ns"])
        return key, _short(value), _short(found)
    return None


def differences(expected: object, found: object, key: str = "") -> Iterator[Broken]:
    """Where two JSON documents differ, numbers by more than RELATIVE; an entry that is missing is one difference."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted({*expected, *found}):
            inner = f"{key}.{name}" if key else str(name)
            if name not in found or name not in expected:
                there = (expected if name in expected else found)[name]
                says = (_short(there), "none") if name in expected else ("none", _short(there))
                yield Broken("figure", inner, *says)
            else:
                yield from differences(expected[name], found[name], inner)
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            yield Broken("figure", key, f"{len(expected)} entries", f"{len(found)}")
        for index, (one, other) in enumerate(zip(expected, found, strict=False)):
            yield from differences(one, other, f"{key}.{_name(one, index)}")
    elif not _same(expected, found):
        yield Broken("figure", key, _short(expected), _short(found))


def _name(entry: object, index: int) -> str:
    """An entry of a list by what it is, where it says so."""
    if isinstance(entry, dict):
        told = [
            str(entry[name])
            for name in ("id", "outcome", "first", "second", "first_level", "second_level", "lane_level", "scene_level")
            if name in entry
        ]
        if told:
            return f"{index} ({', '.join(told)})"
    return str(index)


def _same(one: object, other: object) -> bool:
    if isinstance(one, bool) or isinstance(other, bool) or not isinstance(one, int | float):
        return one == other and type(one) is type(other)
    return isinstance(other, int | float) and math.isclose(one, other, rel_tol=RELATIVE, abs_tol=1e-12)


def numbers(document: object) -> int:
    """How many figures a JSON document holds."""
    if isinstance(document, dict):
        return sum(map(numbers, document.values()))
    if isinstance(document, list):
        return sum(map(numbers, document))
    return isinstance(document, int | float) and not isinstance(document, bool)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:119]}…"
