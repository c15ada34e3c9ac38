"""Where the time goes: per stage, frame by frame. Off, it costs a call of nothing."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field

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


DECISION = "frame-to-decision"
"""What is noted once a visit: from the frame's arrival in this program to the decision on it."""
SENSOR = "sensor-to-decision"
"""The same from the sensor's stamp on, where the source's clock is the machine's."""

PACING_MS = (4.0, 8.0, 12.0, 16.0, 20.0, 25.0, 30.0, 36.0, 42.0, 50.0, 66.0, 83.0, 100.0, 200.0, 500.0, 1000.0)
"""Upper ends (inclusive) of the buckets that times between frames are counted in, ms; the last bucket has none. 30
frames a second come after 33.3 ms, 60 after 16.7, 25 after 40."""


@dataclass(slots=True)
class Pacing:
    """How evenly frames came: counts of the times between one's stamp and the next's, in fixed buckets. Bounded memory.

    `backwards`: stamps that didn't rise, as from a source that was opened again.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(PACING_MS) + 1))
    backwards: int = 0
    longest_ms: float = 0.0
    _last_ns: int | None = None

    def frame(self, time_ns: int) -> None:
        """A frame with this stamp came."""
        if self._last_ns is not None:
            passed_ms = (time_ns - self._last_ns) / 1e6
            if passed_ms <= 0:
                self.backwards += 1
            else:
                self.counts[bisect_left(PACING_MS, passed_ms)] += 1
                self.longest_ms = max(self.longest_ms, passed_ms)
        self._last_ns = time_ns

    def table(self) -> list[tuple[float, float | None, int]]:
        """Buckets with something in them: above, up to (None: without end), ms, and how many."""
        ends = (0.0, *PACING_MS, None)
        return [(ends[index] or 0.0, ends[index + 1], count) for index, count in enumerate(self.counts) if count]


@dataclass(frozen=True, slots=True)
class Account:
    """What frames and visits cost. A visit is a track that came to a decision.

    `cpu_s` is the processor time of the thread that looks, in its stages; `process_cpu_s` of the whole process since
    the first frame began, with the camera's thread and the networks' own threads.
    """

    frames: int
    visits: int
    cpu_s: float
    process_cpu_s: float

    @property
    def cpu_s_per_frame(self) -> float | None:
        """None without a frame. Of the whole process."""
        return self.process_cpu_s / self.frames if self.frames else None

    @property
    def cpu_s_per_visit(self) -> float | None:
        """None without a visit. Of the whole process; frames with nobody there are in it."""
        return self.process_cpu_s / self.visits if self.visits else None


class Off:
    """No stopwatch: every call does nothing."""

    def begin(self, time_ns: int) -> None:
        """See Stopwatch."""

    def lap(self, stage: str) -> None:
        """See Stopwatch."""

    def note(self, what: str, nanoseconds: int) -> None:
        """See Stopwatch."""

    def decision(self, time_ns: int, arrived_ns: int) -> None:
        """See Stopwatch."""


class Stopwatch(Off):
    """Times stages by the machine's monotonic clock, and by the processor's for this thread. For one thread."""

    def __init__(self) -> None:
        self._wall: dict[str, deque[int]] = {}
        self._cpu: dict[str, deque[int]] = {}
        self._last = self._last_cpu = 0
        self._frames = self._cpu_ns = 0
        self._visits = self._began_cpu = 0
        self.pacing = Pacing()

    def begin(self, time_ns: int) -> None:
        """A frame begins that has this stamp of its source."""
        self.pacing.frame(time_ns)
        if not self._frames:
            self._began_cpu = time.process_time_ns()
        self._frames += 1
        self._last, self._last_cpu = time.perf_counter_ns(), time.thread_time_ns()

    def lap(self, stage: str) -> None:
        """What happened since the last call was this stage."""
        now, cpu = time.perf_counter_ns(), time.thread_time_ns()
        self._wall.setdefault(stage, deque(maxlen=KEPT)).append(now - self._last)
        self._cpu.setdefault(stage, deque(maxlen=KEPT)).append(cpu - self._last_cpu)
        self._cpu_ns += cpu - self._last_cpu
        self._last, self._last_cpu = now, cpu

    def note(self, what: str, nanoseconds: int) -> None:
        """A time measured elsewhere."""
        self._wall.setdefault(what, deque(maxlen=KEPT)).append(nanoseconds)

    def decision(self, time_ns: int, arrived_ns: int) -> None:
        """A visit was decided just now, on a frame with this stamp that came to the program at that time.

        Where the stamp is of the machine's own clock, from the sensor's stamp on, too: that is so when the frame came
        less than a second after it; a file's stamps begin at 0.
        """
        now = time.monotonic_ns()
        self._visits += 1
        self.note(DECISION, now - arrived_ns)
        if 0 <= arrived_ns - time_ns < 1_000_000_000:
            self.note(SENSOR, now - time_ns)

    def wall(self) -> dict[str, Spread]:
        """Of each stage, by the machine's clock."""
        return {stage: told for stage, values in self._wall.items() if (told := spread(values))}

    def cpu(self) -> dict[str, Spread]:
        """Of each stage, by this thread's processor time."""
        return {stage: told for stage, values in self._cpu.items() if (told := spread(values))}

    def account(self) -> Account:
        """What was spent so far, up to this call."""
        return Account(
            frames=self._frames,
            visits=self._visits,
            cpu_s=self._cpu_ns / 1e9,
            process_cpu_s=(time.process_time_ns() - self._began_cpu) / 1e9 if self._frames else 0.0,
        )
