"""LFW's View 2 in 1 process, in 2, on Dask, and with a Dask worker killed halfway: the same scores, time, memory."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from benchmarks.accuracy import Protocol, measure
from benchmarks.share import spread
from benchmarks.spread import Cluster, place
from models.registry import Registry
from policy.archive import Archive
from policy.gate import Gate
from scripts.proofs._dask import IN_MEMORY, joined, local_cluster
from scripts.proofs._data import claim, lfw, models, pictures

# THRESHOLD_PROOF_SMALL=1 takes View 1's test pairs, and shows in some minutes that everything works.
SMALL = bool(os.environ.get("THRESHOLD_PROOF_SMALL"))
PAIRS = "view1-test-pairs.txt" if SMALL else "view2-pairs.txt"
MEMORY_MB = 600
"""What one process of `bench accuracy` may take (make prove-lfw-view2)."""


def prove() -> dict[str, Any]:
    one, _ = _apart(1, None)
    two, _ = _apart(2, None)
    with local_cluster(**IN_MEMORY) as (address, workers):
        spread_out, _ = _apart(None, address)
        broken, left = _apart(None, address, kill=workers[0].pid)
    ways = {"1 process": one, "2 processes": two, "Dask, 2 workers": spread_out, "Dask, one of 2 killed": broken}
    digests = {name: told["digest"] for name, told in ways.items()}
    pictures_each = {told["time"]["pictures"] for told in ways.values()}
    memory = {name: round(told["time"]["peak_memory_mb"]) for name, told in ways.items()}
    helpers = {
        name: round(told["machine"]["helpers"]["peak_memory_mb"])
        for name, told in ways.items()
        if "helpers" in told["machine"]
    }
    same = [{key: told[key] for key in ("fta", "folds", "accuracy", "operating_points")} for told in ways.values()]
    return {
        "claims": [
            claim(
                f"digests of all scores ({PAIRS}), {', '.join(ways)}",
                ", ".join(digest[:16] for digest in digests.values()),
                "the same",
                len(set(digests.values())) == 1,
            ),
            claim(
                "FTA, folds or accuracy, operating points with their intervals",
                "the same" if all(each == same[0] for each in same) else "different",
                "the same",
                all(each == same[0] for each in same),
            ),
            claim("pictures, each way", sorted(pictures_each), "the same, none lost", len(pictures_each) == 1),
            claim("Dask workers left at the end", left, "1 of 2", left == 1),
            claim(
                "s to all templates (set verified and networks opened by each helper within it)",
                {name: round(told["time"]["wall_s"], 1) for name, told in ways.items()},
                "printed",
                None,
            ),
            claim(
                "peak memory of the process that asks, MiB",
                memory,
                f"< {MEMORY_MB} each",
                max(memory.values()) < MEMORY_MB,
            ),
            claim(
                "peak memory of the helper that needed most, MiB",
                helpers,
                f"< {MEMORY_MB} each",
                max(helpers.values()) < MEMORY_MB,
            ),
        ],
        "small": SMALL,
        "pairs": PAIRS,
        "helpers": {name: told["machine"].get("helpers") for name, told in ways.items()},
        "time": {name: told["time"] for name, told in ways.items()},
    }


def _apart(count: int | None, address: str | None, kill: int | None = None) -> tuple[dict[str, Any], int]:
    """In a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, count, address, kill).result()


def _measured(count: int | None, address: str | None, kill: int | None) -> tuple[dict[str, Any], int]:
    """The document of `bench accuracy`, and how many Dask workers are left; `kill` is the worker that ends halfway."""
    registry = Registry.bundled()
    with Archive(pictures()) as archive, place(count, address, real_people=True) as where:
        if isinstance(where, Cluster):
            joined(where, 2)
        document = measure(
            archive,
            Protocol(pairs=lfw() / PAIRS),
            registry.locate("yunet-2023mar", models()),
            registry.locate("mobilefacenet-foamliu", models()),
            Gate(),
            replicates=200,
            progress=lambda total: _halfway(total // 2, kill),
            spread=spread(where, str(pictures()), models()),
        ).document
        left = len(where.workers()) if isinstance(where, Cluster) else 0
    return document.model_dump(mode="json", by_alias=True, exclude={"det"}), left


def _halfway(at: int, kill: int | None) -> Callable[[], None]:
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if done == at and kill is not None:
            os.kill(kill, signal.SIGKILL)

    return tick
