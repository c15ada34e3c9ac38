"""Simulated person-mornings: who comes, with what, at what pace; the same draws for every lane and level.

Common random numbers: a morning on which a tag is forgotten at the best level is one at the worst level too, and a slow
person is slow at either lane. So lanes differ by what they do, not by what was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenario import Level, Scenario

_DAYS_BEFORE = 10
"""Days before the week on which a tag may have been lost and not replaced yet; at least the longest replacement."""


@dataclass(frozen=True, slots=True)
class Mornings:
    """The draws for `persons` × `mornings`."""

    scenario: Scenario
    order: NDArray[np.int64] = field(repr=False)
    """int64, mornings × persons: in which order people come each morning."""
    _forgotten: NDArray[np.float64] = field(repr=False)
    _unread: NDArray[np.float64] = field(repr=False)
    _lost: NDArray[np.float64] = field(repr=False)
    _pace: NDArray[np.float64] = field(repr=False)
    _walk: NDArray[np.float64] = field(repr=False)

    @classmethod
    def draw(cls, scenario: Scenario) -> Mornings:
        """All draws, from the scenario's seed."""
        generator = np.random.default_rng(scenario.seed)
        shape = (scenario.persons, scenario.mornings)
        order = np.stack([generator.permutation(scenario.persons) for _ in range(scenario.mornings)])
        return cls(
            scenario,
            order,
            generator.random(shape),
            generator.random(shape),
            generator.random((scenario.persons, _DAYS_BEFORE + scenario.mornings)),
            generator.standard_normal(shape),
            generator.standard_normal(shape),
        )

    def tag_missing(self, person: int, morning: int, level: Level) -> str | None:
        """Why the person has no tag with them that morning: `tag-lost`, `tag-forgotten`, or None."""
        value = self.scenario.value
        # From a yearly share of tags to a daily one: 1 − (1 − λ)^(1 / school days).
        daily = 1.0 - (1.0 - value("tag.lost", level)) ** (1.0 / self.scenario.school_days_per_year)
        today = _DAYS_BEFORE + morning
        days = int(value("tag.days-until-replaced", level))
        if bool((self._lost[person, today - days + 1 : today + 1] < daily).any()):
            return "tag-lost"
        if self._forgotten[person, morning] < value("tag.forgotten", level):
            return "tag-forgotten"
        return None

    def tag_read(self, person: int, morning: int, level: Level) -> bool:
        """Whether the reader reads the tag that is presented."""
        return bool(self._unread[person, morning] >= self.scenario.value("tag.not-read", level))

    def present_s(self, factor: str, person: int, morning: int, level: Level) -> float:
        """Seconds from entering the zone to the presentation: lognormal about the factor's mean."""
        return self._time(self.scenario.value(factor, level), float(self._pace[person, morning]))

    def passage_s(self, person: int, morning: int, level: Level) -> float:
        """Seconds from the decision to having crossed."""
        return self._time(self.scenario.value("passage", level), float(self._walk[person, morning]))

    def _time(self, mean: float, normal: float) -> float:
        variance = np.log1p(self.scenario.time_spread**2)
        return float(mean * np.exp(np.sqrt(variance) * normal - variance / 2))
