"""Face against tag on the same person-mornings: paired differences, and how each may be put in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from benchmarks import method
from benchmarks.evidence import Comparison, Grade, Quantity, sentence, weaker
from benchmarks.interval import newcombe_paired
from benchmarks.rows import Rows
from benchmarks.scenario import LEVELS, Level, Scenario
from benchmarks.session import Session
from edge.transaction import Transaction


def differences(scenario: Scenario, face: Rows, tag: Rows, pictures: Grade) -> Iterator[Comparison]:
    """All nine of each outcome; `pictures` is the grade of what the face lane was shown."""
    grade = weaker(pictures, "simulated")
    for first in LEVELS:
        for second in LEVELS:
            ours = _by_morning(face.of(Session(first, "middle").name))
            theirs = _by_morning(tag.of(Session(second, "middle").name))
            source = f"scenario {scenario.id}, face-1n at {first} − tag-uid at {second}"
            yield _failures(scenario, ours, theirs, first, second, source, grade)
            times = _times(scenario, ours, theirs, first, second, source, grade)
            if times:
                yield times


def _by_morning(rows: Sequence[Transaction]) -> dict[str, Transaction]:
    """Rows by person-morning, in one order for every lane and level."""
    return dict(sorted((row.id.split("/", 2)[2], row) for row in rows))


def _failures(
    scenario: Scenario,
    ours: Mapping[str, Transaction],
    theirs: Mapping[str, Transaction],
    first: Level,
    second: Level,
    source: str,
    grade: Grade,
) -> Comparison:
    one = np.array([row.outcome != "opened" for row in ours.values()])
    other = np.array([theirs[key].outcome != "opened" for key in ours])
    subjects = [row.true_subject or "" for row in ours.values()]
    interval = method.paired_difference(one, other, subjects)
    check = newcombe_paired(
        int((one & other).sum()), int((one & ~other).sum()), int((~one & other).sum()), int((~one & ~other).sum())
    )
    margin = scenario.margins["legitimate-failures"]
    return Comparison(
        outcome="legitimate-failures",
        first="face-1n",
        second="tag-uid",
        first_level=first,
        second_level=second,
        difference=Quantity.of(float(one.mean() - other.mean()), "share", one.size, interval, source, grade),
        cross_check=(check.low, check.high),
        margin=margin,
        sentence=sentence(interval, margin, grade),
    )


def _times(
    scenario: Scenario,
    ours: Mapping[str, Transaction],
    theirs: Mapping[str, Transaction],
    first: Level,
    second: Level,
    source: str,
    grade: Grade,
) -> Comparison | None:
    """None where a lane opened for fewer than two persons: then there is no median with an interval."""
    lanes = []
    for rows in (ours, theirs):
        opened = [row for row in rows.values() if row.opened_ns is not None]
        lanes.append(([(row.opened_ns or 0) / 1e9 for row in opened], [row.true_subject or "" for row in opened]))
    (one, one_whose), (other, other_whose) = lanes
    if min(len(set(one_whose)), len(set(other_whose))) < 2:
        return None
    interval = method.quantile_difference(one, one_whose, other, other_whose, 0.5)
    medians = [float(np.quantile(values, 0.5, method="inverted_cdf")) for values in (one, other)]
    margin = scenario.margins["transaction-time-p50"]
    return Comparison(
        outcome="transaction-time-p50",
        first="face-1n",
        second="tag-uid",
        first_level=first,
        second_level=second,
        difference=Quantity.of(medians[0] - medians[1], "s", len(one), interval, source, grade),
        margin=margin,
        sentence=sentence(interval, margin, grade),
    )
