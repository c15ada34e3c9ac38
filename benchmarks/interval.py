"""Intervals for counted errors: one proportion, no error at all, and the difference of two proportions.

Everything here takes trials as independent. Where one person gives several trials they aren't: use
`benchmarks.bootstrap` and keep these for cross-checks.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import SupportsIndex

from scipy.stats import binomtest

from benchmarks.errors import BenchmarkError


class RateError(BenchmarkError, ValueError):
    """A count, level or series of values that no rate can be made of."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval: both ends in the unit of what was estimated, its level (0 to 1) and how it was made."""

    low: float
    high: float
    level: float
    method: str


def check_level(level: float) -> float:
    """The confidence level, strictly between 0 and 1; RateError otherwise (NaN included)."""
    if not 0.0 < level < 1.0:
        raise RateError(f"level: expected a number strictly between 0 and 1, such as 0.95, found {level!r}")
    return float(level)


def wilson(k: SupportsIndex, n: SupportsIndex, level: float = 0.95) -> Interval:
    """Wilson's score interval, two-sided, for `k` errors in `n` independent trials (Wilson 1927): the default.

    RateError: a count that isn't a whole number, k outside 0..n, n below 1, level outside (0, 1).
    """
    errors, trials = _counts("k", k, "n", n)
    low, high = binomtest(errors, trials).proportion_ci(check_level(level), method="wilson")
    return Interval(float(low), float(high), level, "Wilson score")


def clopper_pearson(k: SupportsIndex, n: SupportsIndex, level: float = 0.95) -> Interval:
    """The exact interval, two-sided, of Clopper and Pearson (1934): never covers less than it says, often more.

    RateError: as for `wilson`.
    """
    errors, trials = _counts("k", k, "n", n)
    low, high = binomtest(errors, trials).proportion_ci(check_level(level), method="exact")
    return Interval(float(low), float(high), level, "Clopper-Pearson exact")


def rule_of_three(n: SupportsIndex, level: float = 0.95) -> Interval:
    """[0, 1-(1-level)^(1/n)]: what `n` independent trials without an error still allow. The bound is ONE-SIDED.

    At 95 % it is close to 3/n, since -ln 0.05 = 2.996, hence the name. Where trials share people, `n` is the
    number of people for a bound that is safe, the number of trials for one that is optimistic.
    RateError: n not a whole number or below 1, level outside (0, 1).
    """
    _, trials = _counts("k", 0, "n", n)
    # expm1 and log1p keep the digits that 1 - 0.05**(1/n) loses for a large n.
    bound = -math.expm1(math.log1p(-check_level(level)) / trials)
    return Interval(0.0, bound, level, "no error seen: rule of 3 (one-sided)")


def newcombe_unpaired(
    k1: SupportsIndex, n1: SupportsIndex, k2: SupportsIndex, n2: SupportsIndex, level: float = 0.95
) -> Interval:
    """Interval for k1/n1 - k2/n2, two separate groups: two Wilson intervals joined (Newcombe 1998a, method 10).

    RateError: as for `wilson`, for either group.
    """
    errors1, trials1 = _counts("k1", k1, "n1", n1)
    errors2, trials2 = _counts("k2", k2, "n2", n2)
    first, second = wilson(errors1, trials1, level), wilson(errors2, trials2, level)
    p1, p2 = errors1 / trials1, errors2 / trials2
    down = math.hypot(p1 - first.low, second.high - p2)
    up = math.hypot(first.high - p1, p2 - second.low)
    return Interval(p1 - p2 - down, p1 - p2 + up, level, "Newcombe score, unpaired")


def newcombe_paired(
    both: SupportsIndex,
    first_only: SupportsIndex,
    second_only: SupportsIndex,
    neither: SupportsIndex,
    level: float = 0.95,
) -> Interval:
    """Interval for (first_only - second_only) / all pairs, the same units measured twice (Newcombe 1998b, method 10).

    `both`, `first_only`, `second_only` and `neither` count the pairs by where the event (a failure, say) was seen.
    RateError: a count that isn't a whole number or is negative, no pairs at all, level outside (0, 1).
    """
    a, b = _count("both", both), _count("first_only", first_only)
    c, d = _count("second_only", second_only), _count("neither", neither)
    n = a + b + c + d
    if n == 0:
        raise RateError("pairs: expected at least one among both, first_only, second_only and neither, found none")
    first, second = wilson(a + b, n, level), wilson(a + c, n, level)
    p1, p2 = (a + b) / n, (a + c) / n
    phi = _corrected_phi(a, b, c, d)
    below, above = (p1 - first.low, second.high - p2), (first.high - p1, p2 - second.low)
    down = math.sqrt(max(0.0, below[0] ** 2 - 2 * phi * below[0] * below[1] + below[1] ** 2))
    up = math.sqrt(max(0.0, above[0] ** 2 - 2 * phi * above[0] * above[1] + above[1] ** 2))
    theta = (b - c) / n
    return Interval(theta - down, theta + up, level, "Newcombe score, paired")


def _corrected_phi(a: int, b: int, c: int, d: int) -> float:
    """Newcombe 1998b: the correlation of the two outcomes, a positive one with a continuity correction of n/2."""
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    covariance = a * d - b * c
    corrected = max(covariance - (a + b + c + d) / 2, 0.0) if covariance > 0 else float(covariance)
    return corrected / math.sqrt(margins)


def _count(name: str, value: SupportsIndex) -> int:
    try:
        count = operator.index(value)
    except TypeError:
        raise RateError(f"{name}: expected a whole number, found {value!r}") from None
    if count < 0:
        raise RateError(f"{name}: expected a count of 0 or more, found {count}")
    return count


def _counts(k_name: str, k: SupportsIndex, n_name: str, n: SupportsIndex) -> tuple[int, int]:
    errors, trials = _count(k_name, k), _count(n_name, n)
    if trials == 0:
        raise RateError(f"{n_name}: expected at least one trial, found 0: a rate over nothing has no interval")
    if errors > trials:
        raise RateError(f"{k_name}: expected at most {n_name} = {trials}, found {errors}")
    return errors, trials
