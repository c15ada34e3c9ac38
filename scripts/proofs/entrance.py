"""The synthetic entrance from frame to decision: 200 enrolled, 100 strangers a seed; bundled and public pair."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from benchmarks import method
from benchmarks.visits import Outcome, Visits, counts, outcomes, shots, threshold
from models.registry import Registry
from scripts.proofs._data import claim, models
from threshold.output import progress

TARGET = 0.01
"""FPIR for which the threshold is fixed, on the development seeds: 100 strangers each can't show a smaller one."""
DEVELOPMENT, EVALUATION = 2, int(os.environ.get("THRESHOLD_PROOF_SEEDS", "6"))
POOLS = range(440), range(440, 1040)
"""Nobody of the development seeds comes in an evaluation seed."""


def prove() -> dict[str, Any]:
    registry = Registry.bundled()
    pairs = {
        "bundled": (registry.locate("bundled-detector"), registry.locate("bundled-embedder")),
        "public": (
            registry.locate("yunet-2023mar", models()),
            registry.locate("mobilefacenet-foamliu", models()),
        ),
    }
    told: dict[str, list[list[Outcome]]] = {name: [] for name in pairs}
    with progress() as bar:
        for seed in range(DEVELOPMENT + EVALUATION):
            visits = Visits(seed, pool=POOLS[seed >= DEVELOPMENT])
            task = bar.add_task(f"seed {seed}", total=len(visits.people) * 3 + visits.enrolled * 2)

            def tick(task: Any = task) -> None:
                bar.advance(task)

            chosen = shots(visits, {name: detector for name, (detector, _) in pairs.items()}, tick)
            for name, (detector, embedder) in pairs.items():
                told[name].append(outcomes(visits, chosen[name], detector, embedder, tick))
    claims, seeds = [], {}
    for name in pairs:
        at = threshold((one for rows in told[name][:DEVELOPMENT] for one in rows), TARGET)
        rows = told[name][DEVELOPMENT:]
        each = [counts(row, at) for row in rows]
        seeds[name] = {"threshold": at, "seeds": [asdict(count) for count in each]}
        claims += [
            claim(f"{name}: {what}", _share(rows, at, *columns), "printed, with its interval", None)
            for what, columns in (
                ("FTA, of all visits", ("no_face", "visits")),
                ("FPIR, of strangers' visits", ("opened", "strangers")),
                ("FNIR, of enrolled people's visits", ("not_identified", "enrolled")),
                ("opened under a wrong name, of enrolled people's visits", ("wrong_name", "enrolled")),
            )
        ]
    note = (
        f"threshold fixed for an FPIR of {TARGET:g} on {DEVELOPMENT} seeds with other people; each person comes once a "
        "seed; intervals over persons, least and most over the seeds beside them; all are drawn: no "
        "evidence about people"
    )
    return {"claims": claims, "note": note, "by_seed": seeds}


def _share(seeds: list[list[Outcome]], at: float, errors: str, trials: str) -> dict[str, Any]:
    """Of all seeds together, with the interval, and the least and most of a seed."""
    each = [counts(rows, at) for rows in seeds]
    singles = [(counts([one], at), one.person) for rows in seeds for one in rows]
    asked = [(getattr(count, errors) > 0, person) for count, person in singles if getattr(count, trials)]
    wrong, whose = [error for error, _ in asked], [person for _, person in asked]
    interval = method.rate(wrong, whose)
    by_seed = [getattr(count, errors) / getattr(count, trials) for count in each]
    return {
        "errors": sum(wrong),
        "of": len(wrong),
        "persons": len(set(whose)),
        "value": round(sum(wrong) / len(wrong), 5),
        "interval": [round(interval.low, 5), round(interval.high, 5)],
        "seeds": [round(min(by_seed), 5), round(max(by_seed), 5)],
    }
