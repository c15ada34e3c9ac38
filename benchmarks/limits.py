"""What a run can't show, from its own sizes: the section that every report carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.evidence import LaneResult
from benchmarks.interval import rule_of_three
from benchmarks.scenario import Scenario
from edge.transaction import Lane


def cannot_show(
    scenario: Scenario,
    lanes: Mapping[Lane, LaneResult],
    faces: bool,
    synthetic: bool = False,
    liveness: str | None = None,
) -> tuple[dict[str, Any], ...]:
    """Identifiers and numbers; the report has a sentence for each, in its languages (evaluation.md §5, traps 2, 5, 6,
    8 to 11 and 24). `liveness`: the id of the network that is installed for it."""
    limits: list[dict[str, Any]] = [
        {"id": "simulated-mornings", "persons": scenario.persons, "mornings": scenario.mornings},
        {"id": "swept-rates", "factors": [factor.id for factor in scenario.factor if not factor.published]},
        {"id": "no-attacks"},
        {"id": "no-fallback"},
        {"id": "no-arrivals"},
        {"id": "law-not-numbers"},
    ]
    if faces:
        strangers = scenario.strangers
        limits.append({"id": "liveness-not-run", "network": liveness} if liveness else {"id": "liveness-not-installed"})
        if synthetic:
            limits.append({"id": "synthetic-people"})
        else:
            limits += [{"id": "portraits-not-a-door"}, {"id": "adults-only"}, {"id": "people-not-asked"}]
        limits += [
            {
                "id": "fpir-bound",
                "strangers": strangers,
                "bound": rule_of_three(strangers).high,
                "needed_for_0_1_percent": 2995,
            },
        ]
    else:
        limits.append({"id": "face-not-run"})
    point = next(point for point in lanes["tag-uid"].points if point.level == "middle")
    low, high = point.legitimate_failures.interval
    limits.append({"id": "few-persons", "persons": scenario.persons, "half_width": (high - low) / 2})
    return tuple(limits)
