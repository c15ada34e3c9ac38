"""A crew of synthetic people: as many as a scenario asks for, each picture in another pose, light and distance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from benchmarks.crew import Crew, Crews
from benchmarks.evidence import Grade, NetworkUsed, SetUsed
from benchmarks.scenario import Scenario
from edge.face import Picture
from edge.picture import of_pixels
from models.card import DRAWN_PEOPLE
from models.people.basis import bundled
from models.people.render import View, render
from models.people.view import Light, Pose
from models.registry import Network
from policy.gate import Gate
from policy.permit import Permit
from policy.synthetic import Claim

ACCOUNT = (
    "It draws faces from what near-frontal photographs of LFW's View 1 training people have in common, and the rest "
    "by rules. These people are well-known, the photographs from news sites; none of them was asked. No photograph is "
    "in it."
)
"""What a report says of the people behind the drawn ones; the whole account is models/bundled/people.md."""
_SIZE = 176
"""Width and height of a picture, px."""


@dataclass(frozen=True, slots=True)
class SyntheticPeople:
    """People who don't exist; `seed` chooses which. Rates measured on them are graded `synthetic`: they show that the
    lane works, and nothing about people."""

    seed: int = 0
    name: str = "synthetic people"
    grade: Grade = "synthetic"
    sets: tuple[SetUsed, ...] = ()
    networks: tuple[NetworkUsed, ...] = field(default_factory=lambda: (_generator(),), compare=False)
    """The generator: it takes part like a network."""
    _drawn: dict[str, Picture] = field(default_factory=dict, repr=False, compare=False)
    """The pictures that the gate has drawn again; the five sessions show the same ones."""

    def crews(self, scenario: Scenario) -> Crews:
        """Two crews of as many people and strangers as the scenario has, nobody twice."""
        needed = scenario.persons + scenario.strangers

        def crew(half: int) -> Crew:
            first = half * needed
            people = range(first, first + scenario.persons)
            return Crew(
                enrolment=tuple(tuple(f"{who}/enrolment-{n}" for n in range(scenario.enrolment)) for who in people),
                mornings=tuple(tuple(f"{who}/morning-{n}" for n in range(scenario.mornings)) for who in people),
                strangers=tuple(f"{who}/morning-0" for who in range(first + scenario.persons, first + needed)),
            )

        return Crews(development=crew(0), evaluation=crew(1))

    def admit(self, gate: Gate, networks: Sequence[Network], chosen: Crews) -> tuple[Permit, Mapping[str, str]]:
        """The gate draws every picture again. No network was trained on these people: their seeds are these crews'."""
        # The development crew only fixes the threshold: nobody of it comes in the mornings.
        crews = replace(chosen.development, mornings=()), chosen.evaluation
        names = sorted({name for crew in crews for name in _names(crew)}, key=_order)
        permit = gate.synthetic((self._claim(name) for name in names), "evaluate")
        return permit, {network.id: "none" for network in networks}

    def _claim(self, name: str) -> Claim:
        seed, view = self.view(name)
        picture = self._drawn[name] = of_pixels(render(seed, view), name)
        return Claim(seed, view, picture.pixels)

    def picture(self, name: str) -> Picture:
        """The picture of that name: PERSON/enrolment-N or PERSON/morning-N."""
        return self._drawn.get(name) or of_pixels(render(*self.view(name)), name)

    def view(self, name: str) -> tuple[int, View]:
        """Who is in a picture, and how it is taken: calm and near at the enrolment, as it comes in the morning."""
        who, occasion = name.split("/")
        kind, number = occasion.split("-")
        morning = kind == "morning"
        chance = np.random.default_rng([self.seed, int(who), int(morning), int(number)])
        wide = 1.0 if morning else 0.35
        # Heads are kept by pose and light, and a person's glasses and hat are a matter of the day.
        pose = Pose(
            yaw=float(np.clip(chance.normal(0, 14 * wide), -40, 40)),
            pitch=float(np.clip(chance.normal(0, 6 * wide), -18, 18)),
            roll=float(chance.normal(0, 5 * wide)),
        )
        light = Light(
            azimuth=float(chance.normal(0, 40 * wide)),
            elevation=float(chance.uniform(15, 55)),
            strength=float(chance.uniform(0.05, 0.2 + 0.3 * wide)),
            gain=float(np.clip(chance.normal(1.0, 0.15 * wide), 0.5, 1.5)),
            warmth=float(np.clip(chance.normal(0, 0.3 * wide), -1, 1)),
        )
        view = View(
            pose=pose,
            light=light,
            glasses=morning and bool(chance.random() < 0.1),
            hat=morning and bool(chance.random() < 0.08),
            width=_SIZE,
            height=_SIZE,
            face_px=float(chance.uniform(48, 90) if morning else chance.uniform(80, 95)),
            blur=float(chance.uniform(0.3, 1.4) if morning else 0.5),
            noise=float(chance.uniform(1.5, 5.0) if morning else 1.5),
            noise_seed=int(chance.integers(2**31)),
        )
        return self.seed * 10_000_000 + int(who), view


def _generator() -> NetworkUsed:
    return NetworkUsed(
        id=DRAWN_PEOPLE,
        role="generator",
        sha256=bundled().digest,
        licence="Apache-2.0",
        training=ACCOUNT,
        training_verified=True,
    )


def _names(crew: Crew) -> Iterator[str]:
    for many in (*crew.enrolment, *crew.mornings):
        yield from many
    yield from crew.strangers


def _order(name: str) -> tuple[int, str]:
    """By person, so that a head is drawn once for all its pictures."""
    who, occasion = name.split("/")
    return int(who), occasion
