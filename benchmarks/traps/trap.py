"""A trap of comparisons between faces and tags, and what it is to be caught in one (evaluation.md §5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from benchmarks.evidence import Comparison, DoorComparison, LaneResult, Results
from edge.transaction import Lane

Weight = Literal["refuse", "mark"]
"""`refuse`: the report isn't written. `mark`: it is, and says so at its top."""


@dataclass(frozen=True, slots=True)
class Caught:
    """Results fell into a trap: where, and what is to be said of it.

    `says` is an English sentence with `{name}` for each of `values`: the message identifier of its translations. Of a
    refusal it says what was expected and found, of a mark what a reader has to bear in mind.
    """

    weight: Weight
    where: str
    """Key in the results, such as `lanes.face-1n.rates`."""
    says: str
    values: dict[str, str | float | int] = field(default_factory=dict)

    def plainly(self) -> str:
        """The sentence in English, numbers as they are."""
        return self.says.format(**{name: _short(value) for name, value in self.values.items()})


@dataclass(frozen=True, slots=True)
class Trap:
    """One of the 24. `asks` says what is looked at, and what follows."""

    number: int
    title: str
    asks: str
    check: Callable[[Results], Iterable[Caught]]


def refuse(where: str, says: str, **values: str | float | int) -> Caught:
    """The report may not be written."""
    return Caught("refuse", where, says, values)


def mark(where: str, says: str, **values: str | float | int) -> Caught:
    """The report says so at its top."""
    return Caught("mark", where, says, values)


def ran(results: Results) -> dict[Lane, LaneResult]:
    """The lanes that ran, by name."""
    return {lane: result for lane, result in sorted(results.lanes.items()) if result.status == "ran"}


def compared(results: Results) -> list[Comparison | DoorComparison]:
    """All paired differences: of the lanes that run as programs, and of those at the simulated doors."""
    return [*results.comparisons, *(results.doors.comparisons if results.doors else ())]


def ways_in(results: Results) -> set[Lane]:
    """All lanes that anything is said of, run or simulated."""
    return {*ran(results), *(results.doors.lanes if results.doors else ())}


def faces(results: Results) -> dict[Lane, LaneResult]:
    """The lanes that ran and compare faces."""
    return {lane: result for lane, result in ran(results).items() if lane.startswith("face-")}


def moved_by(results: Results, *words: str) -> dict[str, list[str]]:
    """Factors whose name has one of the words, by what they act on: a lane or kind of lane (`tag`), or `all`.

    `all` for a factor that acts on every lane by one definition: its id names no lane (`tailgating`, `outage.power`).
    """
    kinds = {"face", "tag", "pin", "qr", "key", "register", "open", *map(str, results.lanes)}
    found: dict[str, list[str]] = {}
    for factor in results.factors:
        first, _, rest = factor.id.partition(".")
        whose, name = (first, rest) if first in kinds else ("all", factor.id)
        if any(word in name for word in words):
            found.setdefault(whose, []).append(factor.id)
    return found


def _short(value: str | float | int) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
