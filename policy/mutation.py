"""The mutation table: of every record that is allowed, each fact changed alone, and exactly which findings change.

The other values of a fact come from its type in the record's model: each other word of a list of words, the other truth
value, a day long past and one far off, small and large numbers, other text, an empty list; and always `none` and
`unknown` where the model has them. An entry of a list can also be taken away.
"""

from __future__ import annotations

import csv
import io
import json
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from policy import paths
from policy.case import expected
from policy.engine import assess
from policy.record import Record, read
from policy.replay import replay
from policy.verdict import Mode, Verdict

GONE = "taken away"
OTHERWISE = "something else"
_SAMPLES: Mapping[type, tuple[Any, ...]] = {
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
    """Every other value of every known fact, one at a time. A value that the record's model refuses is left out."""
    before = outcomes(subject.verdict())
    for path, old in _places(subject.document):
        for new in _others(path, old, subject.document):
            document = (
                paths.without(subject.document, {f"{path}.{label}" for label in paths.LABELS})
                if new == GONE
                else paths.changed(subject.document, {path: new})
            )
            try:
                got = subject.verdict(document)
            except ValidationError:
                continue
            after = outcomes(got)
            changes = tuple(
                (rule, before.get(rule, "absent"), after.get(rule, "absent"))
                for rule in sorted(before.keys() | after.keys())
                if before.get(rule, "absent") != after.get(rule, "absent")
            )
            yield Mutation(subject, path, old, new, got.verdict, changes)


def outcomes(verdict: Verdict) -> dict[str, str]:
    """Rule → outcome; of a rule that is asked once an operation, `rule[operation]`."""
    return {
        finding.rule if finding.operation is None else f"{finding.rule}[{finding.operation}]": finding.outcome
        for finding in verdict.findings
    }


def _places(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    seen = set()
    for path, value in paths.known(document).items():
        parts = paths.steps(path)
        for index, part in enumerate(parts):
            if isinstance(part, int):
                entry = _written(parts[: index + 1])
                whole = _written(parts[:index])
                for place, old in ((whole, "entries"), (entry, "entry")):
                    if place not in seen:
                        seen.add(place)
                        yield place, old
        if parts[-1] not in paths.LABELS:
            yield path, value


def _written(parts: Iterable[str | int]) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _others(path: str, old: Any, document: Mapping[str, Any]) -> Iterator[Any]:
    if old == "entry":
        yield GONE
        return
    samples = [] if old == "entries" else list(_values(_annotation(path), old))
    kept: list[Any] = []
    for new in [*samples, "none", "unknown"]:
        if new != old and new not in kept or isinstance(new, bool) != isinstance(old, bool) and new not in kept:
            kept.append(new)
    yield from kept


def _annotation(path: str) -> Any:
    """The type of the fact at `path`, from the record's model."""
    here: Any = Record
    for step in paths.steps(path):
        if isinstance(step, int):
            here = next((args[0] for args in _sequences(here)), Any)
            continue
        model = next((part for part in _parts(here) if isinstance(part, type) and issubclass(part, BaseModel)), None)
        if model is None:
            return Any
        field = next((field for name, field in model.model_fields.items() if (field.alias or name) == step), None)
        if field is None:
            return Any
        here = field.annotation
    return here


def _parts(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _parts(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from _parts(part)
    else:
        yield annotation


def _sequences(annotation: Any) -> Iterator[tuple[Any, ...]]:
    for part in _parts(annotation):
        if get_origin(part) in (tuple, list):
            yield get_args(part)


def _values(annotation: Any, old: Any) -> Iterator[Any]:
    for part in _parts(annotation):
        if get_origin(part) is Literal:
            yield from (word for word in get_args(part) if word not in ("none", "unknown"))
        elif get_origin(part) in (tuple, list):
            yield []
            inner = [value for value in _values(get_args(part)[0], None) if not isinstance(old, list) or value not in old]
            yield from ([*old, value] if isinstance(old, list) else [value] for value in inner[:1])
            if isinstance(old, list) and len(old) > 1:
                yield from (old[:index] + old[index + 1 :] for index in range(len(old)))
        elif isinstance(part, type):
            yield from _SAMPLES.get(part, ())


def table(subjects: Iterable[Subject]) -> str:
    """The table of these records as CSV, one line a mutation."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for subject in subjects:
        for found in mutations(subject):
            changes = "; ".join(f"{rule}: {old} → {new}" for rule, old, new in found.changes)
            writer.writerow(
                (
                    subject.name,
                    subject.as_of.isoformat(),
                    subject.ask,
                    found.fact,
                    _cell(found.old),
                    _cell(found.new),
                    found.verdict,
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
