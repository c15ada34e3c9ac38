"""Intervals for a share whose trials come several from each subject, and for the difference of two such shares.

A person rejected once is likelier to be rejected again, so a person's trials are worth less than as many persons'. Two
answers to "how much less" are joined, because each is short where the other isn't (docs/statistics.md):

* **effective sample**: the variance between subjects says how many independent trials the sample is worth, and
  Clopper and Pearson's interval is taken over those (Korn and Graubard 1998, Survey Methodology 24, with their factor
  (z/t)² for the few subjects it was estimated from). Short where few subjects err: then the variance is guessed low.
* **two kinds**: some subjects err at one rate and the others at another, and the interval is every mean rate whose
  profile likelihood is within t²/2 of the best. It reckons with a kind of person that few or none of the sample were.

The interval reached by either is the one given: conservative by design. Where nothing, or everything, failed: the rule
of 3 on subjects, one-sided.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit
from scipy.stats import beta, t
from scipy.stats import norm as normal

from benchmarks.bootstrap import NO_DIFFERENCE, NO_ERROR, ONLY_ERRORS, grouped
from benchmarks.interval import Interval, RateError, check_level, rule_of_three, square_and_add

Counts = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]

CLUSTERED = "over subjects: effective sample and likelihood of two kinds, joined"
CROSSED = "over subjects, two-way: jackknife, effective sample"
TWO_ALONE = "two subjects alone: nothing is known of others"
PAIRED = "paired over subjects: Newcombe's square and add of clustered intervals"
UNPAIRED = "unpaired over subjects: Newcombe's square and add of clustered intervals"
MEAN = "over subjects: t"
QUANTILE = "over subjects: share of values beyond, effective sample, inverted"
QUANTILE_DIFFERENCE = "paired over subjects: Newcombe's square and add of quantiles' intervals"

_MEANS = 41
_SEEN = 8
_UPPER = np.array([0.15, 0.25, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 1.0 - 1e-9])
"""Rates that the kind that errs more may have, beside those that subjects were seen to have."""
_LOWER = np.concatenate([[0.0], np.geomspace(0.01, 1.0, 20)])
"""Rates of the other kind, as parts of the mean; at 1 there is only one kind."""


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Errors and trials by subject: two (n,) int64 arrays over the same subjects."""

    errors: Counts
    trials: Counts

    @property
    def subjects(self) -> int:
        """How many subjects have at least one trial."""
        return self.trials.size

    @property
    def share(self) -> float:
        """All errors over all trials."""
        return int(self.errors.sum()) / int(self.trials.sum())


def tally(errors: npt.ArrayLike, subjects: npt.ArrayLike) -> Tally:
    """Count by subject: `errors` (n,) bool or 0/1, `subjects` (n,) whose trial it is.

    RateError: shapes that differ, no trial, a value beside 0 and 1, fewer than two subjects.
    """
    data, owners = np.asarray(errors, np.float64), np.asarray(subjects)
    if data.ndim != 1 or data.size == 0 or owners.shape != data.shape:
        raise RateError(
            f"errors and subjects: expected two lists of one length, at least 1, found {data.shape} and {owners.shape}"
        )
    if not np.isin(data, (0.0, 1.0)).all():
        raise RateError("errors: expected only 0 and 1 (or booleans), found other values")
    names, whose = np.unique(owners, return_inverse=True)
    if names.size < 2:
        raise RateError("subjects: expected at least 2, found 1: one person says nothing about others")
    return Tally(
        np.bincount(whose, weights=data, minlength=names.size).astype(np.int64),
        np.bincount(whose, minlength=names.size).astype(np.int64),
    )


def proportion(counted: Tally, level: float = 0.95) -> Interval:
    """Two-sided interval for the share of errors; one-sided, and said so, where none or nothing but errors was seen.

    RateError: a level outside (0, 1).
    """
    check_level(level)
    if counted.share in {0.0, 1.0}:
        return nothing_varies(counted.share, counted.subjects, level)
    ends = effective(counted, level), two_kinds(counted, level)
    return Interval(min(low for low, _ in ends), max(high for _, high in ends), level, CLUSTERED)


def nothing_varies(share: float, subjects: int, level: float) -> Interval:
    """The rule of 3 on subjects for a share of 0 or 1: ONE-SIDED."""
    bound = rule_of_three(subjects, level).high
    return Interval(0.0, bound, level, NO_ERROR) if share == 0.0 else Interval(1.0 - bound, 1.0, level, ONLY_ERRORS)


def variance(counted: Tally) -> float:
    """The variance of `counted.share` between subjects, by linearisation of the ratio, with n/(n-1)."""
    residual = counted.errors - counted.share * counted.trials
    n = counted.subjects
    return n / (n - 1) * float((residual**2).sum()) / int(counted.trials.sum()) ** 2


def design_effect(counted: Tally) -> float:
    """How many times the variance of as many independent trials; NaN where no error, or nothing else, was seen."""
    independent = counted.share * (1.0 - counted.share) / int(counted.trials.sum())
    return variance(counted) / independent if independent > 0.0 else math.nan


def effective(counted: Tally, level: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson over the effective sample; a share strictly between 0 and 1 is expected."""
    return over_effective(counted.share, variance(counted), int(counted.trials.sum()), counted.subjects, level)


def over_effective(share: float, spread: float, trials: int, subjects: int, level: float) -> tuple[float, float]:
    """Clopper and Pearson over share (1-share) / `spread` trials, at most `trials`, times (z/t)² for `subjects`."""
    worth = share * (1.0 - share) / spread if spread > 0.0 else math.inf
    outside = (1.0 - level) / 2
    size = min(worth, float(trials)) * (normal.isf(outside) / t.isf(outside, subjects - 1)) ** 2
    errors = share * size
    return (
        float(beta.ppf(outside, errors, size - errors + 1.0)),
        float(beta.isf(outside, errors + 1.0, size - errors)),
    )


def two_kinds(counted: Tally, level: float = 0.95) -> tuple[float, float]:
    """All mean rates whose profile likelihood lies within t²/2 of the best, t with n-1 degrees, where a share of the
    subjects errs at one rate and the others at a lower one.

    The mean, the two rates and with them the share are searched on a grid, which has the subjects' own rates on it;
    ends are interpolated. A share strictly between 0 and 1 is expected.
    """
    drop = float(t.isf((1.0 - level) / 2, counted.subjects - 1)) ** 2 / 2
    middle = float(logit(counted.share))
    low, high = effective(counted, level)
    reach = 1.5 * max(middle - float(logit(max(low, 1e-12))), float(logit(min(high, 1.0 - 1e-12))) - middle)
    for _ in range(6):
        means = middle + np.linspace(-reach, reach, _MEANS)
        profile = _profile(expit(means), counted)
        inside = np.flatnonzero(profile >= profile.max() - drop)
        if inside[0] > 0 and inside[-1] < _MEANS - 1:
            break
        reach *= 1.6
    floor = float(profile.max()) - drop
    return (
        _crossing(means, profile, floor, int(inside[0]), -1),
        _crossing(means, profile, floor, int(inside[-1]), 1),
    )


def _profile(means: Shares, counted: Tally) -> Shares:
    """The log likelihood at each mean rate, at its best pair of rates; (p,) float64."""
    pairs, times = np.unique(np.stack([counted.errors, counted.trials], axis=1), axis=0, return_counts=True)
    seen = np.unique(counted.errors[counted.errors > 0] / counted.trials[counted.errors > 0])
    some = seen[np.linspace(0, seen.size - 1, min(seen.size, _SEEN)).round().astype(int)]
    upper = np.unique(np.concatenate([_UPPER, np.clip(some, 1e-9, 1.0 - 1e-9)]))[None, None, :]
    lower = means[:, None, None] * _LOWER[None, :, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (means[:, None, None] - lower) / (upper - lower)
        # A mean above the upper rate has no share; where both rates are the mean, the share is 0.
        possible = (upper > lower) & (share <= 1.0)
        share = np.where(possible, np.maximum(share, 0.0), 0.0)
        logs = np.log(share), np.log1p(-share), np.log(upper), np.log1p(-upper), np.log(lower), np.log1p(-lower)
    some_, most, err_some, right_some, err_most, right_most = logs
    # An error at a rate of 0 is impossible and no error at it certain: 0 * log 0 is 0 here.
    total = np.zeros_like(share)
    for (errors, trials), count in zip(pairs, times, strict=True):
        right = trials - errors
        total += count * np.logaddexp(
            some_ + (errors * err_some if errors else 0.0) + (right * right_some if right else 0.0),
            most + (errors * err_most if errors else 0.0) + (right * right_most if right else 0.0),
        )
    total[~possible] = -np.inf
    best: Shares = total.reshape(means.size, -1).max(axis=1)
    return best


def _crossing(means: Shares, profile: Shares, floor: float, last: int, step: int) -> float:
    """Where the profile falls through `floor` beyond grid point `last`; 0 or 1 where it doesn't on the whole grid."""
    beyond = last + step
    if not 0 <= beyond < means.size:
        return 0.0 if step < 0 else 1.0
    share = (profile[last] - floor) / (profile[last] - profile[beyond])
    return float(expit(means[last] + share * (means[beyond] - means[last])))


def crossed(errors: Counts, trials: Counts, level: float = 0.95) -> Interval:
    """For comparisons of two subjects each, non-mated ones above all: leave each subject out in turn.

    `errors`, `trials` (n,) int64: by subject, those that it takes part in, so that each comparison counts twice. The
    jackknife's variance gives the effective sample. It counts a comparison's own chance about twice, which makes the
    interval wide where subjects don't matter, and right where they do.
    Of two subjects alone neither can be left out: then the interval is everything.
    RateError: fewer than two subjects, sums that are odd, a level outside (0, 1).
    """
    check_level(level)
    if errors.size < 2 or errors.shape != trials.shape:
        raise RateError(
            f"errors and trials: expected one of each for 2 subjects or more, found {errors.shape} and {trials.shape}"
        )
    wrong, all_ = int(errors.sum()), int(trials.sum())
    if wrong % 2 or all_ % 2 or all_ == 0 or (errors > trials).any():
        raise RateError(
            "errors and trials: expected each comparison to be counted at both its subjects, at least one in all, "
            f"found {wrong} and {all_}"
        )
    wrong, all_ = wrong // 2, all_ // 2
    share = wrong / all_
    if share in {0.0, 1.0}:
        return nothing_varies(share, errors.size, level)
    if errors.size == 2:
        return Interval(0.0, 1.0, level, TWO_ALONE)
    left = all_ - trials
    if (left == 0).any():
        raise RateError("trials: expected some that are left when one subject is taken out, found none")
    spread = jackknife((wrong - errors) / left)
    return Interval(*over_effective(share, spread, all_, errors.size, level), level, CROSSED)


def jackknife(without: Shares) -> float:
    """The variance of an estimate from its values `without` each subject in turn ((n,) float64)."""
    n = without.size
    return (n - 1) / n * float(((without - without.mean()) ** 2).sum())


def paired_difference(first: Tally, second: Tally, level: float = 0.95) -> Interval:
    """Interval for first.share - second.share, the same subjects in the same order in both (two lanes).

    Newcombe's square and add over the two clustered intervals, with the correlation between subjects' sums. Where no
    trial of either lane failed (or all did): the rule of 3 bounds the share of persons who could still differ, to
    both sides.
    RateError: different numbers of subjects, a level outside (0, 1).
    """
    check_level(level)
    if first.subjects != second.subjects:
        raise RateError(f"subjects: expected the same in both, found {first.subjects} and {second.subjects}")
    shares = first.share, second.share
    if shares[0] == shares[1] and shares[0] in {0.0, 1.0}:
        reach = rule_of_three(first.subjects, level).high
        return Interval(-reach, reach, level, NO_DIFFERENCE)
    low, high = square_and_add(
        shares, (proportion(first, level), proportion(second, level)), correlation(first, second)
    )
    return Interval(low, high, level, PAIRED)


def correlation(first: Tally, second: Tally) -> float:
    """Between the subjects' errors beyond what their trials make one expect; 0 where one of the two doesn't vary."""
    one = first.errors - first.share * first.trials
    other = second.errors - second.share * second.trials
    scale = math.sqrt(float((one**2).sum()) * float((other**2).sum()))
    return float((one * other).sum()) / scale if scale > 0.0 else 0.0


def mean(values: npt.ArrayLike, subjects: npt.ArrayLike, level: float = 0.95) -> Interval:
    """For the mean of `values` ((n,), any unit), several from each of `subjects`: t with one degree less than subjects.

    RateError: shapes that differ, a value that isn't finite, fewer than two subjects, a level outside (0, 1).
    """
    data, whose, count = grouped(values, subjects)
    middle = float(data.mean())
    residual = np.bincount(whose, weights=data - middle, minlength=count)
    spread = math.sqrt(count / (count - 1) * float((residual**2).sum())) / data.size
    reach = float(t.isf((1.0 - check_level(level)) / 2, count - 1)) * spread
    return Interval(middle - reach, middle + reach, level, MEAN)


def quantile(values: npt.ArrayLike, subjects: npt.ArrayLike, q: float, level: float = 0.95) -> Interval:
    """For the `q` quantile (numpy's "inverted_cdf") of `values`, several from each of `subjects`.

    Every value is in of which the share of values above it may be 1-q (Francisco and Fuller 1991, Annals of Statistics
    19). It can't reach beyond the largest value seen: a p95 needs far more than 20.
    RateError: as `mean`, or q outside (0, 1).
    """
    data, whose, count = grouped(values, subjects)
    return Interval(*_inverted(data, whose, count, _checked(q), check_level(level))[0], level, QUANTILE)


def quantile_difference(
    first: npt.ArrayLike,
    first_subjects: npt.ArrayLike,
    second: npt.ArrayLike,
    second_subjects: npt.ArrayLike,
    q: float,
    level: float = 0.95,
) -> Interval:
    """For the `q` quantile of `first` minus that of `second`: the times of two lanes over the same persons.

    Newcombe's square and add over the two quantiles' intervals; the correlation is that of how many of a person's
    values lie below each quantile. The lanes may have different numbers of values (a door that didn't open has no
    time). RateError: as `quantile`, for either lane.
    """
    names = np.unique(np.concatenate([np.asarray(first_subjects), np.asarray(second_subjects)]))
    ends, below, middles = [], [], []
    for values, subjects in ((first, first_subjects), (second, second_subjects)):
        data, whose, count = grouped(values, subjects)
        interval, residual = _inverted(data, whose, count, _checked(q), check_level(level))
        ends.append(Interval(*interval, level, QUANTILE))
        everyone = np.zeros(names.size)
        everyone[np.searchsorted(names, np.unique(np.asarray(subjects)))] = residual
        below.append(everyone)
        middles.append(float(np.quantile(data, q, method="inverted_cdf")))
    scale = math.sqrt(float((below[0] ** 2).sum()) * float((below[1] ** 2).sum()))
    together = float((below[0] * below[1]).sum()) / scale if scale > 0.0 else 0.0
    low, high = square_and_add((middles[0], middles[1]), (ends[0], ends[1]), together)
    return Interval(low, high, level, QUANTILE_DIFFERENCE)


def _inverted(
    data: Shares, whose: npt.NDArray[np.intp], count: int, q: float, level: float
) -> tuple[tuple[float, float], Shares]:
    """The interval, and by subject how many values fewer than expected lie above the quantile.

    A value is in when the share of values above it, over the effective sample, may be 1-q. Both ends are looked for by
    halving among the values seen, from the quantile outwards.
    """
    values = np.unique(data)
    trials = np.bincount(whose, minlength=count)

    def above(value: float) -> Tally:
        return Tally(np.bincount(whose, weights=data > value, minlength=count).astype(np.int64), trials)

    def may_be(place: int) -> bool:
        counted = above(values[place])
        if counted.share in {0.0, 1.0}:
            interval = nothing_varies(counted.share, count, level)
            return interval.low <= 1.0 - q <= interval.high
        low, high = effective(counted, level)
        return low <= 1.0 - q <= high

    middle = int(np.searchsorted(values, np.quantile(data, q, method="inverted_cdf")))
    ends = (
        _farthest(may_be, middle, 0),
        _farthest(may_be, middle, values.size - 1),
    )
    counted = above(values[middle])
    fewer = (counted.share * counted.trials - counted.errors).astype(np.float64)
    return (float(values[ends[0]]), float(values[ends[1]])), fewer


def _farthest(may_be: Callable[[int], bool], inside: int, end: int) -> int:
    """The place farthest from `inside` towards `end` that may be, if all nearer ones may."""
    if may_be(end):
        return end
    while abs(end - inside) > 1:
        between = (inside + end) // 2
        inside, end = (between, end) if may_be(between) else (inside, between)
    # One beyond: the truth may lie between two values seen.
    return end


def _checked(q: float) -> float:
    if not 0.0 < q < 1.0:
        raise RateError(f"q: expected a share strictly between 0 and 1, found {q!r}")
    return q
