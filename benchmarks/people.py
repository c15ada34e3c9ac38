"""Where a face lane's people come from: a listed research set, or synthetic people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from benchmarks.accuracy import admit, set_used
from benchmarks.crew import Crews, crews
from benchmarks.evidence import Grade, NetworkUsed, SetUsed
from benchmarks.pairs import person
from benchmarks.scenario import Scenario
from edge.face import Picture
from edge.picture import decode
from models.registry import Network
from policy.archive import Archive
from policy.gate import Gate
from policy.permit import Permit


class People(Protocol):
    """Two crews and their pictures."""

    @property
    def name(self) -> str:
        """What the rates name as their source."""
        ...

    @property
    def grade(self) -> Grade:
        """What rates measured on them may claim."""
        ...

    @property
    def sets(self) -> tuple[SetUsed, ...]:
        """The research sets they come from; known after `admit`."""
        ...

    @property
    def networks(self) -> tuple[NetworkUsed, ...]:
        """What drew them; of photographs nothing."""
        ...

    def crews(self, scenario: Scenario) -> Crews:
        """Who is who. Raises FacesError when there are too few."""
        ...

    def admit(self, gate: Gate, networks: Sequence[Network], chosen: Crews) -> tuple[Permit, Mapping[str, str]]:
        """The gate's permit for the crews' pictures, and each network's overlap with the people (none, unknown).

        Raises policy.gate.Refused, OverlapError."""
        ...

    def picture(self, name: str) -> Picture:
        """One picture by its name in a crew."""
        ...


class ArchivePeople:
    """People of a listed research set."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.name = str(archive.path)
        self.grade: Grade = "technology"
        self.sets: tuple[SetUsed, ...] = ()
        self.networks: tuple[NetworkUsed, ...] = ()

    def crews(self, scenario: Scenario) -> Crews:
        return crews(self._archive, scenario)

    def admit(self, gate: Gate, networks: Sequence[Network], chosen: Crews) -> tuple[Permit, Mapping[str, str]]:
        everyone = (chosen.development, chosen.evaluation)
        permit, research_set, overlap = admit(
            self._archive,
            gate,
            "evaluate",
            networks,
            lambda: frozenset(
                person(name)
                for crew in everyone
                for name in (*(first for first, *_ in crew.enrolment), *crew.strangers)
            ),
        )
        self.sets = (set_used(research_set),)
        self.name = research_set.id
        return permit, overlap

    def picture(self, name: str) -> Picture:
        return decode(self._archive.read(name), name)
