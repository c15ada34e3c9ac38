"""Reading a record for a paper: every fact that the paper must say is there in its language, or the gap is noted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from policy.errors import PolicyError
from policy.language import Language, Words
from policy.record import DataField, Record, facts

ABSENT = ("none", "unknown")


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """A fact that a paper must state and the record doesn't."""

    fact: str
    """Its place in the record, such as `paper.dpo.email`."""
    citation: str
    """The article that asks for it."""
    paper: str


class Incomplete(PolicyError, ValueError):
    """Error raised for a paper whose record lacks what it must state; `gaps` has each missing fact with its article."""

    def __init__(self, gaps: list[Gap], what: str = "papers") -> None:
        self.gaps = sorted(set(gaps))
        asking: dict[str, list[str]] = {}
        for gap in self.gaps:
            asking.setdefault(gap.fact, []).append(f"{gap.paper}: {gap.citation}")
        lines = "\n".join(f"  {fact}: expected a value ({', '.join(by)}), found none" for fact, by in asking.items())
        super().__init__(f"{what}: {len(asking)} facts missing, nothing written. State them in the record:\n{lines}")


@dataclass(slots=True)
class Reading:
    """A record read for one paper in one language. What is missing is noted under `gaps` and reads as empty."""

    record: Record
    language: Language
    paper: str
    gaps: list[Gap] = field(default_factory=list)
    _tables: dict[str, Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._tables = facts(self.record)

    @property
    def words(self) -> Words:
        """The words of its language."""
        return Words(self.language)

    def at(self, path: str) -> Any:
        """The fact at `path`, such as `op[0].basis6`: a value, "none" or "unknown"; below what is absent, that."""
        value: Any = self._tables
        for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
            if value in ABSENT:
                return value
            value = value[int(index)] if index else value[name]
        return value

    def miss(self, path: str, citation: str) -> None:
        """Note that a fact is missing."""
        self.gaps.append(Gap(path, citation, self.paper))

    def value(self, path: str, citation: str, *, none: bool = False) -> Any:
        """The fact at `path`, which must be known; stated as none only where `none` allows it. None where absent."""
        found = self.at(path)
        if found == "unknown" or (found == "none" and not none):
            self.miss(path, citation)
        return None if found in ABSENT else found

    def said(self, path: str, citation: str) -> str:
        """The text at `path` in this language."""
        found = self.at(path)
        if found in ABSENT or found[self.language] in ABSENT:
            self.miss(f"{path}.{self.language}", citation)
            return ""
        return str(found[self.language])

    def entries(self, path: str, citation: str, *, none: bool = False) -> list[str]:
        """The places of the entries of a list, such as `op[0]`; an empty list counts as none."""
        found = self.at(path)
        if found in (*ABSENT, ()):
            if found == "unknown" or not none:
                self.miss(path, citation)
            return []
        return [f"{path}[{index}]" for index in range(len(found))]

    def entry(self, place: str) -> DataField:
        """The data field at a place such as `field[0]`."""
        fields = self.record.field
        if not isinstance(fields, tuple):
            raise LookupError(f"{place}: the record states no fields")
        return fields[int(place.removeprefix("field[").removesuffix("]"))]

    def about(self, path: str, name: str, citation: str) -> str:
        """The place of the entry of a list that has this id; where there is none, one that reads as unknown."""
        found = self.at(path)
        for index, entry in enumerate(() if found in ABSENT else found):
            if entry["id"] == name:
                return f"{path}[{index}]"
        self.miss(f"{path}[id={name}]", citation)
        return ""

    def contact(self, path: str, citation: str, *, named: bool = True) -> list[str]:
        """A contact's lines: the name (where it must be `named`), and at least one way to reach it."""
        found = self.at(path)
        if found in ABSENT:
            self.miss(path, citation)
            return []
        ways = [found[way] for way in ("address", "phone", "email") if found[way] not in ABSENT]
        if named and found["name"] in ABSENT:
            self.miss(f"{path}.name", citation)
        if not ways:
            self.miss(f"{path}.email", citation)
        return [found["name"], *ways] if found["name"] not in ABSENT else ways
