"""The queue before the doors against reference waits (20 cells) and against one event after another (simpy)."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.doors.events import served
from benchmarks.doors.queue import longest, turns
from scripts.proofs._data import claim

RUNS, PERSONS, EVENT_RUNS = 1000, 600, 3
WINDOW_S, PEAK_S, SPREAD = 1200.0, 900.0, 0.5
SEED = 20190724
REFERENCE = {
    1.5: ((108, 77), (2, 6), (1, 3), (0, 2)),
    2.0: ((306, 158), (9, 13), (1, 5), (0, 3)),
    3.0: ((797, 272), (108, 76), (9, 13), (2, 6)),
    5.0: ((1878, 386), (542, 222), (166, 104), (40, 36)),
    8.0: ((3549, 461), (1330, 341), (625, 240), (305, 157)),
}
"""Mean effective service, s → (p95 wait, s; longest queue) for 1 to 4 doors: 600 arrivals, triangular over 20 min with
its peak at 15 min, lognormal service with a coefficient of variation of 0.5, first come first served; computed apart
from this program, 200 runs."""


def prove() -> dict[str, Any]:
    claims, cells = [], []
    worst_event = 0.0
    same_length = True
    for service_s, row in REFERENCE.items():
        g = np.random.default_rng([SEED, round(10 * service_s)])
        arrived = np.sort(g.triangular(0.0, PEAK_S, WINDOW_S, (RUNS, PERSONS)), axis=1)
        variance = np.log1p(SPREAD**2)
        service = service_s * np.exp(np.sqrt(variance) * g.standard_normal((RUNS, PERSONS)) - variance / 2)
        for doors, (wait_s, queue) in enumerate(row, start=1):
            start = turns(arrived, service, doors)
            waits = np.quantile(start - arrived, 0.95, axis=1)
            lengths = longest(arrived, start, np.ones(arrived.shape, np.bool_))
            for run in range(EVENT_RUNS):
                plain = served(arrived[run], service[run], doors)
                worst_event = max(worst_event, float(np.abs(np.array(plain.start) - start[run]).max()))
                same_length &= plain.longest == lengths[run]
            found = float(waits.mean())
            off = abs(found - wait_s)
            error = float(waits.std(ddof=1) / np.sqrt(RUNS))
            length = float(np.median(lengths))
            cells.append(
                {
                    "service_s": service_s,
                    "doors": doors,
                    "wait_p95_s": {"found": round(found, 1), "reference": wait_s, "standard_error": round(error, 2)},
                    "longest_queue": {"found": length, "reference": queue},
                    "met": bool(off <= 0.1 * wait_s if wait_s >= 9 else off <= 1.0),
                    "queue_met": bool(abs(length - queue) <= max(1.0, 0.1 * queue)),
                }
            )
    claims.append(
        claim(
            "p95 wait in all 20 cells, mean over runs",
            f"{sum(cell['met'] for cell in cells)} of {len(cells)} cells",
            "20 of 20: cells of 9 s or more within 10 %, the others within 1 s",
            all(cell["met"] for cell in cells),
        )
    )
    claims.append(
        claim(
            "longest queue in all 20 cells, median over runs",
            f"{sum(cell['queue_met'] for cell in cells)} of {len(cells)} cells",
            "20 of 20 within 10 % or 1 person",
            all(cell["queue_met"] for cell in cells),
        )
    )
    claims.append(
        claim(
            f"largest difference of a turn to simpy's, {EVENT_RUNS} runs of each cell, s",
            float(f"{worst_event:.2g}"),
            "below 1e-6, and the same longest queue in each",
            bool(worst_event < 1e-6 and same_length),
        )
    )
    return {
        "claims": claims,
        "note": f"{RUNS} runs a cell, seeds [{SEED}, 10 × service]; waiting means come and not yet in the zone",
        "cells": cells,
    }
