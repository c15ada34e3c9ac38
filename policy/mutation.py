"""The mutation table: of every record that is allowed, each fact changed alone, and exactly which findings change.

The other values of a fact come from its type in the record's model: each other word of a list of words, the other truth
value, a day long past and one far off, small and large numbers, other text, an empty list; and always `none` and
`unknown` where the model has them. An entry of a list can also be taken away. A fact that is unknown in an allowed
record is tried with every value too.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from policy import paths
from policy.case import expected
from policy.engine import assess
from policy.places import name, options, type_at
from policy.record import Record, read
from policy.replay import replay
from policy.rule import rules
from policy.verdict import Mode, Verdict

GONE = "(taken away)"
ENTRY = "(an entry)"
ENTRIES = "(entries)"
OTHERWISE = "something else"
SAMPLES: Mapping[type, tuple[Any, ...]] = {
    bool: (True, False),
    int: (0, 1, 15, 17, 18, 40, 130),
    float: (0.0, 0.5, 1.0, 1000.0),
    str: (OTHERWISE,),
    date: ("2000-01-01", "2099-12-31"),
}
COLUMNS = ("record", "as_of", "ask", "fact", "old", "new", "verdict", "findings that change")


@dataclass(frozen=True, slots=True)
class Subject:
    """A record that is allowed, and how it is asked."""

    name: str
    document: dict[str, Any]
    as_of: date
    ask: Mode = "start"

    def verdict(self, document: Mapping[str, Any] | None = None) -> Verdict:
        """What the rules say, of this record or of another asked in the same way."""
        record = Record.model_validate(self.document if document is None else document)
        return assess(record, as_of=self.as_of, mode=self.ask)


@dataclass(frozen=True, slots=True)
class Mutation:
    """One fact changed alone: the findings that are then otherwise, each with its outcome before and after."""

    subject: Subject
    fact: str
    old: Any
    new: Any
    verdict: str
    changes: tuple[tuple[str, str, str], ...]

    @property
    def rules(self) -> frozenset[str]:
        """The rules whose findings change."""
        return frozenset(finding.partition("[")[0] for finding, _, _ in self.changes)


def mutations(subject: Subject) -> Iterator[Mutation]:
    """Every other value of every fact, one at a time. A value that the record's model refuses is left out."""
    before = outcomes(subject.verdict())
    for path, old in _places(subject.document):
        for new in others(path, old):
            if new == GONE:
                document = paths.without(subject.document, {f"{path}.{label}" for label in paths.LABELS})
            else:
                document = paths.changed(subject.document, {path: new})
            try:
                got = subject.verdict(document)
            except ValidationError:
                continue
            after = outcomes(got)
            changes = tuple(
                (finding, before.get(finding, "absent"), after.get(finding, "absent"))
                for finding in sorted(before.keys() | after.keys())
                if before.get(finding) != after.get(finding)
            )
            yield Mutation(subject, path, old, new, got.verdict, changes)


def declares(rule: str, fact: str) -> bool:
    """Does the rule declare what stands at `fact`, something in it, or a whole that it is part of?

    A rule on operations is asked once for each: it declares their list by that.
    """
    place, asked = re.sub(r"\[\d+\]", "[]", fact), rules()[rule]
    return (asked.scope == "operation" and place in ("op", "op[]")) or any(
        place == read or place.startswith((f"{read}.", f"{read}[")) or read.startswith((f"{place}.", f"{place}["))
        for read in asked.facts
    )


def outcomes(verdict: Verdict) -> dict[str, str]:
    """Rule → outcome; of a rule that is asked once an operation, `rule[operation]`."""
    return {
        finding.rule if finding.operation is None else f"{finding.rule}[{finding.operation}]": finding.outcome
        for finding in verdict.findings
    }


def _places(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each fact with its value; before the facts of a list's entries, the list and the entry themselves."""
    seen = set()
    for path, value in paths.all_facts(document).items():
        parts = paths.steps(path)
        for index, part in enumerate(parts):
            if isinstance(part, int):
                for place, old in ((name(parts[:index]), ENTRIES), (name(parts[: index + 1]), ENTRY)):
                    if place not in seen:
                        seen.add(place)
                        yield place, old
        if parts[-1] not in paths.LABELS:
            yield path, value


def others(path: str, old: Any) -> Iterator[Any]:
    """The other values of the fact at `path`, by its type."""
    if old == ENTRY:
        yield GONE
        return
    samples = [] if old == ENTRIES else list(_values(type_at(paths.steps(path), Record), old))
    seen = [json.dumps(old)]
    for new in [*samples, "none", "unknown"]:
        if (text := json.dumps(new)) not in seen:
            seen.append(text)
            yield new


def _values(annotation: Any, old: Any) -> Iterator[Any]:
    for part in options(annotation):
        if get_origin(part) is Literal:
            yield from get_args(part)
        elif get_origin(part) is tuple:
            now = old if isinstance(old, list) else []
            yield []
            more = [value for value in _values(get_args(part)[0], None) if value not in ("none", "unknown", *now)]
            yield from ([*now, value] for value in more)
            if len(now) > 1:
                yield from (now[:index] + now[index + 1 :] for index in range(len(now)))
        elif isinstance(part, type):
            yield from SAMPLES.get(part, ())


def table(found: Iterable[Mutation]) -> str:
    """These mutations as CSV, one a line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for mutation in found:
        subject = mutation.subject
        changes = "; ".join(f"{finding}: {old} → {new}" for finding, old, new in mutation.changes)
        writer.writerow(
            (
                subject.name,
                subject.as_of.isoformat(),
                subject.ask,
                mutation.fact,
                _cell(mutation.old),
                _cell(mutation.new),
                mutation.verdict,
                changes,
            )
        )
    return text.getvalue()


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def allowed(records: Path) -> tuple[Subject, ...]:
    """Every record that the rules allow: decided cases at the last date on which they are, and the records in the
    folder, as of the day for which expected.toml was written.
    """
    today = expected().today
    found: dict[str, Subject] = {}
    for row in replay(today):
        if row.got.verdict == "allow":
            subject = Subject(row.name, row.case.document(row.as_of, row.row.variant), row.as_of, row.row.ask)
            if row.name not in found or found[row.name].as_of < row.as_of:
                found[row.name] = subject
    for path in sorted(records.glob("*.yaml")):
        subject = Subject(path.stem, paths.document(read(path)), today)
        if subject.verdict().verdict == "allow":
            found[path.stem] = subject
    return tuple(found.values())
