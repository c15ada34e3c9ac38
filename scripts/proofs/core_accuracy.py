"""The frame core's accuracy: errors a visit beside the plain loop that embeds every face in every frame, paired."""

from __future__ import annotations

import os
from typing import Any

from benchmarks.core import settings
from benchmarks.visited import Morning, Visit, compare, mornings, threshold_for
from models.registry import Registry
from scripts.proofs._data import claim
from threshold.output import progress

MORNINGS = int(os.environ.get("THRESHOLD_PROOF_SEEDS", "5"))
PEOPLE = int(os.environ.get("THRESHOLD_PROOF_PEOPLE", "100"))
"""Enrolled people, and as many strangers, of a morning."""
OTHERS = int(os.environ.get("THRESHOLD_PROOF_STRANGERS", "600"))
"""Strangers, none of whom is tested, whose visits fix the thresholds: in galleries of as many people."""
WORKERS = int(os.environ.get("THRESHOLD_PROOF_WORKERS", str(min(4, os.cpu_count() or 1))))
TARGET = 0.03
"""FPIR per visit for which each way's threshold is fixed."""
MARGIN = 0.02


def prove() -> dict[str, Any]:
    registry = Registry.bundled()
    networks = registry.locate("bundled-detector"), registry.locate("bundled-embedder")
    tested = [Morning(seed, PEOPLE, PEOPLE) for seed in range(MORNINGS)]
    each = min(OTHERS, 2 * PEOPLE)
    counts = [min(each, OTHERS - begun) for begun in range(0, OTHERS, each)]
    fixing = [Morning(1000 + seed, PEOPLE, strangers, only_strangers=True) for seed, strangers in enumerate(counts)]
    with progress() as bar:
        task = bar.add_task("visits", total=sum(morning.visits for morning in (*fixing, *tested)))
        rows = mornings([*fixing, *tested], *networks, settings("bundled-embedder"), WORKERS, lambda: bar.advance(task))
    others = [one for row in rows[: len(fixing)] for one in row]
    visits = [one for row in rows[len(fixing) :] for one in row]
    core_at = threshold_for((one.core for one in others), TARGET)
    loop_at = threshold_for((one.loop for one in others), TARGET)
    told = compare(visits, core_at, loop_at)
    mated = sum(one.enrolled for one in visits)
    return {
        "claims": [
            claim(
                "visits: enrolled people's, strangers'",
                [mated, len(visits) - mated],
                "≥ 500 each",
                min(mated, len(visits) - mated) >= 500,
            ),
            *(
                claim(
                    f"{what.upper()} a visit, core − plain loop, paired",
                    told[what],
                    f"upper 95 % bound ≤ {MARGIN}",
                    told[what]["interval"][1] <= MARGIN,
                )
                for what in ("fnir", "fpir")
            ),
            claim("templates computed a visit", told["templates_per_visit"], "printed", None),
            claim(
                f"thresholds, for an FPIR of {TARGET:.0%} of {len(others)} other strangers' visits",
                {"core": round(core_at, 4), "loop": round(loop_at, 4)},
                "printed",
                None,
            ),
            claim(
                "the same at other thresholds, for other FPIRs of the same strangers",
                _curve(others, visits),
                "printed",
                None,
            ),
        ],
        "missing": ["people: all of them are drawn", "cameras of 30 frames/s and 1080p: these visits are smaller"],
        "note": (
            f"visits of one person at a time, 640 × 360 px, 10 frames/s; galleries of {PEOPLE}, another one each "
            "morning; each way at its own threshold, fixed on other strangers; bundled networks; graded synthetic"
        ),
    }


def _curve(others: list[Visit], visits: list[Visit]) -> dict[str, Any]:
    """Errors of core and loop, and the upper bounds of the paired differences, by the FPIR aimed at."""
    told = {}
    for target in (0.01, 0.02, 0.05, 0.1):
        at = compare(
            visits,
            threshold_for((one.core for one in others), target),
            threshold_for((one.loop for one in others), target),
        )
        told[f"{target:.0%}"] = {
            what: {
                "core": at[what]["core"]["errors"],
                "loop": at[what]["loop"]["errors"],
                "upper": round(at[what]["interval"][1], 4),
            }
            for what in ("fnir", "fpir")
        }
    return told
