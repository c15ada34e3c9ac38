"""Sobol over 26 inputs and all lanes, 10⁵ person-mornings a point: 1 and 2 processes, Dask, a worker killed."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.scenario import embedded
from benchmarks.sensitivity.document import Sensitivity
from benchmarks.sensitivity.point import point, shared
from benchmarks.sensitivity.run import run
from benchmarks.sensitivity.study import Settings, planned, study
from benchmarks.spread import Here, cluster, processes
from edge.transaction import LANES
from scripts.proofs._dask import joined, local_cluster
from scripts.proofs._data import claim

# THRESHOLD_PROOF_SMALL=1 shows in a minute or two that everything works; its figures prove nothing.
SMALL = bool(os.environ.get("THRESHOLD_PROOF_SMALL"))
N, PERSON_MORNINGS = (4, 5_000) if SMALL else (64, 100_000)
ALONE = 40 if SMALL else 200
"""Points that one process computes as well, spread over the run: all of them would take as long as everything else."""


def prove() -> dict[str, Any]:
    scenario, settings = embedded(), Settings(n=N, person_mornings=PERSON_MORNINGS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with processes(2) as where:
            two = study(scenario, settings, folder / "two", where)
        rows = planned(scenario, settings).rows
        chosen = range(0, len(rows), max(1, len(rows) // ALONE))
        # Taken over from disk, not computed anew.
        kept, _ = run(shared(scenario, PERSON_MORNINGS), rows, folder / "two", Here(), resume=True)
        begun = time.monotonic()
        alone = dict(Here().run(point, shared(scenario, PERSON_MORNINGS), [(index, rows[index]) for index in chosen]))
        alone_s = time.monotonic() - begun
        with local_cluster() as (address, workers), cluster(address) as where:
            joined(where, 2)
            dask = study(scenario, settings, folder / "dask", where)
            killed = _Kill(workers[0], two.computed.points // 2)
            broken = study(scenario, settings, folder / "killed", where, progress=killed)
            left = len(where.workers())
    varied = sum(given.varied for given in two.inputs)
    same = two.computed.digest == dask.computed.digest == broken.computed.digest
    agreeing = sum(outcomes == kept[index] for index, outcomes in alone.items())
    size = f"{two.computed.points:,} points, {PERSON_MORNINGS:,} person-mornings each, {len(two.options)} options"
    return {
        "claims": [
            claim("inputs varied at once", varied, "12 or more", varied >= 12),
            claim("lanes at every point", len(LANES), "11, and 3 third options", len(two.options) == len(LANES) + 3),
            claim(f"2 processes, s ({size})", two.computed.seconds, "printed", None),
            claim("Dask, 2 workers, s (the same points)", dask.computed.seconds, "printed", None),
            claim("Dask, one of 2 workers killed halfway, s", broken.computed.seconds, "printed", None),
            claim(
                "1 process, s a point, over points spread through the run",
                round(alone_s / len(chosen), 3),
                "printed",
                None,
            ),
            claim(
                "digests of all points: 2 processes, Dask, Dask with a worker killed",
                f"{two.computed.digest[:16]}, {dask.computed.digest[:16]}, {broken.computed.digest[:16]}",
                "the same",
                same,
            ),
            claim(
                "points that 1 process computes to the same bits",
                f"{agreeing} of {len(chosen)}",
                "all",
                agreeing == len(chosen),
            ),
            claim(
                "workers left at the end, points lost",
                f"{left}, {two.computed.points - broken.computed.points}",
                "1, 0",
                left == 1 and broken.computed.points == two.computed.points,
            ),
        ],
        "small": SMALL,
        "settings": {"N": N, "person_mornings": PERSON_MORNINGS, "seed": scenario.seed, "varied": settings.varied},
        "told": _told(two),
    }


def _told(found: Sensitivity) -> dict[str, Any]:
    """What came out, so that docs/sensitivity.md can be held to it."""
    return {
        "largest total indices": {
            each.outcome: [
                [share.parameter, round(share.total, 3), round(share.total_half, 3)]
                for share in sorted(each.shares or (), key=lambda share: -share.total)[:3]
            ]
            for each in found.spread
            if each.target == "difference"
        },
        "flips": [
            [flip.outcome, flip.face, flip.milder, flip.parameter, [round(at, 4) for at in flip.at]]
            for flip in found.flips
            if flip.at
        ],
        "measure": {
            f"{each.outcome}, {each.among}": [worth.parameter for worth in each.worth if worth.told]
            for each in found.decisions
        },
    }


class _Kill:
    """Progress that kills a worker once so many points are done."""

    def __init__(self, worker: subprocess.Popen[bytes], at: int) -> None:
        self._worker, self._at, self._done = worker, at, 0

    def __call__(self, what: str, total: int) -> Any:
        return self._tick

    def _tick(self) -> None:
        self._done += 1
        if self._done == self._at:
            self._worker.kill()
