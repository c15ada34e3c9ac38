"""Which lane takes no more of people than another in anything, and less in something: no weight is needed to say so."""

from __future__ import annotations

import math
from collections.abc import Mapping

from benchmarks.evidence import DataItem, Doors, PrivacyVector
from benchmarks.privacy.vector import PLACES
from edge.transaction import Lane

Entries = tuple[float, ...]
"""Less is better in each; unknown is worse than anything known, as a missing fact never helps."""


def entries(vector: PrivacyVector) -> Entries:
    """The vector as numbers, in an order fixed here.

    How long the controller holds anything of each class or worse, not what it is called: who holds a template under a
    pseudonym holds no less than who holds a tag's number.
    """
    unknown = math.inf
    held = [item for item in vector.items if item.held]

    def longest(items: list[DataItem]) -> float:
        return max((unknown if item.days is None else item.days for item in items), default=0.0)

    return (
        *(longest([item for item in held if item.category >= least]) for least in (4, 3, 2, 1)),
        *(longest([item for item in held if item.identifiability >= least]) for least in (1.0, 0.75, 0.5, 0.25)),
        float(len(held)),
        float(vector.subjects),
        unknown if vector.bystanders is None else float(vector.bystanders),
        unknown if vector.recipients is None else float(vector.recipients),
        unknown if vector.place is None else float(PLACES.index(vector.place)),
        float(vector.irrevocable),
        {"low": 0.0, "high": 1.0, None: unknown}[vector.reuse],
        float(vector.article_9),
        unknown if vector.opt_out is None else float(not vector.opt_out),
    )


def outcomes(doors: Doors, lane: Lane) -> Entries:
    """Both ends, from best to worst level, of what all lanes are compared in; less is better in each."""
    runs = [run for run in doors.lanes[lane].runs if run.scene_level == "middle" and not run.fallback_blocks]
    told: list[float] = []
    for values in (
        [run.legitimate_failures.value for run in runs],
        [run.attendance_errors.value for run in runs],
        [run.unauthorised_entries.value for run in runs],
        [-run.persons_per_minute.value for run in runs],
    ):
        told += [min(values), max(values)]
    return tuple(told)


def dominates(first: Entries, second: Entries) -> bool:
    """No worse in any entry and better in one: a strict partial order."""
    return all(a <= b for a, b in zip(first, second, strict=True)) and first != second


def dominators(known: Mapping[Lane, Entries]) -> dict[Lane, tuple[Lane, ...]]:
    """For each lane those that dominate it; none: it is in the Pareto set."""
    return {
        lane: tuple(other for other, theirs in known.items() if dominates(theirs, own)) for lane, own in known.items()
    }
