"""Which facts would change a verdict: the shortest sets, found by trying, within a bound."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations, product
from typing import Any

from policy.domains import Place, places, put, values
from policy.engine import Judged, judge
from policy.places import name
from policy.rule import Rule, rules
from policy.verdict import Change, Changes, Decision, Mode
from policy.view import Ground

BOUND = 20_000
"""Trials at most; a set of facts is tried on the rules that read them alone."""


def decision(judged: Mapping[str, list[Judged]], mode: Mode = "start") -> Decision:
    """What judgements come to, as Verdict.of."""
    weights = {judgement.weight for entries in judged.values() for _, _, judgement in entries}
    if not weights or "refuse" in weights:
        return "suspend" if mode == "continue" else "refuse"
    return "suspend" if "suspend" in weights else "allow"


class Search:
    """A record's judgements by rule, and what becomes of them when facts change: only the rules that read them are
    asked again."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.judged: dict[str, list[Judged]] = defaultdict(list)
        for entry in judge(ground):
            self.judged[entry[0].id].append(entry)
        self.places = list(places(ground.facts))
        self._readers: dict[str, list[Rule]] = {}

    def readers(self, path: str) -> list[Rule]:
        """The rules whose finding the fact at `path` can change."""
        if path not in self._readers:
            known = rules().values()
            everything = path == "dep.jurisdiction"
            self._readers[path] = [rule for rule in known if everything or reads(rule, path)]
        return self._readers[path]

    def after(self, *changed: tuple[Place, str, Any]) -> dict[str, list[Judged]]:
        """The judgements after facts changed: the changed rules' alone."""
        facts = self.ground.facts
        asked: dict[str, Rule] = {}
        for place, path, value in changed:
            facts = put(facts, place, value)
            asked |= {rule.id: rule for rule in self.readers(path)}
        found: dict[str, list[Judged]] = {rule: [] for rule in asked}
        for entry in judge(replace(self.ground, facts=facts), asked.values()):
            found[entry[0].id].append(entry)
        return found

    def blocked(self, blocking: Iterable[Rule], worst: set[str], *changed: tuple[Place, str, Any]) -> bool:
        """Does one of these rules still stand in the way after facts changed? Asked one by one, until one does."""
        facts = self.ground.facts
        for place, _, value in changed:
            facts = put(facts, place, value)
        ground = replace(self.ground, facts=facts)
        return any(judgement.weight in worst for rule in blocking for _, _, judgement in judge(ground, [rule]))

    def decided(self, *changed: tuple[Place, str, Any], mode: Mode = "start") -> Decision:
        """The decision after facts changed."""
        return decision({**self.judged, **self.after(*changed)} if changed else self.judged, mode)


def reads(rule: Rule, path: str) -> bool:
    """Can the fact at `path` change this rule's finding?"""
    return path in rule.facts


def changes(ground: Ground, mode: Mode = "start", largest: int = 2, bound: int = BOUND) -> Changes:
    """The shortest sets of facts, of one and then of up to `largest`, whose change changes the verdict.

    A fact that becomes unknown is no such change: that never helps. Where the verdict is no allow, every set must touch
    each rule that stands in the way, so only such sets are tried.
    """
    search = Search(ground)
    before = search.decided(mode=mode)
    # What stands in the way of a milder verdict: who continues is suspended by either.
    worst = {"refuse"} if before == "refuse" else {"refuse", "suspend"}
    blocking = [entries[0][0] for entries in search.judged.values() if any(j.weight in worst for _, _, j in entries)]
    tried = 0
    for size in range(1, largest + 1):
        found: list[Change] = []
        for chosen in _sets(search, blocking, size):
            for picked in product(*(_values(ground, *where) for where in chosen)):
                tried += 1
                if tried > bound:
                    return Changes(searched=size, sets=tuple(found), complete=False)
                changed = tuple((*where, value) for where, value in zip(chosen, picked, strict=True))
                if search.blocked(blocking, worst, *changed):
                    continue
                after = search.decided(*changed, mode=mode)
                if after != before:
                    shown = {name(place): said(value) for place, _, value in changed}
                    found.append(Change(facts=shown, verdict=after))
        if found:
            return Changes(searched=size, sets=tuple(found), complete=True)
    return Changes(searched=largest, sets=(), complete=True)


def _values(ground: Ground, place: Place, path: str) -> list[Any]:
    return [value for value in values(ground.facts, place, path, ground.as_of) if value != "unknown"]


def _sets(search: Search, blocking: list[Rule], size: int) -> Iterator[tuple[tuple[Place, str], ...]]:
    """Sets of facts that together reach every rule in the way."""
    wanted = {rule.id for rule in blocking}
    reached = [({rule.id for rule in search.readers(path)} & wanted, (place, path)) for place, path in search.places]
    useful = [entry for entry in reached if entry[0] or not wanted]
    for entries in combinations(useful, size):
        if set().union(*(entry[0] for entry in entries)) >= wanted:
            yield tuple(entry[1] for entry in entries)


def said(value: Any) -> str:
    """A fact's value in words, as YAML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(str(item) for item in value)}]"
    return str(value)
