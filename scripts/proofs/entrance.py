"""The synthetic entrance from frame to decision: 200 enrolled, 100 strangers a seed; bundled and public pair."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from benchmarks.interval import clopper_pearson
from benchmarks.visits import Counts, Outcome, Visits, counts, outcomes, shots, threshold
from models.registry import Registry
from scripts.proofs._data import claim, models
from threshold.output import progress

TARGET = 0.01
"""FPIR for which the threshold is fixed, on the development seeds: 100 strangers each can't show a smaller one."""
DEVELOPMENT, EVALUATION = 2, int(os.environ.get("THRESHOLD_PROOF_SEEDS", "6"))


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
            visits = Visits(seed)
            task = bar.add_task(f"seed {seed}", total=len(visits.people) * 3 + visits.enrolled * 2)

            def tick(task: Any = task) -> None:
                bar.advance(task)

            chosen = shots(visits, {name: detector for name, (detector, _) in pairs.items()}, tick)
            for name, (detector, embedder) in pairs.items():
                told[name].append(outcomes(visits, chosen[name], detector, embedder, tick))
    claims, seeds = [], {}
    for name in pairs:
        at = threshold((one for rows in told[name][:DEVELOPMENT] for one in rows), TARGET)
        each = [counts(rows, at) for rows in told[name][DEVELOPMENT:]]
        seeds[name] = {"threshold": at, "seeds": [asdict(count) for count in each]}
        claims += [
            claim(f"{name}: {what} ({', '.join(columns)})", _share(each, *columns), "printed, with its interval", None)
            for what, columns in (
                ("FTA", ("no_face", "visits")),
                ("FPIR", ("opened", "strangers")),
                ("FNIR", ("not_identified", "enrolled")),
                ("opened under a wrong name", ("wrong_name", "enrolled")),
            )
        ]
    note = (
        f"threshold fixed for an FPIR of {TARGET:g} on {DEVELOPMENT} other seeds; each person comes once; intervals "
        "Clopper-Pearson over visits (people of one seed share a gallery), least and most over the seeds beside them; "
        "all people are drawn: no evidence about people"
    )
    return {"claims": claims, "note": note, "by_seed": seeds}


def _share(each: list[Counts], errors: str, trials: str) -> dict[str, Any]:
    """Of all seeds together, with the interval, and the least and most of a seed."""
    k, n = sum(getattr(count, errors) for count in each), sum(getattr(count, trials) for count in each)
    interval = clopper_pearson(k, n)
    by_seed = [getattr(count, errors) / getattr(count, trials) for count in each]
    return {
        "errors": k,
        "of": n,
        "value": round(k / n, 5),
        "interval": [round(interval.low, 5), round(interval.high, 5)],
        "seeds": [round(min(by_seed), 5), round(max(by_seed), 5)],
    }
