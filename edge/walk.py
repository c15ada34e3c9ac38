"""How people come to the drawn entrance: when, from where, how fast, looking where. All of it drawn from a seed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from models.people.view import Light, Pose

Attack = Literal["print", "phone"]
"""What is held before the camera in place of a face."""
Arrivals = Literal["single", "pairs", "bus", "crowd", "mixed"]
"""One at a time, two abreast, a bus-load in a row, twelve side by side seen from further away, or all but those twelve
in turn."""

CROWD = 12
"""People in a crowd."""
_STEP = 4.0
"""Degrees between the poses that are drawn: heads are kept by pose, and a walk needs few of them."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a walker's face is at a moment, in shares of the frame; `size` is the face's width by its height."""

    x: float
    y: float
    size: float
    pose: Pose


@dataclass(frozen=True, slots=True)
class Walk:
    """One person's way: up to the door, a moment there, and out of the picture at the side."""

    person: int
    start_s: float
    approach_s: float
    stand_s: float
    leave_s: float
    aside: float
    drift: float
    near: float
    light: Light
    glasses: bool
    hat: bool
    phase: float
    stray: float
    attack: Attack | None = None
    away: bool = False
    """Seen from behind: someone who leaves, and shows no face."""

    @property
    def end_s(self) -> float:
        """When the person is out of the picture."""
        return self.start_s + self.approach_s + self.stand_s + self.leave_s

    def at(self, time_s: float) -> Spot | None:
        """Where the person is; None before and after."""
        since = time_s - self.start_s
        if since < 0 or time_s >= self.end_s:
            return None
        steps = math.sin(2 * math.pi * 1.8 * since + self.phase)
        walked = min(1.0, since / self.approach_s)
        if self.away:
            walked = 1.0 - min(1.0, since / (self.end_s - self.start_s))
        metres = 5.5 - 4.3 * walked
        size = self.near * 1.2 / metres
        out = 0.0 if self.away else max(0.0, since - self.approach_s - self.stand_s) / self.leave_s
        side = 1.0 if self.aside >= 0 else -1.0
        moving = 1.0 if 0 < walked < 1 else 0.25
        x = 0.5 + self.aside * (0.35 + 0.65 * walked) + self.drift * (1 - walked) + side * out**1.6 * 0.75
        y = 0.36 + 0.1 * walked + 0.05 * size * steps * moving
        look = math.sin(2 * math.pi * 0.23 * since + self.phase * 1.7)
        yaw = self.stray * look * (1.0 - 0.55 * walked) + side * 30.0 * min(1.0, out * 3)
        pitch = -6.0 * (1 - walked) + 3.5 * math.sin(2 * math.pi * 0.31 * since + self.phase)
        roll = 2.5 * math.sin(2 * math.pi * 0.9 * since + self.phase) * moving
        return Spot(x, y, size * (1 + 0.35 * out), Pose(_nearest(yaw), _nearest(pitch), roll))


def _nearest(angle: float) -> float:
    return max(-40.0, min(40.0, round(angle / _STEP) * _STEP))


def visits(
    chance: np.random.Generator,
    people: tuple[int, ...],
    arrivals: Arrivals,
    attacks: float,
    visits_: int,
    gap_s: tuple[float, float],
) -> tuple[Walk, ...]:
    """The walks of so many visits, one after another with gaps between. Each person comes in turn, in a drawn order.

    `attacks` is the share of single visits, 0 to 1, in which a picture of the person is held up instead.
    """
    order = [int(person) for person in chance.permutation(np.array(people, dtype=object))]
    walks: list[Walk] = []
    now = float(chance.uniform(*gap_s))
    turn = 0
    for number in range(visits_):
        kind = ("single", "pairs", "single", "bus")[number % 4] if arrivals == "mixed" else arrivals
        if kind == "crowd":
            walks += _crowd(
                chance, [order[(turn + place) % len(order)] for place in range(min(CROWD, len(order)))], now
            )
            turn += CROWD
            now = max(walk.end_s for walk in walks) + float(chance.uniform(*gap_s))
            continue
        count = {"single": 1, "pairs": 2, "bus": int(chance.integers(5, 9))}[kind]
        group: list[Walk] = []
        for place in range(min(count, len(order))):
            attack: Attack | None = None
            if count == 1 and chance.random() < attacks:
                attack = "print" if chance.random() < 0.5 else "phone"
            delay = 0.0 if kind != "bus" else place * float(chance.uniform(0.5, 1.1))
            aside = float(chance.uniform(-0.1, 0.1)) if count == 1 else (0.2 if place % 2 else -0.2)
            group.append(_walk(chance, order[turn % len(order)], now + delay, aside, attack))
            turn += 1
        walks += group
        now = max(walk.end_s for walk in group) + float(chance.uniform(*gap_s))
    return tuple(walks)


def _crowd(chance: np.random.Generator, people: list[int], now_s: float) -> list[Walk]:
    """All in view at once, each in a place of their own, waiting."""
    walks = []
    for place, person in enumerate(people):
        aside = 0.86 * ((place + 0.5) / len(people) - 0.5)
        walk = _walk(chance, person, now_s + float(chance.uniform(0, 1.5)), aside, None)
        near, stand_s = float(chance.uniform(0.10, 0.13)), float(chance.uniform(4.0, 7.0))
        walks.append(replace(walk, near=near, stand_s=stand_s, aside=aside, drift=0.0))
    return walks


def leaver(chance: np.random.Generator, person: int, start_s: float, lasts_s: float) -> Walk:
    """Someone who walks away from the door, seen from behind."""
    aside = float(chance.uniform(-0.3, 0.3))
    walk = _walk(chance, person, start_s, aside, None, away=True)
    scale = lasts_s / (walk.end_s - walk.start_s)
    return _scaled(walk, scale)


def _scaled(walk: Walk, scale: float) -> Walk:
    return replace(walk, approach_s=walk.approach_s * scale, stand_s=walk.stand_s * scale, leave_s=walk.leave_s * scale)


def _walk(
    chance: np.random.Generator, person: int, start_s: float, aside: float, attack: Attack | None, away: bool = False
) -> Walk:
    return Walk(
        person=person,
        start_s=start_s,
        approach_s=float(chance.uniform(1.8, 3.4)),
        stand_s=float(chance.uniform(0.5, 1.4)),
        leave_s=float(chance.uniform(0.6, 1.0)),
        aside=aside + float(chance.normal(0, 0.025)),
        drift=float(chance.normal(0, 0.12)),
        near=float(chance.uniform(0.24, 0.36)),
        light=Light(
            azimuth=round(float(chance.normal(0, 30))),
            elevation=round(float(chance.uniform(15, 55))),
            strength=round(float(chance.uniform(0.1, 0.4)), 2),
            gain=round(float(chance.uniform(0.8, 1.1)), 2),
            warmth=round(float(chance.normal(0, 0.25)), 2),
        ),
        glasses=bool(chance.random() < 0.25),
        hat=bool(chance.random() < 0.15),
        phase=float(chance.uniform(0, 6.28)),
        stray=float(chance.uniform(4, 26)),
        attack=attack,
        away=away,
    )
