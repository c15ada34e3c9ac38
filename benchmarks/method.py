"""Which interval for which figure: decided here and nowhere else, by what `make prove-coverage` measured.

Everything that prints a rate, a time or a difference asks these functions. docs/statistics.md says why each method was
chosen and what others cover; a method that misses 93 % there has no place in this file.
"""

from __future__ import annotations

from typing import SupportsIndex

import numpy as np
import numpy.typing as npt

from benchmarks import bootstrap, clustered, comparisons
from benchmarks.comparisons import Comparisons
from benchmarks.interval import Interval, clopper_pearson, newcombe_paired, rule_of_three, square_and_add, wilson

FEW_ERRORS = 30
"""The rule of 30 (Doddington): so many errors put the 90 % interval within about ±30 % of the rate."""


def independent(k: SupportsIndex, n: SupportsIndex, level: float = 0.95) -> Interval:
    """For `k` errors in `n` trials of `n` different subjects.

    No error, or nothing but errors: the rule of 3, one-sided. Fewer than 30 errors or successes: Clopper and Pearson,
    because Wilson's interval falls short there. Else Wilson.
    RateError: as `interval.wilson`.
    """
    counted = clopper_pearson(k, n, level)  # its errors come first
    errors, trials = int(k), int(n)
    if errors == 0:
        return rule_of_three(trials, level)
    if errors == trials:
        bound = rule_of_three(trials, level)
        return Interval(1.0 - bound.high, 1.0, level, "only errors seen: rule of 3 (one-sided)")
    return counted if min(errors, trials - errors) < FEW_ERRORS else wilson(errors, trials, level)


def rate(errors: npt.ArrayLike, subjects: npt.ArrayLike, level: float = 0.95) -> Interval:
    """For the share of true among `errors` ((n,) bool), each of the subject in `subjects` ((n,)).

    One trial from each subject: `independent`. Several from some: over subjects (`clustered.proportion`).
    RateError: as `clustered.tally`.
    """
    counted = clustered.tally(errors, subjects)
    if (counted.trials == 1).all():
        return independent(int(counted.errors.sum()), counted.subjects, level)
    return clustered.proportion(counted, level)


def false_match_rate(c: Comparisons, threshold: float, level: float = 0.95) -> Interval:
    """For the FMR at a threshold fixed beforehand: both subjects of a comparison count (`clustered.crossed`).

    TailError, ComparisonError: as `comparisons.fmr`. RateError: fewer than two subjects.
    """
    matches = comparisons.false_matches(c, threshold)
    ends = np.concatenate([c.nonmated_first[:matches], c.nonmated_second[:matches]])
    taking_part = c.subjects_nonmated()
    errors = np.bincount(ends, minlength=c.subjects)[taking_part]
    return clustered.crossed(errors, c.nonmated_by_subject()[taking_part], level)


def false_non_match_rate(c: Comparisons, threshold: float, level: float = 0.95) -> Interval:
    """For the FNMR at a threshold fixed beforehand. ComparisonError: no mated trial, a NaN threshold. RateError."""
    comparisons.fnmr(c, threshold)  # its errors come first
    return rate(c.mated.astype(np.float64) < threshold, c.mated_subject, level)


def fnmr_at_fmr(c: Comparisons, target: float, replicates: int = 1000, level: float = 0.95, *, seed: int) -> Interval:
    """For the FNMR at the threshold that gives FMR <= `target` on these very scores: `bootstrap.fnmr_at_fmr`.

    It finds the threshold again in each replicate; raises what it raises."""
    return bootstrap.fnmr_at_fmr(c, target, replicates, level, seed=seed)


def paired_difference(
    first: npt.ArrayLike, second: npt.ArrayLike, subjects: npt.ArrayLike, level: float = 0.95
) -> Interval:
    """For the share of true among `first` minus that among `second`: two lanes, the same person-mornings in order.

    One pair from each subject: Newcombe's method 10. Several from some: `clustered.paired_difference`.
    RateError: as `clustered.tally`, for either.
    """
    one, other = clustered.tally(first, subjects), clustered.tally(second, subjects)
    if (one.trials == 1).all() and not (one.share == other.share and one.share in {0.0, 1.0}):
        # Sorted alike, one trial each: the counts are the outcomes.
        a, b = one.errors.astype(bool), other.errors.astype(bool)
        return newcombe_paired(
            int((a & b).sum()), int((a & ~b).sum()), int((~a & b).sum()), int((~a & ~b).sum()), level
        )
    return clustered.paired_difference(one, other, level)


def crossover_difference(
    first: npt.ArrayLike,
    first_subjects: npt.ArrayLike,
    second: npt.ArrayLike,
    second_subjects: npt.ArrayLike,
    level: float = 0.95,
) -> Interval:
    """For the share of true among `first` minus that among `second`: the same persons at both, on mornings of each.

    `clustered.paired_difference`. RateError: as `clustered.tally`, for either; other numbers of persons.
    """
    one, other = clustered.tally(first, first_subjects), clustered.tally(second, second_subjects)
    return clustered.paired_difference(one, other, level)


def unpaired_difference(
    first: npt.ArrayLike,
    first_subjects: npt.ArrayLike,
    second: npt.ArrayLike,
    second_subjects: npt.ArrayLike,
    level: float = 0.95,
) -> Interval:
    """For the share of true among `first` minus that among `second`, two groups without a common subject.

    Newcombe's square and add over the interval that `rate` gives each group. RateError: as `rate`, for either.
    """
    one, other = rate(first, first_subjects, level), rate(second, second_subjects, level)
    shares = float(np.mean(np.asarray(first, float))), float(np.mean(np.asarray(second, float)))
    low, high = square_and_add(shares, (one, other), 0.0)
    return Interval(low, high, level, clustered.UNPAIRED)


def mean(values: npt.ArrayLike, subjects: npt.ArrayLike, level: float = 0.95) -> Interval:
    """For a mean, of times above all: `clustered.mean`."""
    return clustered.mean(values, subjects, level)


def quantile(values: npt.ArrayLike, subjects: npt.ArrayLike, q: float, level: float = 0.95) -> Interval:
    """For a quantile: `clustered.quantile`."""
    return clustered.quantile(values, subjects, q, level)


def quantile_difference(
    first: npt.ArrayLike,
    first_subjects: npt.ArrayLike,
    second: npt.ArrayLike,
    second_subjects: npt.ArrayLike,
    q: float,
    level: float = 0.95,
) -> Interval:
    """For the difference of two lanes' quantiles: `clustered.quantile_difference`."""
    return clustered.quantile_difference(first, first_subjects, second, second_subjects, q, level)
