"""10⁵, 10⁶ and 10⁷ person-mornings over all eleven lanes: processor time on one core, peak memory, growth."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from typing import Any

from scripts.proofs._data import claim

SIZES = tuple(int(size) for size in os.environ.get("THRESHOLD_PROOF_MORNINGS", "100000,1000000,10000000").split(","))
_ONE = """
import json, resource, sys, time
from benchmarks.doors.columns import Run
from benchmarks.doors.simulate import repetitions, tallies
from benchmarks.scenario import embedded
scenario = embedded()
count = repetitions(scenario, int(sys.argv[1]))
scenario = scenario.model_copy(update={"doors": scenario.doors.model_copy(update={"repetitions": count})})
before, wall = time.process_time(), time.perf_counter()
told = tallies(scenario, Run())
json.dump({
    "person_mornings": count * scenario.doors.persons * scenario.doors.mornings,
    "lanes": len(told),
    "cpu_s": time.process_time() - before,
    "wall_s": time.perf_counter() - wall,
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "legitimate_failures": {lane: [int(t["failed"].sum()), int(t["present"].sum())] for lane, t in told.items()},
}, sys.stdout)
"""


def prove() -> dict[str, Any]:
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    sizes = []
    for size in SIZES:
        done = subprocess.run(
            [sys.executable, "-c", _ONE, str(size)],
            check=True,
            capture_output=True,
            text=True,
            timeout=3600,
            env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        sizes.append(json.loads(done.stdout))
    first, last = sizes[0], sizes[-1]
    growth = math.log(last["cpu_s"] / first["cpu_s"]) / math.log(last["person_mornings"] / first["person_mornings"])
    largest = f"{last['person_mornings']:,} person-mornings"
    return {
        "claims": [
            claim(
                f"{largest}, all lanes: processor time on one core, s",
                round(last["cpu_s"], 1),
                "below 60",
                last["cpu_s"] < 60,
            ),
            claim(
                f"growth from {first['person_mornings']:,} to {last['person_mornings']:,}: exponent of processor time",
                round(growth, 3),
                "at most 1.05 (1 is linear)",
                growth <= 1.05,
            ),
            claim(
                "peak memory, MiB, smallest and largest",
                [round(first["peak_mb"]), round(last["peak_mb"])],
                "the largest at most 1.25 times the smallest: it runs in chunks",
                last["peak_mb"] <= 1.25 * first["peak_mb"],
            ),
            claim("every lane was simulated", last["lanes"], "11", last["lanes"] == 11),
        ],
        "note": "the embedded scenario, every lane at its middle level; each size in a process of its own",
        "sizes": sizes,
    }
