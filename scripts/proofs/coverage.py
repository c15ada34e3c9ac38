"""Coverage of every interval the report prints, by simulation: 2,000 runs a regime, dependent trials included."""

from __future__ import annotations

import os
from typing import Any

from benchmarks.coverage import HIGH, LOW, REGIMES, RUNS, simulate_all
from scripts.proofs._data import claim
from threshold.output import progress

SEED = 1
PROCESSES = 2


def prove() -> dict[str, Any]:
    runs = int(os.environ.get("THRESHOLD_PROOF_RUNS", RUNS))
    claims, regimes = [], []
    with progress() as bar:
        task = bar.add_task("regimes", total=len(REGIMES))
        for outcome in simulate_all(runs, SEED, PROCESSES):
            bar.advance(task)
            default = outcome.methods[outcome.default]
            target = (
                f"{LOW:.0%} or more, conservative by design" if outcome.conservative else f"{LOW:.0%} to {HIGH:.0%}"
            )
            claims.append(claim(outcome.about, round(default.share, 4), target, outcome.met))
            regimes.append(
                {
                    "regime": outcome.regime,
                    "about": outcome.about,
                    "conservative": outcome.conservative,
                    "methods": {
                        name: {
                            "covers": round(covered.share, 4),
                            "truth_below": round(covered.below, 4),
                            "truth_above": round(covered.above, 4),
                            "mean_width": round(covered.width, 5),
                        }
                        for name, covered in outcome.methods.items()
                    },
                }
            )
    missed = [row["about"] for row, made in zip(regimes, claims, strict=True) if not made["met"]]
    return {"claims": claims, "runs": runs, "seed": SEED, "missed": missed, "regimes": regimes}
