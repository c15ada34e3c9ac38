"""Backends: equal outputs, and which one takes the least processor time here; the bundled pair, and the public one."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from benchmarks.machine import describe
from benchmarks.race import TOLERANCE, Race, document, race
from edge.backend import installed, versions
from models.registry import Registry
from models.runtime import DEFAULT
from scripts.proofs._data import claim, models
from threshold.output import progress

ROUNDS = int(os.environ.get("THRESHOLD_PROOF_ROUNDS", "40"))
PAIRS = {"bundled": ("bundled-detector", "bundled-embedder"), "public": ("yunet-2023mar", "mobilefacenet-foamliu")}


def prove() -> dict[str, Any]:
    registry = Registry.bundled()
    claims: list[dict[str, Any]] = [claim("backends installed", versions(), "all three", len(installed()) == 3)]
    races: list[Race] = []
    with progress() as bar:

        def steps(what: str, total: int) -> Any:
            task = bar.add_task(what, total=total)
            return lambda: bar.advance(task)

        for name, pair in PAIRS.items():
            folder = models() if name == "public" else None
            detector, embedder = (registry.locate(network, folder) for network in pair)
            races += race(detector, embedder, steps, ROUNDS)
    for told in races:
        claims += _claims(told)
    return {
        "claims": claims,
        "races": document(races, describe())["races"],
        "missing": ["a Raspberry Pi: threshold bench core --race"],
        "note": (
            f"{ROUNDS} shuffled rounds in one process; processor time of the whole process, a pause after each turn; "
            "ratios within a round, median and interval at a level that holds for all contestants together"
        ),
    }


def _claims(told: Race) -> list[dict[str, Any]]:
    worst = max(each.worst for each in told.figures)
    ratios = {str(each.runtime): each.cpu_ratio for each in told.figures if each.cpu_ratio is not None}
    fastest = min(ratios, key=lambda name: ratios[name].median)
    return [
        claim(
            f"{told.network}: worst output of those let in, part of 1 + the largest",
            worst,
            f"≤ {TOLERANCE:g}",
            worst <= TOLERANCE,
        ),
        claim(
            f"{told.network}: not let in, and why", {str(runtime): why for runtime, why in told.out}, "printed", None
        ),
        claim(
            f"{told.network}: least processor time of the others over the default's ({DEFAULT})",
            {
                "runtime": fastest,
                "ratio": {end: round(value, 3) for end, value in asdict(ratios[fastest]).items()},
            },
            "printed",
            None,
        ),
        claim(f"{told.network}: chosen here", str(told.winner), "printed", None),
        claim(
            f"{told.network}: the machine during the race",
            list(told.condition.void),
            "not void",
            not told.condition.void,
        ),
    ]
