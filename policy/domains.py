"""What values each fact could have: for searches, mutation tables and generated records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any, Literal, get_args, get_origin

from policy.places import options, table
from policy.record import Record

Place = tuple[str | int, ...]
"""Keys and positions from the root of a record's facts."""


@cache
def domain(path: str) -> tuple[Any, ...]:
    """Values of the fact at `path` (such as `op[].basis6`): none, unknown, and what stands for the rest of its type.

    Dates come as such only in `values`, as they depend on the day of assessment. Empty for what isn't a single fact.
    """
    annotation: Any = Record
    required = False
    for part in path.split("."):
        model = table(annotation)
        if model is None:
            return ()
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if part.removesuffix("[]") not in fields:
            return ()
        field = fields[part.removesuffix("[]")]
        annotation, required = field.annotation, field.is_required()
    if required or table(annotation) is not None:
        return ()
    return (*_values(annotation), "none", "unknown")


def _values(annotation: Any) -> Iterator[Any]:
    for option in options(annotation):
        if get_origin(option) is Literal:
            yield from (value for value in get_args(option) if value not in ("none", "unknown"))
        elif option is bool:
            yield from (True, False)
        elif option is date:
            yield from (date.min, date.max)
        elif option is int:
            yield from (0, 1, 15, 17, 18, 40)
        elif option is float:
            yield from (0.0, 1.0)
        elif option is str:
            yield "stated"
        elif get_origin(option) is tuple:
            parts = get_args(option)
            if parts[-1] is not Ellipsis:
                continue
            choices = tuple(_values(parts[0]))
            yield ()
            yield choices
            if len(choices) > 1:
                yield from ((choice,) for choice in choices)


def places(facts: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    """Every single fact in a record's facts: its place, and its path as rules declare it."""
    yield from _places(facts, (), "")


def _places(value: Any, place: Place, path: str) -> Iterator[tuple[Place, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _places(inner, (*place, key), f"{path}.{key}" if path else key)
    elif isinstance(value, tuple) and value and isinstance(value[0], Mapping):
        for index, inner in enumerate(value):
            yield from _places(inner, (*place, index), f"{path}[]")
    elif path != "schema":
        yield place, path


def values(facts: Mapping[str, Any], place: Place, path: str, as_of: date) -> tuple[Any, ...]:
    """The values to try for a fact, its own left out: its domain, days about the assessment, and for lists of names the
    names that stand elsewhere in the record."""
    own = get(facts, place)
    found: list[Any] = []
    for value in domain(path):
        if value == date.min:
            found += [as_of - timedelta(days=3650), as_of]
        elif value == date.max:
            found.append(as_of + timedelta(days=1))
        elif value == ("stated",):
            found += [names for names in _names(facts, path) if names]
        elif value == "stated" and own in ("none", "unknown"):
            found += _named(facts, path)
        elif value != "stated":
            found.append(value)
    return tuple(value for value in dict.fromkeys(found) if value != own)


def _names(facts: Mapping[str, Any], path: str) -> list[tuple[str, ...]]:
    sources = {
        "op[].fields": "field", "dpia.ops": "op", "joint[].ops": "op", "reg.fields": "field",
        "proc[].contract.data_types": "field",
    }  # fmt: skip
    if path in sources:
        return [_ids(facts.get(sources[path], ()))]
    if path == "dpia.learned":
        return [_ids(facts.get("sup", {}).get("prior_decisions", ()))]
    if path == "notice.language":
        spoken = facts.get("dep", {}).get("language", ())
        return [spoken] if isinstance(spoken, tuple) else []
    return [("stated",)]


def _named(facts: Mapping[str, Any], path: str) -> list[str]:
    if path in ("op[].purpose", "field[].purpose"):
        return list(_ids(facts.get("purp", ())))
    if path in ("sec.region", "reg.region", "proc[].contract.region"):
        return ["EU"]
    return ["stated"]


def _ids(entries: Any) -> tuple[str, ...]:
    return tuple(entry["id"] for entry in entries) if isinstance(entries, tuple) else ()


def get(facts: Any, place: Place) -> Any:
    """The value at a place."""
    for part in place:
        facts = facts[part]
    return facts


def put(facts: Any, place: Place, value: Any) -> Any:
    """A copy of the facts with another value at a place; what isn't on the way is shared."""
    if not place:
        return value
    if isinstance(facts, tuple):
        index = place[0]
        assert isinstance(index, int)  # noqa: S101  a place in a list is a number
        return (*facts[:index], put(facts[index], place[1:], value), *facts[index + 1 :])
    return {**facts, place[0]: put(facts[place[0]], place[1:], value)}
