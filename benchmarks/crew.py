"""The people of a face lane's run, from a listed research set: who is enrolled, who comes, who is a stranger."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.errors import BenchmarkError
from benchmarks.pairs import person
from benchmarks.scenario import Scenario
from policy.archive import Archive


class FacesError(BenchmarkError, ValueError):
    """Error raised when a set has too few people or pictures for a scenario."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Pictures by name: those to enrol each person with, one for every morning, and strangers with one each."""

    enrolment: tuple[tuple[str, ...], ...]
    mornings: tuple[tuple[str, ...], ...]
    strangers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Crews:
    """Two crews without a common person: the threshold is fixed on one, everything is measured on the other."""

    development: Crew
    evaluation: Crew


def crews(archive: Archive, scenario: Scenario) -> Crews:
    """Split a folder-per-person set by person. The order is by a digest of the names, so that neither alphabet nor
    fame chooses. Raises FacesError when there are too few people with enough pictures."""
    pictures: dict[str, list[str]] = defaultdict(list)
    for name in archive.names:
        pictures[person(name)].append(name)
    needed = scenario.enrolment + scenario.mornings
    regulars = _shuffled([who for who, names in pictures.items() if len(names) >= needed], scenario.seed)
    others = _shuffled([who for who, names in pictures.items() if len(names) < needed], scenario.seed)
    for found, wanted, what in (
        (len(regulars), 2 * scenario.persons, f"people with at least {needed} pictures"),
        (len(others), 2 * scenario.strangers, f"further people (with fewer than {needed} pictures)"),
    ):
        if found < wanted:
            raise FacesError(f"{archive.path}: expected {wanted} {what}, found {found}. Try --quick, or another set.")

    def crew(half: int) -> Crew:
        people = regulars[half * scenario.persons : (half + 1) * scenario.persons]
        strangers = others[half * scenario.strangers : (half + 1) * scenario.strangers]
        return Crew(
            enrolment=tuple(tuple(pictures[who][: scenario.enrolment]) for who in people),
            mornings=tuple(tuple(pictures[who][scenario.enrolment : needed]) for who in people),
            strangers=tuple(pictures[who][0] for who in strangers),
        )

    return Crews(development=crew(0), evaluation=crew(1))


def _shuffled(people: Sequence[str], seed: int) -> list[str]:
    return sorted(people, key=lambda who: hashlib.sha256(f"{seed}:{who}".encode()).digest())
