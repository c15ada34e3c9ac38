"""Differences between groups of people, by labels they gave themselves.

Labels are special: they stand in a file of their own, apart from the transactions, with a subject's pseudonym and what
that person said of themself, and nothing else. Nothing here guesses a label. A group under 30 subjects is left out of
every figure, and the file is deleted once the report is written.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks import method
from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Grade, Rate, Value

LEAST = 30
"""Subjects that a group must have to be shown: the project's rule."""
HEADER = ("subject", "self_declared")


class GroupError(BenchmarkError, ValueError):
    """Labels or groups that can't be used: names the file and line, what was expected and found."""


class Group(Value):
    """One group's rate; None where it is suppressed for being too small, and then its size isn't told either."""

    label: str
    subjects: int | None
    rate: Rate | None


class Columns(Value):
    """NIST's columns over the groups shown (FRTE's page on demographics; "vary" by its formulas, see `columns`)."""

    least: float
    most: float
    most_over_least: float | None
    most_minus_least: float
    most_over_mean: float | None
    most_over_geometric_mean: float | None
    vary_geometric_mean: float | None
    vary_gini: float | None


class Differential(Value):
    """A rate by group, and how far the groups are apart. Without two groups to show there is no comparison."""

    rate: str
    groups: tuple[Group, ...]
    suppressed: int
    unlabelled: int
    """Subjects who gave no label."""
    columns: Columns | None


class Fairness(Value):
    """Single figures over a pair of rates at one threshold: false matches (or positives) and false non-matches."""

    alpha: float
    fdr: float
    garbe: float | None


def read_labels(path: Path, transactions: Iterable[Path] = ()) -> dict[str, str]:
    """Subject → self-declared label, from a CSV file with the columns subject and self_declared and no other.

    GroupError: another column (a label that someone else gave has no place here), a subject twice, an empty field, no
    row, or a file in the same folder as the `transactions`.
    """
    folders = {other.resolve().parent for other in transactions}
    if path.resolve().parent in folders:
        raise GroupError(
            f"{path}: expected labels to be kept apart from transactions, found both in one folder. Move the labels to "
            "where only the evaluator reads."
        )
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GroupError(f"{path}: expected labels, found none that can be read ({error}).") from error
    if not rows or tuple(rows[0]) != HEADER:
        found = ", ".join(rows[0]) if rows else "an empty file"
        raise GroupError(f"{path}, line 1: expected the columns {', '.join(HEADER)} and no other, found {found}.")
    labels: dict[str, str] = {}
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != 2 or not row[0].strip() or not row[1].strip():
            raise GroupError(
                f"{path}, line {number}: expected a subject and a label, found {len(row)} fields or an empty one."
            )
        subject, label = row[0].strip(), row[1].strip()
        if subject in labels:
            raise GroupError(f"{path}, line {number}: expected each subject once, found one twice.")
        labels[subject] = label
    if not labels:
        raise GroupError(f"{path}: expected at least one subject with a label, found none.")
    return labels


def delete_labels(path: Path) -> None:
    """Overwrite the file and remove it; what the storage below keeps of it is beyond a file's reach.

    GroupError where that fails: the labels are still there then.
    """
    try:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
        path.unlink()
    except OSError as error:
        raise GroupError(
            f"{path}: the labels were to be deleted after the report, and are still there ({error}). "
            "Delete them by hand."
        ) from error


def differential(
    name: str,
    errors: Sequence[bool],
    subjects: Sequence[str],
    labels: Mapping[str, str],
    source: str,
    grade: Grade,
    least: int = LEAST,
) -> Differential:
    """The rate `name` by group: `errors` (n,) of `subjects` (n,). Who has no label is counted and in no group.

    GroupError: lists of different length, none at all.
    """
    if not errors or len(errors) != len(subjects):
        raise GroupError(
            f"errors and subjects: expected two lists of one length, found {len(errors)} and {len(subjects)}"
        )
    by_group: dict[str, list[int]] = {label: [] for label in sorted(set(labels.values()))}
    for index, subject in enumerate(subjects):
        if subject in labels:
            by_group[labels[subject]].append(index)
    groups = []
    for label, places in by_group.items():
        whose = [subjects[place] for place in places]
        if len(set(whose)) < least:
            groups.append(Group(label=label, subjects=None, rate=None))
            continue
        wrong = [errors[place] for place in places]
        rate = Rate.of(sum(wrong), len(wrong), method.rate(wrong, whose), f"{source}, {label}", grade)
        groups.append(Group(label=label, subjects=len(set(whose)), rate=rate))
    shown = [group.rate.value for group in groups if group.rate is not None]
    return Differential(
        rate=name,
        groups=tuple(groups),
        suppressed=sum(group.rate is None for group in groups),
        unlabelled=len({subject for subject in subjects if subject not in labels}),
        columns=columns(shown) if len(shown) > 1 else None,
    )


def columns(rates: Sequence[float]) -> Columns:
    """NIST's columns; a ratio to 0 has no value.

    "vary Gini" is `gini`; "vary geomean" is taken as the geometric mean of max(x, g)/min(x, g) over the groups, g being
    their geometric mean: the project's reading, unverified. GroupError: fewer than two groups, a rate outside 0 to 1.
    """
    values = _checked(rates)
    least, most, mean = float(values.min()), float(values.max()), float(values.mean())
    middle = float(np.exp(np.log(values).mean())) if least > 0.0 else 0.0
    return Columns(
        least=least,
        most=most,
        most_over_least=most / least if least > 0.0 else None,
        most_minus_least=most - least,
        most_over_mean=most / mean if mean > 0.0 else None,
        most_over_geometric_mean=most / middle if middle > 0.0 else None,
        vary_geometric_mean=float(np.exp(np.abs(np.log(values / middle)).mean())) if middle > 0.0 else None,
        vary_gini=gini(rates),
    )


def gini(rates: Sequence[float]) -> float | None:
    """n/(n-1) times the mean absolute difference of two groups over twice the mean; None where all rates are 0.

    From 0 (all alike) to 1 (one group has all errors), whatever the number of groups. GroupError: as `columns`.
    """
    values = _checked(rates)
    mean, n = float(values.mean()), values.size
    if mean == 0.0:
        return None
    apart = float(np.abs(values[:, None] - values[None, :]).sum())
    return n / (n - 1) * apart / (2 * n**2 * mean)


def fairness(false_matches: Sequence[float], false_non_matches: Sequence[float], alpha: float = 0.5) -> Fairness:
    """FDR = 1 - [alpha A + (1-alpha) B] with A, B the largest differences of each rate between groups (de Freitas
    Pereira and Marcel 2021), 1 the best; GARBE = alpha Gini + (1-alpha) Gini (Howard et al. 2022; formula unverified),
    0 the best.

    FDR looks good wherever errors are rare: print the rates beside it. GroupError: as `columns`, different numbers of
    groups, alpha outside 0 to 1.
    """
    one, other = _checked(false_matches), _checked(false_non_matches)
    if one.size != other.size:
        raise GroupError(f"groups: expected the same in both rates, found {one.size} and {other.size}")
    if not 0.0 <= alpha <= 1.0 or math.isnan(alpha):
        raise GroupError(f"alpha: expected a share from 0 to 1, found {alpha!r}")
    unlike = gini(false_matches), gini(false_non_matches)
    return Fairness(
        alpha=alpha,
        fdr=1.0 - (alpha * float(np.ptp(one)) + (1.0 - alpha) * float(np.ptp(other))),
        garbe=alpha * unlike[0] + (1.0 - alpha) * unlike[1]
        if unlike[0] is not None and unlike[1] is not None
        else None,
    )


def _checked(rates: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = np.asarray(rates, np.float64)
    if values.ndim != 1 or values.size < 2 or not ((values >= 0.0) & (values <= 1.0)).all():
        raise GroupError(f"rates: expected one from 0 to 1 for each of at least two groups, found {list(rates)!r}")
    return values
