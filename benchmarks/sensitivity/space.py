"""The parameters: the scenario's swept factors over their ranges, and what whoever builds the entrance chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Status
from benchmarks.scenario import LEVELS, Doors, Scenario

Choice = Literal["doors.persons", "doors.parallel", "doors.fallback-blocks"]
CHOICES: dict[Choice, tuple[float, ...]] = {
    "doors.persons": (250.0, 500.0, 1000.0),
    "doors.parallel": (1.0, 2.0, 3.0),
    "doors.fallback-blocks": (0.0, 1.0),
}
"""What someone decides, and nobody can measure; each value is as likely as the others in a sample."""
_UNITS: dict[Choice, str] = {
    "doors.persons": "persons",
    "doors.parallel": "doors side by side",
    "doors.fallback-blocks": "0 no, 1 yes",
}

VARIED: tuple[str, ...] = (
    "tailgating",
    "following",
    "threat.equipped",
    "revocation",
    "tag.forgotten",
    "tag.lost",
    "tag.not-read",
    "tag.present",
    "tag.auth-copied",
    "lending",
    "face.refused",
    "face.not-acquired",
    "face.not-matched",
    "face.present",
    "face.stranger-let-in",
    "face.attack-accepted",
    "face.sibling-accepted",
    "face.taken-for-sibling",
    "siblings",
    "bus.share",
    "passage",
    "fallback.time",
    "fallback.not-noted",
    "doors.persons",
    "doors.parallel",
    "doors.fallback-blocks",
)
"""What a Sobol sample varies unless it is told: who walks in behind whom, what is forgotten, lost
and lent, how faces fail, strangers, copies, siblings, arrivals, the way by hand, who refuses, the school's size."""

STRANGERS_WITH_SIZE = "face.stranger-let-in"
"""Given for the scenario's number of persons; with another one, N times as many are compared: 1 − (1 − p)^(N / N₀)."""


class SpaceError(BenchmarkError, ValueError):
    """Error raised for parameters that can't be varied: names what was expected and found."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input, turned by a number u from 0 to 1."""

    id: str
    unit: str
    low: float
    """At u = 0: a factor's best level, a choice's first value."""
    middle: float
    """At `base`: a factor's middle level, what the scenario chose."""
    high: float
    """At u = 1: a factor's worst level, a choice's last value."""
    values: tuple[float, ...] = ()
    """A choice's; a factor has none."""
    status: Status | None = None

    @property
    def chosen(self) -> bool:
        """Whether someone decides it; else it is unknown, and could be measured."""
        return bool(self.values)

    @property
    def base(self) -> float:
        """The u at which everything is as in the scenario's middle."""
        if not self.values:
            return 0.5
        return (self.values.index(self.middle) + 0.5) / len(self.values)

    def at(self, u: float) -> float:
        """The value at u. A factor's lies below its middle level as often as above it, evenly within each half: the
        scenario gives three numbers, and this is the plainest distribution that has them as ends and median."""
        if self.values:
            return self.values[min(int(u * len(self.values)), len(self.values) - 1)]
        return float(np.interp(u, (0.0, 0.5, 1.0), (self.low, self.middle, self.high)))


def parameters(scenario: Scenario) -> tuple[Parameter, ...]:
    """All that can be varied: every swept factor, in the scenario's order, then the choices."""
    swept = [
        Parameter(factor.id, factor.unit, factor.best, factor.middle, factor.worst, status=factor.status)
        for factor in scenario.factor
        if factor.best != factor.worst
    ]
    doors = scenario.doors
    now: dict[Choice, float] = {
        "doors.persons": float(doors.persons),
        "doors.parallel": float(doors.parallel),
        "doors.fallback-blocks": float(doors.fallback_blocks),
    }
    for name, usual in CHOICES.items():
        values = tuple(sorted({*usual, now[name]}))
        swept.append(Parameter(name, _UNITS[name], values[0], now[name], values[-1], values))
    return tuple(swept)


def chosen(space: Sequence[Parameter], names: Sequence[str]) -> tuple[int, ...]:
    """Places of the named parameters. Raises SpaceError for one that isn't there or is named twice."""
    places = {parameter.id: place for place, parameter in enumerate(space)}
    for name in names:
        if name not in places:
            raise SpaceError(f"parameter {name!r}: expected one that is swept ({', '.join(places)}).")
    if len(set(names)) != len(names):
        raise SpaceError(f"parameters: expected each once, found {', '.join(names)}.")
    return tuple(places[name] for name in names)


def settled(scenario: Scenario, values: Mapping[str, float], person_mornings: int) -> Scenario:
    """The scenario with these values at every level, in whole repetitions of at least so many person-mornings."""
    doors = scenario.doors
    persons = round(values.get("doors.persons", doors.persons))
    changed = dict(values)
    if persons != doors.persons:
        share = values.get(STRANGERS_WITH_SIZE, scenario.value(STRANGERS_WITH_SIZE, "middle"))
        changed[STRANGERS_WITH_SIZE] = 1.0 - (1.0 - share) ** (persons / doors.persons)
    size = Doors.model_copy(
        doors,
        update={
            "persons": persons,
            "parallel": round(values.get("doors.parallel", doors.parallel)),
            "fallback_blocks": bool(values.get("doors.fallback-blocks", doors.fallback_blocks)),
            "repetitions": max(1, -(-person_mornings // (persons * doors.mornings))),
        },
    )
    factors = tuple(
        factor.model_copy(update=dict.fromkeys(LEVELS, changed[factor.id])) if factor.id in changed else factor
        for factor in scenario.factor
    )
    return scenario.model_copy(update={"doors": size, "factor": factors})
