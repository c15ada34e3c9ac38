"""From rows to figures: what a lane gave at each level, with intervals that resample persons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from benchmarks import method
from benchmarks.evidence import Grade, LaneResult, Point, Quantity, Rate, weaker
from benchmarks.interval import Interval
from benchmarks.rows import Rows
from benchmarks.scenario import DEVICE_FACTORS, LEVELS, Level, Scenario
from benchmarks.session import Session
from edge.transaction import Transaction

OFTEN = 3
"""Mornings a week from which somebody is turned away again and again (evaluation.md §5, trap 19)."""
MIDDLE = Session("middle", "middle")


def lane_result(
    scenario: Scenario,
    rows: Rows,
    prefix: str,
    pictures: Grade = "technology",
    unable: frozenset[str] = frozenset(),
) -> LaneResult:
    """`pictures` is the grade of what the lane saw: rates on drawn people are `synthetic`, whatever surrounds them.
    `unable`: the subjects who couldn't be enrolled; they come all the same, and only `users` leaves them out."""
    grade = weaker(pictures, "simulated")
    points = tuple(_point(scenario, rows, level, prefix, grade, unable) for level in LEVELS)
    middle = [row for row in rows.of(MIDDLE.name) if row.presented.t_ns is not None]
    return LaneResult(
        status="ran",
        transactions=rows.reference(),
        points=points,
        machine_time=_quantiles(
            [((row.decided.t_ns or 0) - (row.presented.t_ns or 0)) / 1e6 for row in middle],
            [row.true_subject or "" for row in middle],
            "ms",
            "this machine, presentation to decision",
            "technology",
        ),
    )


def _point(scenario: Scenario, rows: Rows, level: Level, prefix: str, grade: Grade, unable: frozenset[str]) -> Point:
    session = Session(level, "middle")
    chosen = rows.of(session.name)
    failed = [row.outcome != "opened" for row in chosen]
    subjects = [row.true_subject or "" for row in chosen]
    opened = [row for row in chosen if row.opened_ns is not None]
    source = f"scenario {scenario.id}, {level}"
    users = [row for row in chosen if row.true_subject not in unable]
    passages: Iterable[Level] = LEVELS if level == "middle" else ("middle",)
    return Point(
        level=level,
        factors={
            factor.id: float(getattr(factor, level))
            for factor in scenario.factor
            if factor.id.startswith(prefix) and factor.id in DEVICE_FACTORS
        },
        session=session.name,
        legitimate_failures=Rate.of(
            sum(failed),
            len(failed),
            method.rate(failed, subjects),
            source,
            grade,
        ),
        often_failed=_often(chosen, scenario, source, grade),
        users=_failures(users, source, grade),
        failure_reasons=dict(Counter(row.reason for row in chosen if row.outcome != "opened")),
        transaction_time=_quantiles(
            [(row.opened_ns or 0) / 1e9 for row in opened],
            [row.true_subject or "" for row in opened],
            "s",
            source,
            grade,
        ),
        persons_per_minute={
            passage: quantity
            for passage in passages
            if (quantity := _throughput(rows, Session(level, passage), source, grade))
        },
    )


def _often(rows: Sequence[Transaction], scenario: Scenario, source: str, grade: Grade) -> Rate | None:
    """Share of persons turned away on OFTEN mornings or more; None where there are fewer mornings than that."""
    if scenario.mornings < OFTEN:
        return None
    failed = Counter(row.true_subject for row in rows if row.outcome != "opened")
    persons = len({row.true_subject for row in rows})
    often = sum(count >= OFTEN for count in failed.values())
    return Rate.of(often, persons, method.independent(often, persons), source, grade)


def _failures(rows: Sequence[Transaction], source: str, grade: Grade) -> Rate | None:
    """None where fewer than two persons are left."""
    failed = [row.outcome != "opened" for row in rows]
    subjects = [row.true_subject or "" for row in rows]
    if len(set(subjects)) < 2:
        return None
    return Rate.of(sum(failed), len(failed), method.rate(failed, subjects), source, grade)


def _quantiles(
    values: Sequence[float],
    subjects: Sequence[str],
    unit: str,
    source: str,
    grade: Grade,
) -> dict[str, Quantity]:
    quantiles: dict[str, Quantity] = {}
    if len(set(subjects)) < 2:  # a lane that opened for nobody has no time to state, and one person no interval
        return quantiles
    for name, q in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95)):
        value = float(np.quantile(values, q, method="inverted_cdf"))
        interval = method.quantile(values, subjects, q)
        quantiles[name] = Quantity.of(value, unit, len(values), interval, source, grade)
    return quantiles


def _throughput(rows: Rows, session: Session, source: str, grade: Grade) -> Quantity | None:
    """60 / mean headway between crossings; None where fewer than two persons crossed."""
    headways: list[float] = []
    subjects: list[str] = []
    last: dict[str, float] = {}
    for row in rows.of(session.name):
        if row.crossed.t_ns is not None:
            crossed = row.crossed.t_ns / 1e9
            headways.append(crossed - last.get(row.session, 0.0))
            subjects.append(row.true_subject or "")
            last[row.session] = crossed
    if len(set(subjects)) < 2:
        return None
    interval = method.mean(headways, subjects)
    # t reaches below 0 where few persons' headways differ wildly; then there is no most persons a minute to state.
    if interval.low <= 0.0:
        return None
    inverted = Interval(60.0 / interval.high, 60.0 / interval.low, interval.level, interval.method)
    value = 60.0 / float(np.mean(headways))
    return Quantity.of(value, "persons/min", len(headways), inverted, f"{source}, saturated", grade)


def face_rates(
    scenario: Scenario, rows: Rows, settings: Mapping[str, object], source: str, grade: Grade
) -> dict[str, Rate]:
    """The biometric rates, apart from the person-mornings around them. `grade` is the pictures': `technology` of a
    listed set, `synthetic` of people who don't exist."""
    seen = rows.of(MIDDLE.name)
    strangers = rows.of("strangers")
    acquired = [row for row in seen if row.reason in ("matched", "below-threshold")]
    failed = int(str(settings["enrolment_failures"]))

    def rate(errors: Sequence[bool], whose: Sequence[Transaction]) -> Rate:
        subjects = [row.true_subject or "" for row in whose]
        interval = method.rate(errors, subjects)
        return Rate.of(sum(errors), len(errors), interval, source, grade)

    return {
        "FTE": Rate.of(failed, scenario.persons, method.independent(failed, scenario.persons), source, grade),
        "FTA": rate([row not in acquired for row in seen], seen),
        "FNIR": rate([row.decided_subject != row.true_subject for row in acquired], acquired),
        "MIR": rate([row.decided_subject not in (None, row.true_subject) for row in seen], seen),
        "FPIR": rate([row.outcome == "opened" for row in strangers], strangers),
    }
