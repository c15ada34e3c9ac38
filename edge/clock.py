"""Time as the lanes see it: the machine's own, or one that skips the waiting of simulated people."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Clock(Protocol):
    """A monotonic clock whose zero is its own beginning."""

    def now_ns(self) -> int:
        """Nanoseconds since the clock began."""
        ...

    def wait(self, seconds: float) -> None:
        """Let that many seconds (≥ 0) pass."""
        ...


class MachineClock:
    """The machine's monotonic clock; waiting really waits."""

    def __init__(self) -> None:
        self._begun_ns = time.monotonic_ns()

    def now_ns(self) -> int:
        """See Clock."""
        return time.monotonic_ns() - self._begun_ns

    def wait(self, seconds: float) -> None:
        """See Clock."""
        time.sleep(seconds)


class SkippingClock:
    """The machine's clock with waits skipped: computing takes the time it takes, people's walking takes none.

    So a simulated morning mixes measured machine time and stated human time on one axis, and runs in seconds.
    """

    def __init__(self) -> None:
        self._begun_ns = time.perf_counter_ns()
        self._skipped_ns = 0

    def now_ns(self) -> int:
        """See Clock."""
        return time.perf_counter_ns() - self._begun_ns + self._skipped_ns

    def wait(self, seconds: float) -> None:
        """See Clock."""
        self._skipped_ns += _nanoseconds(seconds)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What runs inside takes no time on this clock: preparing what a camera would have delivered by itself."""
        begun_ns = self.now_ns()
        try:
            yield
        finally:
            self._skipped_ns -= self.now_ns() - begun_ns


class FakeClock:
    """Stands still until told; for tests of one's own lanes."""

    def __init__(self) -> None:
        self._now_ns = 0

    def now_ns(self) -> int:
        """See Clock."""
        return self._now_ns

    def wait(self, seconds: float) -> None:
        """See Clock."""
        self._now_ns += _nanoseconds(seconds)


def _nanoseconds(seconds: float) -> int:
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"seconds: expected 0 or more, found {seconds}")
    return round(seconds * 1e9)
