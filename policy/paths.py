"""Single facts of a processing record by their path, such as `op[0].basis9`: which there are, and setting one.

A fact is a scalar, or a list of scalars as a whole. The label of an entry (`id`, of a transfer its `country`) says that
the entry is there at all; it is counted, but can't be set without taking the entry away.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from policy.errors import PolicyError
from policy.record import Record

LABELS = frozenset({"id", "country"})
_STEP = re.compile(r"([a-z][a-z0-9_]*)|\[(\d+)\]")


class FactError(PolicyError, ValueError):
    """Error raised when a path names no place in a processing record: names the path and what stands there."""


def document(record: Record) -> dict[str, Any]:
    """The record as plain JSON values, keys as in its file."""
    whole: dict[str, Any] = record.model_dump(mode="json", by_alias=True)
    return whole


def all_facts(record: Record | Mapping[str, Any]) -> dict[str, Any]:
    """Path → value of every fact, in the order of the record."""
    whole = document(record) if isinstance(record, Record) else record
    return {path: value for path, value in _leaves("", whole) if path != "schema"}


def known(record: Record | Mapping[str, Any]) -> dict[str, Any]:
    """Path → value of every fact that is known, stated-none included, in the order of the record."""
    return {path: value for path, value in all_facts(record).items() if value != "unknown"}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(f"{path}.{key}" if path else key, item)
    elif isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(f"{path}[{index}]", item)
    else:
        yield path, value


def steps(path: str) -> tuple[str | int, ...]:
    """`op[0].basis9` → ("op", 0, "basis9"). Raises FactError."""
    found: list[str | int] = []
    place = 0
    for match in _STEP.finditer(path):
        if path[place : match.start()] not in ("", "."):
            break
        found.append(match[1] if match[1] is not None else int(match[2]))
        place = match.end()
    if place != len(path) or not found:
        raise FactError(f"{path!r}: expected a fact's path such as 'op[0].basis9', found none at {path[place:]!r}.")
    return tuple(found)


def changed(whole: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the document with these facts set. Raises FactError when a path leads nowhere."""
    result: dict[str, Any] = copy.deepcopy(dict(whole))
    for path, value in changes.items():
        *way, last = steps(path)
        place: Any = result
        for step in way:
            place = _enter(place, step, path)
        if isinstance(last, int):
            _enter(place, last, path)
        elif not isinstance(place, dict):
            raise FactError(f"{path}: expected a place with keys before {last!r}, found {place!r}.")
        place[last] = copy.deepcopy(value)
    return result


def _enter(place: Any, step: str | int, path: str) -> Any:
    try:
        return place[step]
    except (KeyError, IndexError, TypeError) as error:
        raise FactError(f"{path}: expected a place at {step!r}, found {str(place)[:80]!r}.") from error


def without(whole: Mapping[str, Any], paths: set[str]) -> dict[str, Any]:
    """A copy of the document in which these facts are unknown; an entry whose label is among them is gone.

    `alt[]` stands for the completeness of a list: without it the whole list is unknown. A list whose last entry went is
    unknown too, not empty: that there is none was never said.
    """
    result = _pruned("", dict(whole), paths)
    assert isinstance(result, dict)  # noqa: S101  a record is a mapping, and its root is never pruned
    return result


def _pruned(path: str, value: Any, paths: set[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _pruned(f"{path}.{key}" if path else key, item, paths) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and any(isinstance(item, Mapping) for item in value):
        if f"{path}[]" in paths:
            return "unknown"
        kept = [
            _pruned(f"{path}[{index}]", item, paths)
            for index, item in enumerate(value)
            if not any(f"{path}[{index}].{label}" in paths for label in LABELS if label in item)
        ]
        return kept or "unknown"
    return "unknown" if path in paths else value
