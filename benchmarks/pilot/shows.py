"""What so many transactions of so many people can show, and what they can't."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.stats import norm

from benchmarks.interval import rule_of_three

LEVEL = 0.95
RATE = 0.05
"""The failure rate at which the half width is told."""
CORRELATION = 0.1
"""Assumed of two transactions of one person at one lane (rho)."""
SPREAD = 0.5
"""Assumed coefficient of variation of a person's times."""
TIME_ENOUGH = 0.1
"""A mean time that is known to this share of itself is taken as known."""
MATCH_LIMIT = 0.001
"""What a claim of FMR or FPIR would have to stay below."""


@dataclass(frozen=True, slots=True)
class Shows:
    """After some days, for each lane."""

    persons: int
    each: int
    """Transactions of one person at one lane so far."""
    lanes: int

    @property
    def per_lane(self) -> int:
        """Transactions at one lane."""
        return self.persons * self.each

    @property
    def total(self) -> int:
        """Transactions in all."""
        return self.per_lane * self.lanes

    @property
    def design_effect(self) -> float:
        """1 + (m − 1)ρ: one person's transactions resemble each other (Kish 1965)."""
        return 1.0 + (self.each - 1) * CORRELATION

    @property
    def half_width(self) -> float:
        """Of an interval for a failure rate of 5 %, transactions taken as independent: z·√(p(1−p)/n)."""
        return _z() * float((RATE * (1.0 - RATE) / self.per_lane) ** 0.5)

    @property
    def half_width_clustered(self) -> float:
        """The same with the design effect."""
        return self.half_width * float(self.design_effect**0.5)

    @property
    def time(self) -> float:
        """Half width of a mean time, as a share of it: z·CV/√n, with the design effect."""
        return _z() * SPREAD * float((self.design_effect / self.per_lane) ** 0.5)

    @property
    def time_enough(self) -> bool:
        """Whether service times can be told."""
        return self.time <= TIME_ENOUGH

    @property
    def pairs(self) -> int:
        """Unordered pairs of different people, which is what FMR is counted on."""
        return self.persons * (self.persons - 1) // 2

    @property
    def match_bound(self) -> float:
        """Below which FMR would be shown to lie had no pair erred; 1 for a single person."""
        return rule_of_three(self.pairs, LEVEL).high if self.pairs else 1.0

    @property
    def stranger_bound(self) -> float:
        """Below which FPIR would be shown to lie, each person once a stranger to the others' references."""
        return rule_of_three(self.persons, LEVEL).high

    @property
    def match_enough(self) -> bool:
        """Whether a claim of FMR could be made at all; one of FPIR takes many more people."""
        return self.match_bound <= MATCH_LIMIT

    def document(self) -> dict[str, int | float | bool]:
        """All of it, for machines."""
        names = (
            "persons", "each", "lanes", "per_lane", "total", "design_effect", "half_width", "half_width_clustered",
            "time", "time_enough", "pairs", "match_bound", "stranger_bound", "match_enough",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


def _z() -> float:
    return float(norm.isf((1.0 - LEVEL) / 2))
