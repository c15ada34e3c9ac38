"""One point: settings in, outcomes of all options out. A pure function, the same wherever it runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.doors.columns import Columns, Model, Run
from benchmarks.doors.draws import Draws, draw, joined
from benchmarks.doors.tally import SHARES, Tally
from benchmarks.scenario import Doors, Scenario
from benchmarks.sensitivity.options import KEPT, OPTIONS, Option
from benchmarks.sensitivity.space import Parameter, parameters, settled
from edge.transaction import LANES

Row = tuple[float, ...]
"""A number from 0 to 1 for each parameter, in their order."""
Outcomes = list[list[float | None]]
"""Options × KEPT; None where an option has no such figure."""
_TOGETHER = 25_000
"""Person-mornings at a time: arrays long enough to be quick, short enough for a processor's cache."""


def shared(scenario: Scenario, person_mornings: int) -> str:
    """What all points have in common, as text: the same text, the same numbers."""
    return json.dumps(
        {"scenario": scenario.model_dump(mode="json"), "person_mornings": person_mornings}, sort_keys=True
    )


def point(text: str, row: Row) -> Outcomes:
    """All options at one setting. Every point sees the same people, arrivals and luck (common random numbers): what
    differs between two points comes from their settings. With another number of persons they are other people."""
    scenario, space, person_mornings = _read(text)
    values = {parameter.id: parameter.at(u) for parameter, u in zip(space, row, strict=True)}
    found: dict[str, list[float | None]] = {}
    lanes = [option for option in OPTIONS if option.id in LANES]
    for options in (lanes, *([option] for option in OPTIONS if option.id not in LANES)):
        found |= _together(scenario, values, person_mornings, options)
    return [found[option.id] for option in OPTIONS]


def _together(
    scenario: Scenario, values: Mapping[str, float], person_mornings: int, options: list[Option]
) -> dict[str, list[float | None]]:
    """Options that share one entrance: its values, and its number of doors."""
    first = options[0]
    changed = {**values, "doors.parallel": values["doors.parallel"] + first.doors}
    for factor, times in first.times.items():
        changed[factor] = values[factor] * times
    there = settled(scenario, changed, person_mornings)
    doors = there.doors
    run = Run(blocks=doors.fallback_blocks)
    model = Model(there, run)
    tallies = {option.lane: Tally() for option in options}
    seconds = dict.fromkeys(tallies, 0.0)
    by_hand_s = model.values["fallback.time"]
    step = max(1, _TOGETHER // (doors.persons * doors.mornings))
    for begin in range(0, doors.repetitions, step):
        draws = _draws(_size(doors), there.seed, begin, min(begin + step, doors.repetitions))
        for lane, columns in model.columns(draws, tuple(tallies)).items():
            tallies[lane].add(columns, doors)
            seconds[lane] += _seconds(columns, by_hand_s)
    mornings = doors.repetitions * doors.persons * doors.mornings
    return {
        option.id: _kept(tallies[option.lane], 1000.0 * seconds[option.lane] / 60.0 / mornings) for option in options
    }


def _seconds(columns: Columns, by_hand_s: float) -> float:
    """Of everybody who came, from coming to being inside; and of whoever opens by hand, as many times as they do."""
    inside = np.where(columns.present, columns.inside - columns.arrived, 0.0)
    return float(inside.sum()) + float(columns.failed.sum()) * by_hand_s


def _kept(tally: Tally, minutes: float) -> list[float | None]:
    told: dict[str, float] = {"minutes": minutes}
    for outcome, (numerator, denominator) in SHARES.items():
        told[outcome] = float(tally[numerator].sum() / tally[denominator].sum())
    for amount in ("wait-p95", "persons-per-minute", "transaction-p50"):
        found = tally[amount]
        found = found[np.isfinite(found)]
        told[amount] = float(found.mean()) if found.size else math.nan
    return [value if math.isfinite(value := told[name]) else None for name in KEPT]


def _size(doors: Doors) -> str:
    """What draws depend on, and nothing else."""
    return doors.model_copy(update={"parallel": 1, "fallback_blocks": False, "repetitions": 2}).model_dump_json()


@lru_cache(maxsize=64)
def _draws(doors: str, seed: int, begin: int, end: int) -> Draws:
    """Kept between points, some 3 MB each: every point has the same ones."""
    size = Doors.model_validate_json(doors)
    return joined(draw(size, seed, repetition) for repetition in range(begin, end))


@lru_cache(maxsize=4)
def _read(text: str) -> tuple[Scenario, tuple[Parameter, ...], int]:
    document = json.loads(text)
    scenario = Scenario.model_validate(document["scenario"])
    return scenario, parameters(scenario), int(document["person_mornings"])


def table(results: Sequence[Outcomes]) -> NDArray[np.float64]:
    """Points × options × KEPT, NaN where there is none."""
    return np.array(results, dtype=np.float64)
