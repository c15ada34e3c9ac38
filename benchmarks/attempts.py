"""Errors of whole transactions, which allow several attempts: counted, and beside it what formulas would say.

Three tries aren't FNMR³: who is rejected once is likelier to be rejected again. So the rate of a transaction is counted
on transactions; the formulas are printed beside it to show how far they are off (19795-1: "do not derive").
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from benchmarks import clustered, method
from benchmarks.clustered import Tally
from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Grade, Rate, Value
from edge.transaction import Transaction


class AttemptsError(BenchmarkError, ValueError):
    """Transactions or rates that give no rate of several attempts: names what was expected and found."""


class AllowedAttempts(Value):
    """The share of legitimate transactions that wouldn't have opened, had only `attempts` been allowed."""

    attempts: int
    failed: Rate
    if_independent: float
    """The first attempt's rate to the power of the attempts."""
    beta_binomial: float
    """With the correlation within a person that the first attempts show."""
    gave_up: int
    """Transactions that ended without opening before so many attempts: counted as failed."""


def by_attempts(rows: Sequence[Transaction], most: int, source: str, grade: Grade) -> tuple[AllowedAttempts, ...]:
    """For 1 to `most` attempts, over the rows of enrolled persons who presented something.

    A row that opened did so on its last attempt. AttemptsError: no such row, an observed subject missing, most below 1.
    """
    tried = [row for row in rows if row.attempts > 0 and row.enrolled is not False]
    if most < 1 or not tried:
        raise AttemptsError(
            f"attempts: expected at least 1 allowed and a row with an attempt of an enrolled person, found {most} and "
            f"{len(tried)}"
        )
    nameless = next((row.id for row in tried if row.true_subject is None), None)
    if nameless is not None:
        raise AttemptsError(
            f"row {nameless}: expected the true subject, which an interval over subjects needs, found none"
        )
    subjects = [str(row.true_subject) for row in tried]
    first: float | None = None
    correlation = 0.0
    rates = []
    for allowed in range(1, most + 1):
        failed = np.array([row.outcome != "opened" or row.attempts > allowed for row in tried])
        if first is None:
            first = float(failed.mean())
            correlation = intraclass(clustered.tally(failed, subjects))
        rates.append(
            AllowedAttempts(
                attempts=allowed,
                failed=Rate.of(int(failed.sum()), failed.size, method.rate(failed, subjects), source, grade),
                if_independent=first**allowed,
                beta_binomial=all_fail(first, correlation, allowed) if 0.0 < first < 1.0 else first,
                gave_up=sum(row.outcome != "opened" and row.attempts < allowed for row in tried),
            )
        )
    return tuple(rates)


def all_fail(rate: float, correlation: float, attempts: int) -> float:
    """The chance that all of so many attempts fail when each does at `rate` and a person's correlate (beta-binomial).

    AttemptsError: a rate outside (0, 1), a correlation outside [0, 1), fewer than one attempt.
    """
    if not 0.0 < rate < 1.0 or not 0.0 <= correlation < 1.0 or attempts < 1:
        raise AttemptsError(
            f"expected a rate in (0, 1), a correlation in [0, 1) and an attempt, found {rate!r}, {correlation!r}, "
            f"{attempts!r}"
        )
    spread = correlation / (1.0 - correlation)
    return math.prod((rate + step * spread) / (1.0 + step * spread) for step in range(attempts))


def intraclass(counted: Tally) -> float:
    """The correlation of two trials of one subject, by analysis of variance (Fleiss 1981); 0 where it comes out below,
    where nobody has two trials, and where nothing varies. Below 1.
    """
    n, trials = counted.subjects, int(counted.trials.sum())
    if trials == n or counted.share in {0.0, 1.0}:
        return 0.0
    shares = counted.errors / counted.trials
    between = float((counted.trials * (shares - counted.share) ** 2).sum()) / (n - 1)
    within = float((counted.trials * shares * (1.0 - shares)).sum()) / (trials - n)
    size = (trials - float((counted.trials**2).sum()) / trials) / (n - 1)
    value = (between - within) / (between + (size - 1.0) * within)
    return min(max(value, 0.0), 1.0 - 1e-9)
