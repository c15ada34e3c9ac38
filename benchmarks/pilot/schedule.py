"""Who goes which way when: a Williams design over lanes, turned from day to day, with each day's circumstances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from benchmarks.errors import BenchmarkError
from benchmarks.pilot.shows import Shows
from benchmarks.pilot.square import followed, williams
from edge.transaction import LANES, Lane

Arrivals = Literal["single", "pairs", "burst"]
Light = Literal["indoor", "bright", "backlight", "dark"]
Clothing = Literal["plain", "covered"]
Habituation = Literal["first", "between", "last"]

LIGHT_LUX: dict[Light, str] = {"indoor": "300", "bright": "≥ 1000", "backlight": "≥ 1000", "dark": "≤ 50"}
"""At the face, lux."""
ENROLMENT_GAP_DAYS = 7
"""From enrolment to the first day: same-day enrolment flatters faces."""
PERSONS, DAYS, ROUNDS, ATTEMPTS = (2, 1000), (1, 366), (1, 20), (1, 10)
"""Least and most: a plan beyond them is a typing mistake, and would be a page of millions of lines."""


class PilotError(BenchmarkError, ValueError):
    """Error raised for a pilot that can't be planned: names the option, what was expected and found."""


@dataclass(frozen=True, slots=True)
class Day:
    """One day: circumstances that are the same for all lanes, and who goes in which order."""

    number: int
    arrivals: Arrivals
    light: Light
    clothing: Clothing
    habituation: Habituation
    rows: tuple[int, ...]
    """For each person the sequence they follow."""
    shows: Shows
    """With all days so far."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole pilot."""

    lanes: tuple[Lane, ...]
    persons: tuple[str, ...]
    """Pseudonyms."""
    rounds: int
    """Transactions of a person at a lane, a day."""
    attempts: int
    """Presentations that a transaction may have."""
    seed: int
    sequences: tuple[tuple[Lane, ...], ...]
    days: tuple[Day, ...]

    @property
    def balanced(self) -> bool:
        """Whether over all days each lane follows each other equally often, and comes at each place equally often."""
        carried, places = self._counts()
        pairs = len(self.lanes) * (len(self.lanes) - 1)
        return all(
            len(counts) == size and len(set(counts.values())) <= 1
            for counts, size in ((carried, pairs), (places, len(self.lanes) ** 2))
        )

    @property
    def uneven(self) -> int:
        """The most by which two orders of two lanes differ in how often they occur."""
        carried, _ = self._counts()
        told = [carried[a, b] for a in range(len(self.lanes)) for b in range(len(self.lanes)) if a != b]
        return max(told, default=0) - min(told, default=0)

    @property
    def shows(self) -> Shows:
        """With all days."""
        return self.days[-1].shows

    def entries(self) -> Iterator[tuple[int, str, int, int, Lane]]:
        """Day, person, round, place, lane: every transaction that is planned, in the order in which it comes."""
        for day in self.days:
            for turn in range(1, self.rounds + 1):
                for person, row in zip(self.persons, day.rows, strict=True):
                    for place, lane in enumerate(self.sequences[row], start=1):
                        yield day.number, person, turn, place, lane

    def _counts(self) -> tuple[Counter[tuple[int, int]], Counter[tuple[int, int]]]:
        index = {lane: number for number, lane in enumerate(self.lanes)}
        walked = [[index[lane] for lane in self.sequences[row]] for day in self.days for row in day.rows]
        return followed(walked), Counter((place, lane) for row in walked for place, lane in enumerate(row))


def plan(
    persons: int, days: int, lanes: tuple[Lane, ...], rounds: int = 1, attempts: int = 3, seed: int = 20190724
) -> Plan:
    """Plan a pilot. Raises PilotError.

    People are put to sequences by lot (`seed`), and each moves on by one sequence a day: with people in a multiple of
    the number of sequences every day is balanced, else as many days as there are sequences are.
    """
    for name, value, (least, most) in (
        ("persons", persons, PERSONS),
        ("days", days, DAYS),
        ("rounds", rounds, ROUNDS),
        ("attempts", attempts, ATTEMPTS),
    ):
        if not least <= value <= most:
            raise PilotError(f"--{name}: expected {least} to {most}, found {value}. Give a number between them.")
    if seed < 0:
        raise PilotError(f"--seed: expected 0 or more, found {seed}. Any such number will do, written down beforehand.")
    unknown = [lane for lane in lanes if lane not in LANES]
    if unknown or len(set(lanes)) < len(lanes) or not lanes:
        raise PilotError(
            f"--lanes: expected each of some of {', '.join(LANES)} once, with commas between, found "
            f"{', '.join(map(repr, lanes)) or 'none'}."
        )
    rows = williams(len(lanes))
    lot = np.random.default_rng(seed).permutation(persons)
    return Plan(
        lanes=lanes,
        persons=tuple(f"volunteer-{number:0{max(2, len(str(persons)))}d}" for number in range(1, persons + 1)),
        rounds=rounds,
        attempts=attempts,
        seed=seed,
        sequences=tuple(tuple(lanes[place] for place in row) for row in rows),
        days=tuple(_day(number, days, lot, len(rows), len(lanes), rounds) for number in range(1, days + 1)),
    )


def _day(number: int, days: int, lot: np.ndarray, rows: int, lanes: int, rounds: int) -> Day:
    arrivals, light, clothing = get_args(Arrivals), get_args(Light), get_args(Clothing)
    # The last day is as the first was, so that nothing but habit lies between them. In the days between, arrivals go by
    # 3, light by 4 and clothing by every fourth day: in 12 days each arrival meets each light.
    turn = 0 if number == days else number - 1
    return Day(
        number=number,
        arrivals=arrivals[turn % 3],
        light=light[turn % 4],
        clothing=clothing[(turn // 4) % 2],
        habituation="first" if number == 1 else "last" if number == days else "between",
        rows=tuple(int((place + number - 1) % rows) for place in lot),
        shows=Shows(persons=len(lot), each=number * rounds, lanes=lanes),
    )
