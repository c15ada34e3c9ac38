"""Where the time goes: per stage, frame by frame. Off, it costs a call of nothing."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

import numpy as np

KEPT = 100_000
"""Values kept of each stage, the latest: an hour at 30 frames a second. Memory stays bounded in a device that runs for
months."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds: of `n` values the median, the 95th and 99th percentile, and the most; their sum in seconds."""

    n: int
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    sum_s: float


def spread(values_ns: deque[int] | list[int]) -> Spread | None:
    """None of no values: a percentile of nothing is no zero."""
    if not values_ns:
        return None
    values = np.array(values_ns, np.float64) / 1e6
    p50, p95, p99 = (float(value) for value in np.percentile(values, (50, 95, 99)))
    return Spread(len(values), p50, p95, p99, float(values.max()), float(values.sum() / 1e3))


class Off:
    """No stopwatch: every call does nothing."""

    def begin(self) -> None:
        """See Stopwatch."""

    def lap(self, stage: str) -> None:
        """See Stopwatch."""

    def note(self, what: str, nanoseconds: int) -> None:
        """See Stopwatch."""


class Stopwatch(Off):
    """Times stages by the machine's monotonic clock, and by the processor's for this thread. For one thread."""

    def __init__(self) -> None:
        self._wall: dict[str, deque[int]] = {}
        self._cpu: dict[str, deque[int]] = {}
        self._last = self._last_cpu = 0

    def begin(self) -> None:
        """A frame begins."""
        self._last, self._last_cpu = time.perf_counter_ns(), time.thread_time_ns()

    def lap(self, stage: str) -> None:
        """What happened since the last call was this stage."""
        now, cpu = time.perf_counter_ns(), time.thread_time_ns()
        self._wall.setdefault(stage, deque(maxlen=KEPT)).append(now - self._last)
        self._cpu.setdefault(stage, deque(maxlen=KEPT)).append(cpu - self._last_cpu)
        self._last, self._last_cpu = now, cpu

    def note(self, what: str, nanoseconds: int) -> None:
        """A time measured elsewhere."""
        self._wall.setdefault(what, deque(maxlen=KEPT)).append(nanoseconds)

    def wall(self) -> dict[str, Spread]:
        """Of each stage, by the machine's clock."""
        return {stage: told for stage, values in self._wall.items() if (told := spread(values))}

    def cpu(self) -> dict[str, Spread]:
        """Of each stage, by this thread's processor time."""
        return {stage: told for stage, values in self._cpu.items() if (told := spread(values))}
