"""Draws of everything that a cost stands on: prices, factors, and what the doors gave, each over its range."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.cost.prices import Prices
from benchmarks.errors import BenchmarkError
from benchmarks.evidence import DoorLane, DoorRun, Doors, Rate, Results
from edge.transaction import LANES, Lane

Array = NDArray[np.float64]

FACTORS = ("absence", "fallback.time", "tag.lost", "key.lost")
"""What the formula takes from the results' factors, so that it isn't typed twice."""
BARRED = ("refused", "not-enrolled")
"""Reasons of people whom a face lane can't or may not take: they need the other way in every day."""


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
        raise CostError(
            "doors: expected results with all lanes at the simulated doors, found none: run threshold evaluate again."
        )
    values: dict[str, Array] = {}
    for price in prices.price:
        u = _stream(seed, f"price {price.id}").random(count)
        values[price.id] = triangular(u, price.low, price.middle, price.high)
    factors = {factor.id: factor for factor in results.factors}
    for name in FACTORS:
        if name not in factors:
            raise CostError(f"factors: expected {name!r} among the results' factors, found none.")
        factor = factors[name]
        u = _stream(seed, f"factor {name}").random(count)
        values[name] = triangular(u, factor.best, factor.middle, factor.worst)
    for lane in LANES:
        if lane not in results.doors.lanes:
            raise CostError(f"doors.lanes: expected every lane, found no {lane!r}.")
        values |= _outcomes(results.doors, lane, count, seed)
    return values


def _outcomes(doors: Doors, lane: Lane, count: int, seed: int) -> dict[str, Array]:
    runs = _levels(doors.lanes[lane])
    stream = _stream(seed, f"kind {lane.partition('-')[0]}")
    kind = stream.random(count)

    def over(values: tuple[float, float, float], rate: Rate) -> Array:
        noise = stream.standard_normal(count) * (rate.interval[1] - rate.interval[0]) / (2 * 1.96)
        return np.clip(triangular(kind, *values) + noise, 0.0, 1.0)

    failed = [run.legitimate_failures.value for run in runs]
    wrong = [run.attendance_errors.value for run in runs]
    barred = [0.0, 0.0, 0.0]
    if lane.startswith("face-"):
        barred = [
            sum(run.failure_reasons.get(reason, 0) for reason in BARRED) / run.legitimate_failures.denominator
            for run in runs
        ]
    own_failed = [
        # Of those who use the lane: the barred come to the other way in, and are in neither count here.
        (all_failed - away) / (1.0 - away) if away < 1.0 else 0.0
        for all_failed, away in zip(failed, barred, strict=True)
    ]
    middle = runs[1]
    return {
        f"failed {lane}": over((own_failed[0], own_failed[1], own_failed[2]), middle.legitimate_failures),
        f"wrong {lane}": over((wrong[0], wrong[1], wrong[2]), middle.attendance_errors),
        f"barred {lane}": triangular(kind, *barred),
    }


def _levels(lane: DoorLane) -> list[DoorRun]:
    found = {run.lane_level: run for run in lane.runs if run.scene_level == "middle" and not run.fallback_blocks}
    return [found[level] for level in ("best", "middle", "worst")]


def _stream(seed: int, name: str) -> np.random.Generator:
    """A stream from each value's name: another price added, and all others are drawn as before."""
    return np.random.default_rng([seed, *name.encode()])
