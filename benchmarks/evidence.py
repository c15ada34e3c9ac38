"""The evidence: rates and quantities with their intervals and grades, and the document `results.json` made of them."""

from __future__ import annotations

from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from benchmarks.interval import Interval
from edge.transaction import Lane

SCHEMA = "threshold/results/1"

Grade = Literal["pilot", "recording", "technology", "simulated", "synthetic"]
"""How near to a real entrance a figure is, the strongest first. `technology`: measured on a listed research set."""
GRADES: tuple[Grade, ...] = get_args(Grade)

Sentence = Literal["better by", "worse by", "equivalent within the margin", "not shown", "not shown (simulated)"]
"""The only ways a comparison may end."""


LaneOutcome = Literal[
    "legitimate-failures",
    "transaction-time-p50",
    "attendance-errors",
    "unauthorised-entries",
    "persons-per-minute",
    "wait-p95",
    "late",
]
"""What all lanes are compared in at the simulated doors."""

HIGHER_IS_BETTER: frozenset[LaneOutcome] = frozenset({"persons-per-minute"})
"""The outcomes of which more is better; of all others less is."""


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


Status = Literal["verified", "published", "unverified", "assumption"]
"""How sure an input is: computed or measured by the project itself; read in the source that is named; named by
someone who has no data, or not read yet; or nothing found, so that the range is the project's own."""


class Factor(Value):
    """An input that no measurement of this run fixes: swept over the range that its source gives, or over the
    project's own range where nothing is published. `value = x` in a scenario is one value for all three levels; only
    what has a source may have one value."""

    id: str
    unit: str
    best: float
    middle: float
    worst: float
    source: str
    published: bool
    mark: str | None = None
    """`unverified`, `vendor's claim`, `practitioner's comment`; None for a figure that was read in its source."""
    status: Status | None = None
    """None only in results that were written before there was one."""
    grade: Grade = "simulated"
    """Of the figure as an input here: `simulated` unless this project measured it."""

    @model_validator(mode="before")
    @classmethod
    def _one_value(cls, given: Any) -> Any:
        if isinstance(given, dict) and "value" in given:
            levels = {"best", "middle", "worst"} & set(given)
            if levels:
                raise ValueError(f"expected either value or best, middle and worst, found value and {sorted(levels)}")
            given = dict(given)
            given.update(dict.fromkeys(("best", "middle", "worst"), given.pop("value")))
        return given

    @model_validator(mode="after")
    def _swept(self) -> Self:
        if self.status is None:
            return self
        if self.published == (self.status == "assumption"):
            raise ValueError(
                f"expected published = {str(self.status != 'assumption').lower()} with status {self.status!r}, "
                f"found {str(self.published).lower()}"
            )
        if self.status in ("unverified", "assumption") and self.best == self.worst:
            raise ValueError(
                f"expected best and worst to differ where nothing sure is published ({self.status}), found "
                f"{self.best:g} for both: such a factor is swept, never set"
            )
        return self


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
    often_failed: Rate | None = None
    """Share of persons turned away on three mornings of a school week or more; None where that wasn't counted."""


class Transactions(Value):
    """Where a lane's rows are: a file of JSON lines beside `results.json`."""

    file: str
    sha256: str
    count: int


class LaneResult(Value):
    """What one lane gave, or why it didn't run and what it needs."""

    status: Literal["ran", "not_run", "simulated"]
    """`simulated`: no device is behind it yet; what there is of it stands under `doors`."""
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


class DoorRun(Value):
    """One lane at the simulated doors, at one setting; intervals are over repetitions, each with people of its own."""

    lane_level: Literal["best", "middle", "worst"]
    scene_level: Literal["best", "middle", "worst"]
    fallback_blocks: bool
    legitimate_failures: Rate
    """Of person-mornings of those who may enter and came: the lane didn't open. Whoever can't or won't take part, or
    has nothing to present, counts (intention to treat)."""
    failure_reasons: dict[str, int]
    attendance_errors: Rate
    """Of all person-mornings, against an observer: present and not noted or noted as another, absent and noted."""
    unauthorised_entries: Rate
    """Of tries of people who may not enter, by the scene's mix of methods, walking in behind others included."""
    deceived: dict[str, Rate]
    """By method, of tries in which nobody walked in behind another."""
    transaction_time: dict[str, Quantity]
    """p50, p95: from entering the zone to the decision that opened, s."""
    wait: dict[str, Quantity]
    """p50, p95: from joining the queue to entering the zone, s."""
    longest_queue: Quantity
    """The most people waiting at once, mean over mornings."""
    late: Rate
    """Of those who came: arrived before the bell, inside after it."""
    persons_per_minute: Quantity
    """Of one door under saturation: 60 / mean time that the lane is taken for each who is let in."""


class DoorLane(Value):
    """One lane at the simulated doors."""

    transactions: Transactions
    """A sample: the rows of the first morning of the first repetition at each setting."""
    person_mornings: int = Field(ge=1)
    """Of all repetitions, at each setting: what the counts stand on."""
    decision_time: Literal["measured", "stated"]
    """Whether this device's own decision times were put in."""
    runs: tuple[DoorRun, ...]


class DoorComparison(Value):
    """A paired difference of two lanes at the doors, first − second, and how it may be put in words."""

    outcome: LaneOutcome
    first: Lane
    second: Lane
    first_level: Literal["best", "middle", "worst"]
    second_level: Literal["best", "middle", "worst"]
    scene_level: Literal["best", "middle", "worst"]
    difference: Quantity
    margin: float
    sentence: Sentence


class Doors(Value):
    """All lanes side by side at one simulated entrance."""

    settings: dict[str, Any]
    seed: int
    repetitions: int
    lanes: dict[Lane, DoorLane]
    comparisons: tuple[DoorComparison, ...]


class Price(Value):
    """A price or an amount of work as somebody who buys lanes would put it in; the range is where it may well lie."""

    id: str
    unit: str
    low: float = Field(ge=0, allow_inf_nan=False)
    middle: float = Field(ge=0, allow_inf_nan=False)
    high: float = Field(ge=0, allow_inf_nan=False)
    source: str
    status: Status
    mark: str | None = None

    @property
    def published(self) -> bool:
        """Whether anybody but the project named it."""
        return self.status != "assumption"

    @model_validator(mode="after")
    def _a_range(self) -> Self:
        if not self.low <= self.middle <= self.high:
            raise ValueError(f"expected low ≤ middle ≤ high, found {self.low:g}, {self.middle:g}, {self.high:g}")
        if self.status in ("unverified", "assumption") and self.low == self.high:
            raise ValueError(
                f"expected low and high to differ where nothing sure is published ({self.status}), found "
                f"{self.low:g} for both: such a price has a range, it is never set"
            )
        return self


class LaneCost(Value):
    """What one lane costs over the whole time, by mean over the draws, and what of it recurs."""

    total: Quantity
    once: Quantity
    yearly: Quantity
    """For one year."""
    terms: dict[str, float]
    """Means that add up to the total's value. `alternative`: what those who can't or won't take part need."""
    alternative: Lane | None = None
    """The way in that stays for them; None for a lane that nobody can lawfully decline in favour of another."""


class CostSwing(Value):
    """What one price or factor does to a difference of costs, from end to end of its range, all else in the middle."""

    id: str
    unit: str
    ends: tuple[float, float]
    difference: tuple[float, float]
    """First − second over the whole time, at either end."""
    equal: float | None
    """At which value both cost the same, in its range or beyond; None: at none that it could have."""


class CostPair(Value):
    """What the first lane costs above the second, on the same draws."""

    first: Lane
    second: Lane
    difference: Quantity
    """First − second over the whole time."""
    pays_back: float | None
    """Years until what the first costs more at the start is saved, median over the draws; None: never."""
    pays_back_span: tuple[float | None, float | None]
    """Of 95 % of the draws; None: never."""
    never: float = Field(ge=0.0, le=1.0)
    """Share of draws in which it never does."""
    avoided: Quantity
    """Legitimate failures that the first avoids, a year; below zero it adds some."""
    per_failure: Quantity | None
    """Money for each failure avoided, over draws in which there are any; None where there are none at all."""
    none_avoided: float = Field(ge=0.0, le=1.0)
    """Share of draws in which the first avoids none."""
    swings: tuple[CostSwing, ...] = ()
    """What decides the difference, the widest first."""


class Cost(Value):
    """What the lanes cost one who buys them: prices and choices as they were put in, and what they come to."""

    currency: str
    years: float
    persons: int
    doors: int
    days: int
    """School days a year."""
    draws: int
    seed: int
    sha256: str
    """Of the file with the prices."""
    prices: tuple[Price, ...]
    lanes: dict[Lane, LaneCost]
    pairs: tuple[CostPair, ...]


class DataItem(Value):
    """One kind of data that a lane needs of a person."""

    id: str
    category: int = Field(ge=1, le=4)
    """ENISA's data processing context (2013), 1 to 4, a step higher where children may be among the people."""
    identifiability: float = Field(ge=0.25, le=1.0)
    """ENISA's ease of identification."""
    held: bool
    """Whether the controller holds it; else it is in the person's own hands."""
    days: float | None
    """How long the controller holds it; 0 where it doesn't; None: the record doesn't say."""
    biometric: bool = False


Reuse = Literal["low", "high"]
Place = Literal["nowhere", "hand", "device", "site", "cloud"]


class PrivacyVector(Value):
    """What a lane takes of people. None is what the processing record doesn't say."""

    items: tuple[DataItem, ...]
    subjects: int
    children: bool | None = None
    """Whether anybody under 18 may be among them; None: not known, and counts as yes."""
    bystanders: int | None
    """People who pass and of whom a template is computed that they never agreed to, a day; None: not known."""
    bystanders_least: int = 0
    """What is known of them all the same: those who declined and walk past."""
    days: float | None
    """The longest that the controller holds any item."""
    recipients: int | None
    place: Place | None
    """The furthest from the person's own hands that an item is kept."""
    irrevocable: bool
    """Whether something is stored that can't be issued anew."""
    reuse: Reuse | None
    article_9: bool
    opt_out: bool | None
    """Whether declining is a real choice: another way as good, without detriment."""


class Standing(Value):
    """A lane's place by the project's one number, 1 the least intrusive, and how far it moves with the weights."""

    rank: int
    span: tuple[int, int]
    """Least and greatest place over all draws of weights."""
    kept: float = Field(ge=0.0, le=1.0)
    """Share of draws in which it keeps its place."""


class Privacy(Value):
    """Each lane's vector, what dominates what without any weight, and only then one number by declared weights."""

    record: str
    sha256: str = ""
    """Of the processing record that it was read from."""
    vector: dict[Lane, PrivacyVector] = {}
    milder: dict[Lane, tuple[Lane, ...]] = {}
    """For each lane those that are no worse in any entry of the vector and better in one."""
    dominated: dict[Lane, tuple[Lane, ...]] = {}
    """The same with the outcomes at the simulated doors counted in, both ends from best to worst level."""
    footprint: dict[Lane, float | None] = {}
    """The project's convention; None: the record doesn't say what it takes."""
    weights_fixed: str | None = None
    """When the weights were fixed; ISO 8601."""
    weights_sha256: str = ""
    standing: dict[Lane, Standing] = {}
    draws: int = 0
    seed: int = 0


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


class Crew(Value):
    """Who was measured, and for whom the figures are meant."""

    people: Literal["drawn", "research-set", "adults", "staff", "pupils", "simulated"]
    """Whose faces and tags; `simulated`: nobody's, where no face lane ran."""
    intended: Literal["adults", "children", "mixed"]
    """Who would use the entrance."""
    gap_days: float | None = None
    """Between enrolment and test; None: not known, or no time passes."""
    first_day: bool = False
    """Were there people who used the lanes for the first time?"""
    arrivals: tuple[Literal["single", "pairs", "burst"], ...] = ("single",)


class Claim(Value):
    """What somebody says of a product and nobody here measured."""

    who: str
    says: str
    source: str


class Attached(Value):
    """The gate's verdict on the processing record that a report goes with."""

    record: str
    """Its title, or its file's name."""
    sha256: str
    verdict: Literal["allow", "suspend", "refuse"]
    profile: str
    as_of: str
    against: dict[Literal["en", "sv", "is"], tuple[str, ...]] = {}
    """What weighed against it, in each language of a report: rule and message, the heaviest first."""
    warnings: int = 0
    needs: int = 0


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
    doors: Doors | None = None
    """None only in results that were written before there were all lanes."""
    networks: tuple[NetworkUsed, ...]
    stronger: tuple[NetworkUsed, ...] = ()
    """Networks that evidence should use in place of those that took part; they did not."""
    sets: tuple[SetUsed, ...]
    cannot_show: tuple[dict[str, Any], ...]
    """What this run can't show: an id, and the numbers its sentence needs."""
    crew: Crew | None = None
    """None in results that were written before there was one."""
    claims: tuple[Claim, ...] = ()
    verdict: Attached | None = None
    """None: no processing record was attached."""
    cost: Cost | None = None
    """None: no prices were given."""
    privacy: Privacy | None = None
    """None: no processing record was attached."""
    reproduce: str
