"""What a rule sees: the facts it declared, the day, the statutes and the measured evidence. Anything else raises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from policy.kleene import Truth
from policy.measured import Measurement
from policy.statutes import Statute

Facts = Mapping[str, Any]
"""A record's facts (policy.record.facts): tables by key, lists as tuples, `none` and `unknown` as they are."""


class Undeclared(LookupError):
    """Error raised when a rule reads a fact it didn't declare: a mistake in the rule, not in the record."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a record is judged on, the same for all rules."""

    facts: Facts
    as_of: date
    statutes: tuple[Statute, ...] = ()
    measurements: tuple[Measurement, ...] = ()

    @property
    def profile(self) -> str:
        """The jurisdiction's profile; unknown where none is stated, as then any could hold."""
        stated = self.facts.get("dep", {}).get("jurisdiction", "unknown")
        return "unknown" if stated == "none" else str(stated)


@dataclass(slots=True)
class Item:
    """One entry of a list, such as an operation: its facts by name, as `item["necessity.interest"]`."""

    view: View
    path: str
    place: str
    entry: Any
    """The entry's facts, or `none` or `unknown` for all of them."""

    def __getitem__(self, name: str) -> Any:
        return self.view.follow(self.entry, name, f"{self.path}.{name}", f"{self.place}.{name}")

    def each(self, name: str) -> list[Item] | None:
        """The entries of a list in this entry; None where that isn't known."""
        return self.view.entries(self[name], f"{self.path}.{name}[]", f"{self.place}.{name}")


@dataclass(slots=True)
class View:
    """The facts that one rule declared. `view["bio.mode"]` is a value, "none" or "unknown"."""

    ground: Ground
    declared: frozenset[str]
    index: int | None = None
    """The operation this is about, for a rule that is asked once for each."""
    read: dict[str, bool] = field(default_factory=dict)
    """Facts read so far, by their place (`op[0].basis6`), and whether they were known."""

    @property
    def as_of(self) -> date:
        """The day of assessment."""
        return self.ground.as_of

    def __getitem__(self, name: str) -> Any:
        section, _, rest = name.partition(".")
        return self.follow(self.ground.facts.get(section, "unknown"), rest, name, name)

    def follow(self, value: Any, rest: str, path: str, place: str) -> Any:
        """The fact at `rest` below `value`. Raises Undeclared."""
        if path not in self.declared:
            raise Undeclared(f"the fact {path} is read but not declared")
        for part in rest.split(".") if rest else ():
            if value in ("none", "unknown"):
                break
            value = value.get(part, "unknown")
        self.read[place] = value != "unknown"
        return value

    def entries(self, value: Any, path: str, place: str) -> list[Item] | None:
        """The entries of a list at hand; None where it isn't known, empty where there is none."""
        if value == "unknown":
            return None
        return [] if value == "none" else [Item(self, path, f"{place}[{i}]", entry) for i, entry in enumerate(value)]

    def each(self, name: str) -> list[Item] | None:
        """The entries of the list `name`; None where it isn't known. Raises Undeclared."""
        return self.entries(self[name], f"{name}[]", name)

    @property
    def op(self) -> Item:
        """The operation this is about."""
        if self.index is None:
            raise Undeclared("no operation is at hand: the rule's scope is not operation")
        entries = self.ground.facts.get("op", "unknown")
        entry = entries if entries in ("none", "unknown") else entries[self.index]
        return Item(self, "op[]", "op" if entry == "unknown" else f"op[{self.index}]", entry)

    def purpose(self, op: Item) -> Item:
        """The purpose of an operation: facts all unknown where it can't be known, all none where there is none."""
        wanted, purposes = op["purpose"], self["purp"]
        if "unknown" in (wanted, purposes):
            return Item(self, "purp[]", "purp", "unknown")
        for index, entry in enumerate(() if purposes == "none" else purposes):
            item = Item(self, "purp[]", f"purp[{index}]", entry)
            if item["id"] == wanted:
                return item
        return Item(self, "purp[]", "purp", "none")

    def under(self, *profiles: str) -> Truth:
        """Is the law one of these profiles'? Unknown where the jurisdiction is. Raises Undeclared."""
        if "dep.jurisdiction" not in self.declared:
            raise Undeclared("the fact dep.jurisdiction is read but not declared")
        profile = self.ground.profile
        self.read["dep.jurisdiction"] = profile != "unknown"
        return None if profile == "unknown" else profile in profiles

    def measured(self, alternative: str) -> list[Measurement]:
        """What attached evidence says of an alternative; nothing attached is not known. Raises Undeclared."""
        if "measured" not in self.declared:
            raise Undeclared("the evidence is read but not declared as `measured`")
        found = [entry for entry in self.ground.measurements if entry.alternative == alternative]
        self.read[f"measured.{alternative}"] = bool(found)
        return found

    def missing(self) -> Iterator[str]:
        """The places of facts that were read and not known."""
        return (place for place, known in self.read.items() if not known)
