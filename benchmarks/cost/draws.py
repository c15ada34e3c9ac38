"""Draws of everything that a cost stands on: prices, factors, and what the doors gave, each over its range."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.cost.prices import Prices
from benchmarks.errors import BenchmarkError
from benchmarks.evidence import DoorRun, Doors, Factor, Rate, Results
from edge.transaction import LANES, Lane

Array = NDArray[np.float64]

FACTORS = ("absence", "fallback.time", "tag.lost", "key.lost")
"""What the formula takes from the results' factors, so that it isn't typed twice."""
NOT_NOTED = "fallback.not-noted"
"""Let in by hand and not noted: the records of whoever a face lane can't or may not take go wrong so, in its runs."""
BARRED = ("refused", "not-enrolled")
"""Reasons of people whom a face lane can't or may not take: they need the other way in every day."""


_NO_DOORS = "expected results with all lanes at the simulated doors, found none: run threshold evaluate again."


class CostError(BenchmarkError, ValueError):
    """Error raised for results that no cost can be made of: names what was expected and found."""


def triangular(u: Array, low: float, middle: float, high: float) -> Array:
    """Quantiles `u` (0 to 1) of the triangular distribution with its mode at `middle`; the project's convention for a
    range with a middle. `low` may be above `high`: quantiles then fall."""
    a, b = min(low, high), max(low, high)
    if b == a:
        return np.full_like(u, a)
    u = u if low <= high else 1.0 - u
    mode = min(max(middle, a), b)
    turn = (mode - a) / (b - a)
    left = a + np.sqrt(u * (b - a) * (mode - a))
    right = b - np.sqrt((1.0 - u) * (b - a) * (b - mode))
    return np.asarray(np.where(u < turn, left, right), np.float64)


def draw(results: Results, prices: Prices, count: int, seed: int) -> dict[str, Array]:
    """`count` draws of every value that `formula.bill` reads. Raises CostError for results without doors.

    A price or factor has one draw for all lanes, so that differences are paired. Lanes of one kind (all face lanes, all
    tag lanes) share how kind the draw is to them, and the simulation's own error: they met the same people and luck.
    """
    if results.doors is None:
        raise CostError(f"doors: {_NO_DOORS}")
    values: dict[str, Array] = {}
    for price in prices.price:
        u = _stream(seed, f"price {price.id}").random(count)
        values[price.id] = triangular(u, price.low, price.middle, price.high)
    factors = _factors(results)
    for name in FACTORS:
        factor = factors[name]
        u = _stream(seed, f"factor {name}").random(count)
        values[name] = triangular(u, factor.best, factor.middle, factor.worst)
    for lane in LANES:
        values |= _outcomes(_levels(results.doors, lane), factors[NOT_NOTED].middle, lane, count, seed)
    return values


def middles(results: Results, prices: Prices) -> dict[str, float]:
    """Every value that `formula.bill` reads, at its middle. Raises CostError."""
    if results.doors is None:
        raise CostError(f"doors: {_NO_DOORS}")
    factors = _factors(results)
    values = {price.id: price.middle for price in prices.price} | {name: factors[name].middle for name in FACTORS}
    for lane in LANES:
        shares = _shares(_levels(results.doors, lane), factors[NOT_NOTED].middle, lane)
        values |= {f"{name} {lane}": levels[1] for name, levels in shares.items()}
    return values


def _factors(results: Results) -> dict[str, Factor]:
    factors = {factor.id: factor for factor in results.factors}
    for name in (*FACTORS, NOT_NOTED):
        if name not in factors:
            raise CostError(f"factors: expected {name!r} among the results' factors, found none.")
    return factors


def _outcomes(runs: list[DoorRun], not_noted: float, lane: Lane, count: int, seed: int) -> dict[str, Array]:
    shares = _shares(runs, not_noted, lane)
    stream = _stream(seed, f"kind {lane.partition('-')[0]}")
    kind = stream.random(count)

    def over(values: tuple[float, float, float], rate: Rate) -> Array:
        noise = stream.standard_normal(count) * (rate.interval[1] - rate.interval[0]) / (2 * 1.96)
        return np.clip(triangular(kind, *values) + noise, 0.0, 1.0)

    middle = runs[1]
    return {
        f"failed {lane}": over(shares["failed"], middle.legitimate_failures),
        f"wrong {lane}": over(shares["wrong"], middle.attendance_errors),
        f"barred {lane}": triangular(kind, *shares["barred"]),
    }


def _shares(runs: list[DoorRun], not_noted: float, lane: Lane) -> dict[str, tuple[float, float, float]]:
    """From best to worst level: `barred`, and of those who use the lane `failed` (of those who came) and `wrong` (of
    records). The barred come to the other way in, and their failures and records count there."""
    told = []
    for run in runs:
        failed, wrong = run.legitimate_failures, run.attendance_errors
        away = 0.0
        if lane.startswith("face-"):
            away = sum(run.failure_reasons.get(reason, 0) for reason in BARRED) / failed.denominator
        rest = 1.0 - away
        if rest <= 0.0:
            told.append((away, 0.0, 0.0))
            continue
        theirs = away * not_noted * failed.denominator / wrong.denominator
        told.append((away, (failed.value - away) / rest, max(0.0, wrong.value - theirs) / rest))
    best, middle, worst = told
    return {
        name: (best[place], middle[place], worst[place]) for place, name in enumerate(("barred", "failed", "wrong"))
    }


def _levels(doors: Doors, lane: Lane) -> list[DoorRun]:
    if lane not in doors.lanes:
        raise CostError(f"doors.lanes: expected every lane, found no {lane!r}.")
    found = {
        run.lane_level: run for run in doors.lanes[lane].runs if run.scene_level == "middle" and not run.fallback_blocks
    }
    return [found[level] for level in ("best", "middle", "worst")]


def _stream(seed: int, name: str) -> np.random.Generator:
    """A stream from each value's name: another price added, and all others are drawn as before."""
    return np.random.default_rng([seed, *name.encode()])
