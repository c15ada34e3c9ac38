"""Intervals for counted errors: one proportion, no error at all, and the difference of two proportions.

Everything here takes trials as independent. Where one person gives several trials they aren't: `benchmarks.clustered`
is for those. Which one a figure gets is decided in `benchmarks.method`.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import SupportsIndex

from scipy.stats import binomtest, norm

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
    each = wilson(errors1, trials1, level), wilson(errors2, trials2, level)
    low, high = square_and_add((errors1 / trials1, errors2 / trials2), each, 0.0)
    return Interval(low, high, level, "Newcombe score, unpaired")


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
    each = wilson(a + b, n, level), wilson(a + c, n, level)
    low, high = square_and_add(((a + b) / n, (a + c) / n), each, _corrected_phi(a, b, c, d))
    return Interval(low, high, level, "Newcombe score, paired")


def square_and_add(
    values: tuple[float, float], intervals: tuple[Interval, Interval], correlation: float
) -> tuple[float, float]:
    """The ends of an interval for values[0] - values[1] from an interval of each (Newcombe 1998; Zou and Donner 2008).

    The distances from the values to the ends are added as variances of two estimates with this `correlation` are.
    """
    (one, other), (first, second) = values, intervals
    below, above = (one - first.low, second.high - other), (first.high - one, other - second.low)
    down = math.sqrt(max(0.0, below[0] ** 2 - 2 * correlation * below[0] * below[1] + below[1] ** 2))
    up = math.sqrt(max(0.0, above[0] ** 2 - 2 * correlation * above[0] * above[1] + above[1] ** 2))
    return one - other - down, one - other + up


def mcnemar(first_only: SupportsIndex, second_only: SupportsIndex) -> float:
    """The exact, two-sided p value of McNemar's test: pairs in which only the first, only the second failed.

    Pairs that agree say nothing about a difference and don't enter; with no other pair the p value is 1. It takes pairs
    as independent, and it is no measure of a difference: print an interval beside it.
    RateError: a count that isn't a whole number or is negative.
    """
    b, c = _count("first_only", first_only), _count("second_only", second_only)
    return float(binomtest(b, b + c).pvalue) if b + c else 1.0


def agresti_coull(k: SupportsIndex, n: SupportsIndex, level: float = 0.95) -> Interval:
    """Agresti and Coull's interval (1998), two-sided: z²/2 errors and successes added, then Wald; cut at 0 and 1.

    The Common Criteria's biometric papers allow it; here it is a cross-check. RateError: as for `wilson`.
    """
    errors, trials = _counts("k", k, "n", n)
    z = float(norm.isf((1.0 - check_level(level)) / 2))
    size = trials + z * z
    middle = (errors + z * z / 2) / size
    reach = z * math.sqrt(middle * (1.0 - middle) / size)
    return Interval(max(0.0, middle - reach), min(1.0, middle + reach), level, "Agresti-Coull")


def upper_bound(k: SupportsIndex, n: SupportsIndex, level: float = 0.95) -> Interval:
    """[0, u]: Clopper and Pearson's ONE-SIDED upper bound of an error rate, exact for independent trials.

    What a claim "below p" needs; with no error it is the rule of 3. RateError: as for `wilson`.
    """
    errors, trials = _counts("k", k, "n", n)
    bound = binomtest(errors, trials, alternative="less").proportion_ci(check_level(level), method="exact").high
    return Interval(0.0, float(bound), level, "Clopper-Pearson exact (one-sided)")


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
