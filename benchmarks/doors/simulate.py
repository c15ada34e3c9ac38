"""All lanes at the doors: repetition after repetition, then the evidence."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np
from scipy.stats import t as student

from benchmarks.bootstrap import NO_ERROR, ONLY_ERRORS
from benchmarks.doors.columns import Measured, Model, Run
from benchmarks.doors.draws import draw, joined
from benchmarks.doors.sample import rows
from benchmarks.doors.tally import SHARES, Numbers, Tally
from benchmarks.doors.ways import METHODS, WAYS
from benchmarks.errors import BenchmarkError
from benchmarks.evidence import (
    HIGHER_IS_BETTER,
    DoorComparison,
    DoorLane,
    DoorRun,
    LaneOutcome,
    Quantity,
    Rate,
    sentence,
)
from benchmarks.evidence import Doors as Evidence
from benchmarks.interval import Interval, rule_of_three, wilson
from benchmarks.rows import Rows
from benchmarks.scenario import LEVELS, Doors, Level, Scenario
from benchmarks.session import Progress
from benchmarks.spread import Here, Where
from edge.transaction import LANES, Lane, Transaction

CHUNK = 10
"""Repetitions at a time: arrays long enough to be quick, short enough for a processor's cache."""
RUNS = (
    Run("best", "middle"),
    Run("middle", "best"),
    Run("middle", "middle"),
    Run("middle", "worst"),
    Run("worst", "middle"),
    Run("middle", "middle", blocks=True),
)
OVER_REPETITIONS = "t interval over repetitions"
ALL_THE_SAME = "the same in every repetition"
PAIRS: tuple[tuple[Lane, Lane], ...] = (
    ("face-1n", "tag-uid"),
    ("face-1n", "tag-auth"),
    ("face-tag", "tag-auth"),
    ("face-on-tag", "tag-auth"),
    ("register", "tag-uid"),
)
"""Face − tag, against the weak tag and the strong one; and manual − tag apart from it, so that what automation gains
isn't booked as what the face gains."""
_ALL_NINE: tuple[tuple[Lane, Lane], ...] = (("face-1n", "tag-uid"), ("register", "tag-uid"))
_AMOUNT: dict[LaneOutcome, tuple[str, str]] = {
    "transaction-time-p50": ("transaction-p50", "s"),
    "wait-p95": ("wait-p95", "s"),
    "persons-per-minute": ("persons-per-minute", "persons/min"),
}


class DoorsError(BenchmarkError, ValueError):
    """Error raised for a simulation that can't be: names what was expected and found."""


def repetitions(scenario: Scenario, person_mornings: int) -> int:
    """How many repetitions give at least so many person-mornings. Raises DoorsError below two repetitions' worth."""
    one = scenario.doors.persons * scenario.doors.mornings
    needed = math.ceil(person_mornings / one)
    if needed < 2:
        raise DoorsError(
            f"person-mornings: expected more than {one} (two repetitions, for an interval), found {person_mornings}."
        )
    return needed


def tallies(
    scenario: Scenario,
    run: Run,
    measured: Measured | None = None,
    lanes: tuple[Lane, ...] = LANES,
) -> dict[Lane, Tally]:
    """All lanes at one setting over all repetitions."""
    model = Model(scenario, run, measured)
    told = {lane: Tally() for lane in lanes}
    for first in _chunks(scenario.doors):
        for lane, tally in _chunk(model, first, lanes).items():
            told[lane].extend(tally)
    return told


def _chunks(doors: Doors) -> range:
    return range(0, doors.repetitions, CHUNK)


def _chunk(model: Model, first: int, lanes: tuple[Lane, ...]) -> dict[Lane, Tally]:
    """Of CHUNK repetitions from `first`, or as many as are left."""
    scenario, told = model.scenario, {lane: Tally() for lane in lanes}
    last = min(first + CHUNK, scenario.doors.repetitions)
    draws = joined(draw(scenario.doors, scenario.seed, repetition) for repetition in range(first, last))
    for lane, columns in model.columns(draws, lanes).items():
        told[lane].add(columns, scenario.doors)
    return told


def chunk(shared: str, item: tuple[int, int]) -> dict[Lane, Tally]:
    """A task that may run anywhere: all lanes at the setting RUNS[item[0]], the repetitions from item[1]."""
    run, first = item
    return _chunk(_model(shared, run), first, LANES)


@lru_cache(maxsize=len(RUNS))
def _model(shared: str, run: int) -> Model:
    document = json.loads(shared)
    measured = {whose: np.array(times, np.float64) for whose, times in document["measured"].items()}
    return Model(Scenario.model_validate(document["scenario"]), RUNS[run], cast(Measured, measured))


def _everywhere(
    scenario: Scenario, measured: Measured | None, where: Where, tick: Callable[[], None]
) -> dict[Run, dict[Lane, Tally]]:
    """All lanes at all settings, by tasks; put together in the order of repetitions, whatever order they end in."""
    # Python writes the shortest digits that give the same number back: nothing is lost on the way.
    shared = json.dumps(
        {
            "scenario": scenario.model_dump(mode="json"),
            "measured": {str(whose): times.tolist() for whose, times in (measured or {}).items()},
        }
    )
    items = [(run, first) for run in range(len(RUNS)) for first in _chunks(scenario.doors)]
    parts: list[dict[Lane, Tally]] = [{} for _ in items]
    for index, part in where.run(chunk, shared, list(enumerate(items))):
        parts[index] = part
        tick()
    told = {run: {lane: Tally() for lane in LANES} for run in RUNS}
    for (run, _), part in zip(items, parts, strict=True):
        for lane, tally in part.items():
            told[RUNS[run]][lane].extend(tally)
    return told


def simulate(
    scenario: Scenario,
    folder: Path,
    measured: Measured | None = None,
    progress: Progress = lambda what, total: lambda: None,
    where: Where | None = None,
) -> Evidence:
    """Every lane at every setting; writes each lane's sample of rows to `folder`. Raises RowsError, SpreadError.

    `where` (here, unless told) makes no difference to the numbers.
    """
    tick = progress("all lanes at the doors", len(RUNS) * len(_chunks(scenario.doors)))
    told = _everywhere(scenario, measured, where or Here(), tick)
    samples = _samples(scenario, measured)
    lanes: dict[Lane, DoorLane] = {}
    for lane in LANES:
        with Rows(folder, lane, "doors") as kept:
            kept.extend(samples[lane])
        machine = [whose for whose in WAYS[lane].machine if whose in (measured or {})]
        lanes[lane] = DoorLane(
            transactions=kept.reference(),
            person_mornings=scenario.doors.repetitions * scenario.doors.persons * scenario.doors.mornings,
            decision_time="measured" if machine else "stated",
            runs=tuple(_run(scenario, lane, run, told[run][lane]) for run in RUNS),
        )
    return Evidence(
        settings=scenario.doors.model_dump(mode="json", exclude={"margins", "repetitions", "quick_repetitions"}),
        seed=scenario.seed,
        repetitions=scenario.doors.repetitions,
        lanes=lanes,
        comparisons=tuple(_comparisons(scenario, told)),
    )


def _samples(scenario: Scenario, measured: Measured | None) -> dict[Lane, list[Transaction]]:
    told: dict[Lane, list[Transaction]] = {lane: [] for lane in LANES}
    draws = draw(scenario.doors, scenario.seed, 0)
    for run in RUNS:
        for lane, columns in Model(scenario, run, measured).columns(draws).items():
            told[lane].extend(rows(columns, 1, 60.0 * scenario.doors.window_minutes))
    return told


def _run(scenario: Scenario, lane: Lane, run: Run, tally: Tally) -> DoorRun:
    source = f"scenario {scenario.id}, doors, {lane}, {run.name}"

    def share(outcome: str) -> Rate:
        return _rate(tally[SHARES[outcome][0]], tally[SHARES[outcome][1]], scenario.doors, source)

    def amount(name: str, unit: str) -> Quantity | None:
        return _quantity(tally[name], unit, source)

    def both(name: str) -> dict[str, Quantity]:
        return {q: found for q in ("p50", "p95") if (found := amount(f"{name}-{q}", "s"))}

    queue, minute = amount("longest-queue", "persons"), amount("persons-per-minute", "persons/min")
    if queue is None or minute is None:
        raise DoorsError(f"{lane}, {run.name}: expected people who are let in, found none in any repetition.")
    return DoorRun(
        lane_level=run.lane,
        scene_level=run.scene,
        fallback_blocks=run.blocks,
        legitimate_failures=share("legitimate-failures"),
        failure_reasons=dict(tally.reasons.most_common()),
        attendance_errors=share("attendance-errors"),
        unauthorised_entries=share("unauthorised-entries"),
        deceived={
            method: _rate(tally[f"entered {method}"], tally[f"untailed {method}"], scenario.doors, source)
            for method in METHODS
            if tally[f"untailed {method}"].sum() > 0
        },
        transaction_time=both("transaction"),
        wait=both("wait"),
        longest_queue=queue,
        late=share("late"),
        persons_per_minute=minute,
    )


def _rate(numerator: Numbers, denominator: Numbers, doors: Doors, source: str) -> Rate:
    """The pooled share, a ratio of two sums over repetitions; its interval from how these vary together (linearised:
    the residuals numerator − share × denominator), or Wilson's where they don't. Where no error was seen, or nothing
    else: the rule of 3 on persons, or on trials where there are fewer of these."""
    errors, trials = int(numerator.sum()), int(denominator.sum())
    n = numerator.size
    spread = math.sqrt(n / (n - 1) * float(((numerator - errors / trials * denominator) ** 2).sum())) / trials
    if not 0 < errors < trials:
        bound = rule_of_three(min(trials, doors.persons * n)).high
        interval = Interval(0.0, bound, 0.95, NO_ERROR) if errors == 0 else Interval(1 - bound, 1.0, 0.95, ONLY_ERRORS)
    elif spread < 1e-12:
        interval = wilson(errors, trials)
    else:
        half = float(student.ppf(0.975, n - 1)) * spread
        value = errors / trials
        interval = Interval(max(0.0, value - half), min(1.0, value + half), 0.95, OVER_REPETITIONS)
    return Rate.of(errors, trials, interval, source, "simulated")


def _quantity(values: Numbers, unit: str, source: str) -> Quantity | None:
    """The mean over repetitions; None where fewer than two have one."""
    found = values[np.isfinite(values)]
    if found.size < 2:
        return None
    return Quantity.of(float(found.mean()), unit, int(found.size), _over(found), source, "simulated")


def _over(values: Numbers, level: float = 0.95) -> Interval:
    """Student's interval for the mean of independent repetitions (at least 2)."""
    if not np.ptp(values):
        return Interval(float(values[0]), float(values[0]), level, ALL_THE_SAME)
    half = float(student.ppf((1 + level) / 2, values.size - 1) * values.std(ddof=1) / math.sqrt(values.size))
    middle = float(values.mean())
    return Interval(middle - half, middle + half, level, OVER_REPETITIONS)


def _comparisons(scenario: Scenario, told: dict[Run, dict[Lane, Tally]]) -> Iterator[DoorComparison]:
    for first, second in PAIRS:
        nine = [(a, b) for a in LEVELS for b in LEVELS] if (first, second) in _ALL_NINE else [(a, a) for a in LEVELS]
        settings: Sequence[tuple[Level, Level, Level]] = [
            *((a, b, "middle") for a, b in nine),
            ("middle", "middle", "best"),
            ("middle", "middle", "worst"),
        ]
        for a, b, scene in settings:
            one, other = told[Run(a, scene)][first], told[Run(b, scene)][second]
            for outcome, margin in scenario.doors.margins.items():
                found = _difference(scenario, outcome, one, other, f"{first} at {a} − {second} at {b}, scene {scene}")
                if found is None:
                    continue
                sign = -1.0 if outcome in HIGHER_IS_BETTER else 1.0
                ends = sorted(sign * end for end in found.interval)
                yield DoorComparison(
                    outcome=outcome,
                    first=first,
                    second=second,
                    first_level=a,
                    second_level=b,
                    scene_level=scene,
                    difference=found,
                    margin=margin,
                    sentence=sentence(Interval(ends[0], ends[1], found.level, found.method), margin, "simulated"),
                )


def _difference(scenario: Scenario, outcome: LaneOutcome, one: Tally, other: Tally, source: str) -> Quantity | None:
    """Paired by repetition: the same people, arrivals and luck at both lanes."""
    if outcome in SHARES:
        unit, ours, theirs = "share", one.share(outcome), other.share(outcome)
    else:
        name, unit = _AMOUNT[outcome]
        ours, theirs = one[name], other[name]
    return _quantity(ours - theirs, unit, f"scenario {scenario.id}, doors, {source}")
