"""Small results made by hand, in both forms: both lanes, and the tag lane alone."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from benchmarks.doors.simulate import simulate
from benchmarks.evidence import (
    Comparison,
    Crew,
    Doors,
    Grade,
    LaneResult,
    NetworkUsed,
    Point,
    Quantity,
    Rate,
    Results,
    SetUsed,
)
from benchmarks.evidence import Transactions as Rows
from benchmarks.interval import wilson
from benchmarks.limits import cannot_show
from benchmarks.scenario import LEVELS, embedded

SCENARIO = embedded().sized(quick=True)
METHOD = "over subjects: effective sample and likelihood of two kinds, joined"


def rate(errors: int, trials: int, grade: Grade = "simulated", method: str = METHOD) -> Rate:
    """A rate with Wilson's interval, under the name of a method that knows whose trials they are."""
    return Rate.of(errors, trials, replace(wilson(errors, trials), method=method), "by hand", grade)


def quantity(value: float, unit: str, grade: Grade = "simulated", width: float = 0.1) -> Quantity:
    """A quantity with an interval of ± width × value."""
    ends = sorted((value * (1 - width), value * (1 + width)))
    return Quantity(
        value=value,
        unit=unit,
        n=190,
        interval=(ends[0], ends[1]),
        level=0.95,
        method=METHOD,
        source="by hand",
        grade=grade,
    )


def lane(name: str, errors: tuple[int, int, int], scale: float, **more: Any) -> LaneResult:
    """A lane that ran, with `errors` of 200 at its levels."""
    points = tuple(
        Point(
            level=level,
            factors={},
            session=f"{level}/passage-middle",
            legitimate_failures=rate(count, 200),
            failure_reasons={"below-threshold" if name == "face-1n" else "tag-forgotten": count} if count else {},
            transaction_time={
                key: quantity(scale * factor * (index + 1), "s")
                for key, factor in (("p50", 1.0), ("p90", 1.777), ("p95", 2.1234))
            },
            persons_per_minute={
                passage: quantity(1234.56 / scale / (index + 50), "persons/min")
                for passage in (("best", "middle", "worst") if level == "middle" else ("middle",))
            },
        )
        for index, (level, count) in enumerate(zip(LEVELS, errors, strict=True))
    )
    return LaneResult(
        status="ran",
        transactions=Rows(file=f"transactions-{name}.jsonl", sha256="ab" * 32, count=1234),
        points=points,
        machine_time={key: quantity(10.5 * scale, "ms", "technology") for key in ("p50", "p90", "p95")},
        **more,
    )


def comparison(
    outcome: Literal["legitimate-failures", "transaction-time-p50"],
    first: Literal["best", "middle", "worst"],
    second: Literal["best", "middle", "worst"],
    value: float,
) -> Comparison:
    """One of the nine."""
    share = outcome == "legitimate-failures"
    return Comparison(
        outcome=outcome,
        first="face-1n",
        second="tag-uid",
        first_level=first,
        second_level=second,
        difference=quantity(value, "share" if share else "s", width=0.4),
        cross_check=(value - 0.02, value + 0.02) if share else None,
        margin=SCENARIO.margins[outcome],
        sentence="not shown (simulated)",
    )


@cache
def doors() -> Doors:
    """All lanes at a very small entrance: simulated, since by hand it would be thousands of figures."""
    small = SCENARIO.doors.model_copy(update={"persons": 60, "mornings": 1, "repetitions": 3})
    with tempfile.TemporaryDirectory() as folder:
        return simulate(SCENARIO.model_copy(update={"doors": small}), Path(folder))


def results(faces: bool, **changes: Any) -> Results:
    """The document; `faces`: with the face lane."""
    lanes: dict[Any, LaneResult] = {"tag-uid": lane("tag-uid", (0, 7, 41), 1.3)}
    if faces:
        lanes["face-1n"] = lane(
            "face-1n",
            (31, 31, 31),
            0.9,
            rates={
                "FTE": rate(0, 40, "technology"),
                "FTA": rate(1, 200, "technology"),
                "FNIR": rate(30, 199, "technology"),
                "MIR": rate(0, 200, "technology"),
                "FPIR": rate(2, 1500, "technology"),
            },
            settings={
                "threshold": 0.4403,
                "threshold_fixed": "on the development crew, which has no person in common with the evaluation crew",
                "gallery": 40,
                "fpir_target": 0.003,
                "enrolment_failures": 0,
                "attempts": 1,
                "overlap_with_training": {"mobilefacenet-foamliu": "unknown"},
                "recipe": {"choice": "central", "mirrored": True, "score": 0.6, "longest_px": 640},
            },
        )
    else:
        lanes["face-1n"] = LaneResult(status="not_run", needs=("--faces SET: pictures", "--models DIR: networks"))
    document: dict[str, Any] = {
        "created": "2026-03-29T00:59:58+00:00",
        "program": "threshold 0.1.0",
        "machine": {"processor": "Test", "cores": 4, "memory_mb": 8192, "versions": {"numpy": "2.0"}},
        "scenario": SCENARIO.model_dump(mode="json", exclude={"factor", "quick", "doors"}),
        "factors": SCENARIO.factor,
        "lanes": lanes,
        "comparisons": tuple(
            comparison(outcome, first, second, value)
            for outcome, value in (("legitimate-failures", -0.0423), ("transaction-time-p50", 0.4567))
            for first in LEVELS
            for second in LEVELS
        )
        if faces
        else (),
        "networks": (NETWORK,) if faces else (),
        "sets": (SET,) if faces else (),
        "cannot_show": cannot_show(SCENARIO, lanes, faces),
        "crew": Crew(people="research-set" if faces else "simulated", intended="children"),
        "reproduce": "threshold evaluate --quick",
    }
    return Results(**document | changes)


NETWORK = NetworkUsed(
    id="mobilefacenet-foamliu",
    role="embedder",
    sha256="cd" * 32,
    licence="Apache-2.0",
    training="Trained on people.",
    training_verified=False,
)
SET = SetUsed(id="lfw", name="Labeled Faces", licence="none", consent="They weren't asked.", basis="Art 6")
