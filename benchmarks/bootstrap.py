"""Intervals that know whose trials they are: subjects are drawn with replacement, never images or attempts.

Each replicate draws as many subjects as took part. A subject drawn w times counts w times in mated trials, and a
non-mated trial of two subjects counts w_i * w_j times (two-way, after Poh, Martin and Bengio 2007). Copies of one
subject are never compared with each other. Intervals are percentile intervals. A replicate in which the rate has no
trials is drawn again.

Where no error was seen (or only errors), every replicate says the same and the interval would be a point, which is
wrong. The rule of 3 on the number of *subjects* takes its place: one-sided, conservative, and named in the method.
With only a few errors, or errors of a few subjects, percentile intervals are still too short: they cover 81 to 94 %
where 95 was meant (docs/statistics.md). So `benchmarks.method` takes them for the FNMR at an FMR alone, where the
threshold is found on the same scores and they cover; the others are here to be compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.comparisons import (
    Comparisons,
    TailError,
    check_target,
    errors_allowed,
    false_matches,
    fmr,
    fnmr,
    threshold_at_fmr,
)
from benchmarks.interval import Interval, RateError, check_level, rule_of_three

Weights = npt.NDArray[np.int64]

ONE_WAY = "percentile bootstrap over subjects"
TWO_WAY = "percentile bootstrap over subjects, two-way"
NO_ERROR = "no error seen: rule of 3 on subjects (one-sided)"
ONLY_ERRORS = "only errors seen: rule of 3 on subjects (one-sided)"
NO_DIFFERENCE = "no varying difference seen: rule of 3 on subjects, to both sides"


def fnmr_at_fmr(c: Comparisons, target: float, replicates: int = 1000, level: float = 0.95, *, seed: int) -> Interval:
    """FNMR at the threshold that gives FMR <= `target`; each replicate finds its own threshold.

    Where no mated error (or nothing but errors) was seen at the observed threshold: the rule of 3 on the subjects with
    mated trials, or the bootstrap's end where the thresholds' spread makes that one wider.
    TailError: in some replicate the kept tail doesn't reach the target; it says which tail to ask for.
    ComparisonError: no trials, a target outside [0, 1). RateError: replicates or level out of range, one subject.
    """
    observed = fnmr(c, threshold_at_fmr(c, target))
    taking_part = np.union1d(c.subjects_mated(), c.subjects_nonmated())
    interval = _percentiles(
        lambda weights: weighted_fnmr_at_fmr(c, target, weights),
        taking_part,
        c.subjects,
        replicates=replicates,
        level=level,
        seed=seed,
    )
    if 0.0 < observed < 1.0:
        return Interval(*interval, level, f"{TWO_WAY}, threshold found in each replicate")
    return _guarded(observed, c.subjects_mated().size, level, interval)


def fnmr_at(c: Comparisons, threshold: float, replicates: int = 1000, level: float = 0.95, *, seed: int) -> Interval:
    """FNMR at a threshold fixed beforehand, over the subjects with mated trials.

    ComparisonError: no mated trial, a NaN threshold. RateError: replicates or level out of range, one subject.
    """
    fnmr(c, threshold)  # its errors come first
    missed = c.mated.astype(np.float64) < threshold
    return proportion(missed, c.mated_subject, replicates, level, seed=seed)


def fmr_at(c: Comparisons, threshold: float, replicates: int = 1000, level: float = 0.95, *, seed: int) -> Interval:
    """FMR at a threshold fixed beforehand, two-way over the subjects with non-mated trials.

    TailError, ComparisonError: as `fmr`. RateError: replicates or level out of range, one subject.
    """
    observed = fmr(c, threshold)
    taking_part = c.subjects_nonmated()
    if observed in {0.0, 1.0}:
        return _guarded(observed, taking_part.size, level)
    matches = false_matches(c, threshold)
    interval = _percentiles(
        lambda weights: _weighted_share(c, matches, weights),
        taking_part,
        c.subjects,
        replicates=replicates,
        level=level,
        seed=seed,
    )
    return Interval(*interval, level, TWO_WAY)


def weighted_fnmr_at_fmr(c: Comparisons, target: float, weights: Weights) -> float:
    """FNMR at the lowest threshold with FMR <= `target`, when subject i counts `weights[i]` times ((subjects,) int64).

    NaN where the weights leave no mated or no non-mated trial. TailError: the tail is too short for these weights.
    """
    check_target(target)
    mated = int(weights[c.mated_subject].sum())
    total = c.nonmated_weight(weights)
    if mated == 0 or total == 0:
        return float("nan")
    limit = c.nonmated[_first_refused(c, errors_allowed(target, total), target, total, weights)]
    # The threshold lies just above the limit, so a mated score equal to it is a miss.
    misses = int(np.searchsorted(c.mated, limit, side="right"))
    return int(weights[c.mated_subject[:misses]].sum()) / mated


def weighted_fmr(c: Comparisons, threshold: float, weights: Weights) -> float:
    """FMR at `threshold` when subject i counts `weights[i]` times ((subjects,) int64); NaN where no trial is left.

    TailError, ComparisonError: as `fmr`.
    """
    return _weighted_share(c, false_matches(c, threshold), weights)


def mean(
    values: npt.ArrayLike, subjects: npt.ArrayLike, replicates: int = 1000, level: float = 0.95, *, seed: int
) -> Interval:
    """Interval for the mean of `values` ((n,), any unit), drawing subjects and keeping all values of each drawn one.

    `subjects` (n,): whose value it is, whole numbers or pseudonyms. It can't widen beyond what was seen: values that
    are all alike give a point.
    RateError: shapes that differ, no values, one that isn't finite, fewer than two subjects, replicates or level out of
    range.
    """
    data, whose, count = grouped(values, subjects)
    return Interval(*_mean(data, whose, count, replicates=replicates, level=level, seed=seed), level, ONE_WAY)


def proportion(
    errors: npt.ArrayLike, subjects: npt.ArrayLike, replicates: int = 1000, level: float = 0.95, *, seed: int
) -> Interval:
    """Interval for the share of true (or 1) among `errors` ((n,) bool or 0/1), the way `mean` does it.

    With no error, or nothing but errors, the rule of 3 on subjects. RateError: as `mean`, or a value beside 0 and 1.
    """
    data, whose, count = grouped(errors, subjects)
    if not _zero_one(data):
        raise RateError("errors: expected only 0 and 1 (or booleans), found other values")
    observed = float(data.mean())
    if observed in {0.0, 1.0}:
        _check_replicates(replicates)
        return _guarded(observed, count, level)
    return Interval(*_mean(data, whose, count, replicates=replicates, level=level, seed=seed), level, ONE_WAY)


def paired_difference(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    subjects: npt.ArrayLike,
    replicates: int = 2000,
    level: float = 0.95,
    *,
    seed: int,
) -> Interval:
    """Interval for the mean of `first - second`: two lanes measured on the same person-mornings ((n,) each, same unit).

    Persons are drawn, all their mornings kept. Where every difference is the same (no discordant morning, say) the
    bootstrap is a point; instead the rule of 3 bounds the share b of persons who could still differ, and the interval
    reaches b * span to both sides, span being the largest change a morning can make: 1 for values that are all 0 or 1,
    otherwise the range of the values seen.
    RateError: as `mean`, for either lane.
    """
    one, whose, count = grouped(first, subjects)
    other, _, _ = grouped(second, subjects)
    difference = one - other
    if np.ptp(difference) > 0.0:
        return Interval(
            *_mean(difference, whose, count, replicates=replicates, level=level, seed=seed), level, f"paired {ONE_WAY}"
        )
    _check_replicates(replicates)
    both = np.concatenate([one, other])
    span = 1.0 if _zero_one(both) else float(np.ptp(both))
    reach = rule_of_three(count, level).high * span
    middle = float(difference[0])
    return Interval(max(-span, middle - reach), min(span, middle + reach), level, NO_DIFFERENCE)


def quantile(
    values: npt.ArrayLike, subjects: npt.ArrayLike, q: float, replicates: int = 1000, level: float = 0.95, *, seed: int
) -> Interval:
    """Interval for the `q` quantile (0.5, 0.9, 0.95 ...) of `values` ((n,), a time for instance), drawing subjects.

    The quantile is the smallest value with at least a share q at or below it, numpy's method "inverted_cdf"; use that
    for the estimate itself. The interval can't reach beyond the largest value seen: a p95 needs far more than 20.
    RateError: as `mean`, or q outside (0, 1).
    """
    if not 0.0 < q < 1.0:
        raise RateError(f"q: expected a share strictly between 0 and 1, found {q!r}")
    data, whose, count = grouped(values, subjects)
    replicate = _weighted_quantile(data, whose, q)
    return Interval(
        *_percentiles(replicate, np.arange(count), count, replicates=replicates, level=level, seed=seed), level, ONE_WAY
    )


def quantile_difference(
    first: npt.ArrayLike,
    first_subjects: npt.ArrayLike,
    second: npt.ArrayLike,
    second_subjects: npt.ArrayLike,
    q: float,
    replicates: int = 2000,
    level: float = 0.95,
    *,
    seed: int,
) -> Interval:
    """Interval for the `q` quantile of `first` minus that of `second`: the times of two lanes over the same persons.

    The lanes may have different numbers of values (a door that didn't open has no time), but the same persons are
    drawn for both. RateError: as `quantile`, for either lane.
    """
    one, _, _ = grouped(first, first_subjects)
    other, _, _ = grouped(second, second_subjects)
    names, everyone = np.unique(
        np.concatenate([np.asarray(first_subjects), np.asarray(second_subjects)]), return_inverse=True
    )
    if not 0.0 < q < 1.0:
        raise RateError(f"q: expected a share strictly between 0 and 1, found {q!r}")
    one_whose, other_whose = everyone[: one.size], everyone[one.size :]
    lanes = _weighted_quantile(one, one_whose, q), _weighted_quantile(other, other_whose, q)
    interval = _percentiles(
        lambda weights: lanes[0](weights) - lanes[1](weights),
        np.arange(names.size),
        names.size,
        replicates=replicates,
        level=level,
        seed=seed,
    )
    return Interval(*interval, level, f"paired {ONE_WAY}")


def _weighted_quantile(
    data: npt.NDArray[np.float64], whose: npt.NDArray[np.intp], q: float
) -> Callable[[Weights], float]:
    """The `q` quantile of `data` under subjects' weights; NaN when they leave no value."""
    order = np.argsort(data, kind="stable")
    ranked, ranked_whose = data[order], whose[order]

    def replicate(weights: Weights) -> float:
        reached = np.cumsum(weights[ranked_whose])
        if reached[-1] == 0:
            return float("nan")
        # The tolerance keeps 0.07 * 100 = 7.000000000000001 from asking for an eighth value.
        return float(ranked[np.searchsorted(reached, q * reached[-1] * (1 - 1e-12), side="left")])

    return replicate


def _first_refused(c: Comparisons, allowed: int, target: float, total: int, weights: Weights) -> int:
    """The rank of the first non-mated score (from the top) with which more than `allowed` weight would match."""
    # The top of the list nearly always suffices: twice the unweighted rank first, all that was kept only if needed.
    reach = 2 * int(target * c.nonmated_trials) + 1024
    matched = 0
    for start, end in ((0, reach), (reach, c.nonmated.size)):
        part = slice(start, end)
        reached = np.cumsum(weights[c.nonmated_first[part]] * weights[c.nonmated_second[part]]) + matched
        if reached.size and reached[-1] > allowed:
            return start + int(np.searchsorted(reached, allowed, side="right"))
        matched = int(reached[-1]) if reached.size else matched
    ask = min(1.0, 1.5 * target * total / max(matched, 1) * c.nonmated.size / c.nonmated_trials)
    raise TailError(
        f"FMR {target:g}: in a replicate the kept {c.nonmated.size} of {c.nonmated_trials} non-mated scores reach only "
        f"FMR {matched / total:.3g}; cross the images again with a tail of about {ask:.2g}"
    )


def _weighted_share(c: Comparisons, matches: int, weights: Weights) -> float:
    total = c.nonmated_weight(weights)
    if total == 0:
        return float("nan")
    hits = weights[c.nonmated_first[:matches]] * weights[c.nonmated_second[:matches]]
    return int(hits.sum()) / total


def _mean(
    data: npt.NDArray[np.float64],
    whose: npt.NDArray[np.intp],
    count: int,
    *,
    replicates: int,
    level: float,
    seed: int,
) -> tuple[float, float]:
    sums = np.bincount(whose, weights=data, minlength=count)
    sizes = np.bincount(whose, minlength=count)
    return _percentiles(
        lambda weights: float(weights @ sums) / float(weights @ sizes),
        np.arange(count),
        count,
        replicates=replicates,
        level=level,
        seed=seed,
    )


def _percentiles(
    rate: Callable[[Weights], float],
    taking_part: npt.NDArray[Any],
    subjects: int,
    *,
    replicates: int,
    level: float,
    seed: int,
) -> tuple[float, float]:
    """The ends of the percentile interval of `rate` over replicates; weights are 0 for who doesn't take part."""
    _check_replicates(replicates)
    outside = (1.0 - check_level(level)) / 2
    if taking_part.size < 2:
        raise RateError(f"subjects: expected at least 2 to draw from, found {taking_part.size}")
    draw = np.random.default_rng(seed)
    rates: list[float] = []
    for _ in range(20 * replicates):
        # Counting n uniform draws is a multinomial draw, at a fraction of the cost of Generator.multinomial.
        drawn = taking_part[draw.integers(0, taking_part.size, taking_part.size)]
        value = rate(np.bincount(drawn, minlength=subjects))
        if not np.isnan(value):
            rates.append(value)
        if len(rates) == replicates:
            low, high = np.quantile(rates, [outside, 1.0 - outside])
            return float(low), float(high)
    raise RateError(f"subjects: too few with trials; only {len(rates)} of {20 * replicates} replicates had a rate")


def _guarded(observed: float, subjects: int, level: float, bootstrap: tuple[float, float] | None = None) -> Interval:
    """The rule of 3 on subjects for a rate of 0 or 1, or the bootstrap's end where that one is wider."""
    bound = rule_of_three(subjects, level).high
    low, high = bootstrap if bootstrap is not None else (observed, observed)
    if observed == 0.0:
        if high > bound:
            return Interval(0.0, high, level, f"no error seen: {TWO_WAY}, wider than the rule of 3 on subjects")
        return Interval(0.0, bound, level, NO_ERROR)
    if low < 1.0 - bound:
        return Interval(low, 1.0, level, f"only errors seen: {TWO_WAY}, wider than the rule of 3 on subjects")
    return Interval(1.0 - bound, 1.0, level, ONLY_ERRORS)


def grouped(
    values: npt.ArrayLike, subjects: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp], int]:
    """The values, the rank of each one's subject, how many subjects. Raises RateError for lists that don't fit."""
    data = np.asarray(values, np.float64)
    owners = np.asarray(subjects)
    if data.ndim != 1 or data.size == 0 or owners.shape != data.shape:
        raise RateError(
            f"values and subjects: expected two lists of one length, at least 1, found {data.shape} and {owners.shape}"
        )
    if not np.isfinite(data).all():
        raise RateError(f"values: expected finite numbers, found {data[~np.isfinite(data)][0]}")
    names, whose = np.unique(owners, return_inverse=True)
    if names.size < 2:
        raise RateError("subjects: expected at least 2 to draw from, found 1")
    return data, whose, names.size


def _zero_one(data: npt.NDArray[np.float64]) -> bool:
    return bool(np.isin(data, (0.0, 1.0)).all())


def _check_replicates(replicates: int) -> None:
    if replicates < 1:
        raise RateError(f"replicates: expected at least 1, and 1000 for an interval, found {replicates}")
