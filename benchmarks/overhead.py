"""What the stopwatch itself costs a frame: switched off, and on."""

from __future__ import annotations

import time
from typing import Any

from edge.core.watch import Off, Stopwatch

BATCH, BATCHES = 1000, 20


def overhead(watch: Stopwatch, cpu_ns_per_frame: float) -> dict[str, Any]:
    """The calls that `watch` was given a frame, times what one costs with it off and on, over a frame's processor time.

    A call's cost is the least of many batches: what a call takes, not what else the machine did meanwhile.
    """
    frames = watch.account().frames
    if not frames or cpu_ns_per_frame <= 0:
        raise ValueError(f"expected a run with frames, found {frames} of {cpu_ns_per_frame:g} ns")
    calls = (frames + sum(told.n for told in watch.wall().values())) / frames
    off, on = _call_ns(Off()), _call_ns(Stopwatch())
    return {
        "calls_per_frame": calls,
        "off_ns_per_call": off,
        "on_ns_per_call": on,
        "off_share": calls * off / cpu_ns_per_frame,
        "on_share": calls * on / cpu_ns_per_frame,
    }


def _call_ns(watch: Off) -> float:
    least = float("inf")
    for _ in range(BATCHES):
        watch.begin(0)
        begun = time.thread_time_ns()
        for _ in range(BATCH):
            watch.lap("stage")
        least = min(least, (time.thread_time_ns() - begun) / BATCH)
    return least
