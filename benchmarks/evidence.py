"""The evidence: rates and quantities with their intervals and grades, and the document `results.json` made of them."""

from __future__ import annotations

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from benchmarks.interval import Interval
from edge.transaction import Lane

SCHEMA = "threshold/results/1"

Grade = Literal["pilot", "recording", "technology", "simulated", "synthetic"]
"""How near to a real entrance a figure is, the strongest first. `technology`: measured on a listed research set."""
GRADES: tuple[Grade, ...] = get_args(Grade)

Sentence = Literal["better by", "worse by", "equivalent within the margin", "not shown", "not shown (simulated)"]
"""The only ways a comparison may end."""


def weaker(*grades: Grade) -> Grade:
    """The weakest of the grades: what a difference of figures may claim."""
    return max(grades, key=GRADES.index)


def sentence(interval: Interval, margin: float, grade: Grade) -> Sentence:
    """How a comparison ends whose difference (first − second, lower is better) has this interval.

    Below grade `recording` nothing is shown, whatever the interval; `margin` (> 0, same unit) is set beforehand.
    """
    if GRADES.index(grade) > GRADES.index("recording"):
        return "not shown (simulated)"
    if interval.high < -margin:
        return "better by"
    if interval.low > margin:
        return "worse by"
    if -margin < interval.low and interval.high < margin:
        return "equivalent within the margin"
    return "not shown"


class Value(BaseModel):
    """Base of everything in the evidence: no unknown keys, no changes afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Rate(Value):
    """A share of trials."""

    numerator: int = Field(ge=0)
    denominator: int = Field(ge=0)
    value: float = Field(ge=0.0, le=1.0)
    interval: tuple[float, float]
    level: float
    method: str
    source: str
    grade: Grade

    @classmethod
    def of(cls, numerator: int, denominator: int, interval: Interval, source: str, grade: Grade) -> Rate:
        """numerator / denominator with an interval computed elsewhere."""
        return cls(
            numerator=numerator,
            denominator=denominator,
            value=numerator / denominator,
            interval=(interval.low, interval.high),
            level=interval.level,
            method=interval.method,
            source=source,
            grade=grade,
        )


class Quantity(Value):
    """A measured or simulated amount; `n` is how many values it stands on."""

    value: float
    unit: str
    n: int = Field(ge=0)
    interval: tuple[float, float]
    level: float
    method: str
    source: str
    grade: Grade

    @classmethod
    def of(cls, value: float, unit: str, n: int, interval: Interval, source: str, grade: Grade) -> Quantity:
        """A value with an interval computed elsewhere."""
        return cls(
            value=value,
            unit=unit,
            n=n,
            interval=(interval.low, interval.high),
            level=interval.level,
            method=interval.method,
            source=source,
            grade=grade,
        )


class Factor(Value):
    """An input that no measurement of this run fixes: swept over the range that its source gives, or over the
    project's own range where nothing is published."""

    id: str
    unit: str
    best: float
    middle: float
    worst: float
    source: str
    published: bool
    mark: str | None = None
    """`unverified`, `vendor's claim`, `practitioner's comment`; None for a figure that was read in its source."""


class Point(Value):
    """One lane at one setting of its factors, over all person-mornings."""

    level: Literal["best", "middle", "worst"]
    factors: dict[str, float]
    session: str
    legitimate_failures: Rate
    """Of all person-mornings assigned to the lane: who couldn't be enrolled comes every morning, too."""
    users: Rate | None = None
    """The same of those who can use the lane; None only in results that were written before there was one. Sentences
    use the other."""
    failure_reasons: dict[str, int]
    transaction_time: dict[str, Quantity]
    """p50, p90, p95: from entering the zone to the decision that opened, s."""
    persons_per_minute: dict[str, Quantity]
    """Under saturation: 60 / mean headway between crossings; by how long the passage takes (best, middle, worst)."""


class Transactions(Value):
    """Where a lane's rows are: a file of JSON lines beside `results.json`."""

    file: str
    sha256: str
    count: int


class LaneResult(Value):
    """What one lane gave, or why it didn't run and what it needs."""

    status: Literal["ran", "not_run"]
    needs: tuple[str, ...] = ()
    transactions: Transactions | None = None
    points: tuple[Point, ...] = ()
    rates: dict[str, Rate] = {}
    """What the lane has beside legitimate failures: FTA, FNIR, FPIR, misidentification …"""
    machine_time: dict[str, Quantity] = {}
    """p50, p95: what the machine itself took for a decision, ms."""
    settings: dict[str, Any] = {}


class Comparison(Value):
    """A paired difference, first − second, lower is better, and how it may be put in words."""

    outcome: Literal["legitimate-failures", "transaction-time-p50"]
    first: Lane
    second: Lane
    first_level: Literal["best", "middle", "worst"]
    second_level: Literal["best", "middle", "worst"]
    difference: Quantity
    cross_check: tuple[float, float] | None = None
    """Newcombe's method 10 on the same pairs, which takes them as independent; None where it doesn't apply."""
    margin: float
    sentence: Sentence


class NetworkFigure(Value):
    """What was measured of a network, apart from this run: its id in `terms.FIGURES`, value, 95 % interval, command."""

    id: str
    value: float
    interval: tuple[float, float]
    command: str


class NetworkUsed(Value):
    """A network that took part: which file, on what terms, and what is known of its training people."""

    id: str
    role: str
    sha256: str
    licence: str
    training: str
    training_verified: bool
    figures: tuple[NetworkFigure, ...] = ()


class SetUsed(Value):
    """A research set that took part, and that its people weren't asked."""

    id: str
    name: str
    licence: str
    consent: str
    basis: str


class Results(Value):
    """`results.json`: everything that a report may say. The report is a view of it and of nothing else."""

    schema_: Literal["threshold/results/1"] = Field(default="threshold/results/1", alias="schema")
    created: str
    program: str
    machine: dict[str, Any]
    scenario: dict[str, Any]
    factors: tuple[Factor, ...]
    lanes: dict[Lane, LaneResult]
    comparisons: tuple[Comparison, ...]
    networks: tuple[NetworkUsed, ...]
    stronger: tuple[NetworkUsed, ...] = ()
    """Networks that evidence should use in place of those that took part; they did not."""
    sets: tuple[SetUsed, ...]
    cannot_show: tuple[dict[str, Any], ...]
    """What this run can't show: an id, and the numbers its sentence needs."""
    reproduce: str
