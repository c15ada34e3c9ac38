"""A camera in a thread of its own: the latest frame, a watchdog on its age, and opening again when it is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from edge.core.frame import Frame
from edge.core.handover import Latest
from edge.core.source import Source, SourceError
from edge.errors import EdgeError

State = Literal["opening", "running", "frozen", "lost", "ended", "closed"]
"""`opening`: no frame yet. `frozen`: frames stopped without an error. `lost`: the source said so; it is opened again
after a pause. `ended`: the file is at its end. `closed`: by us."""


class ReaderStuck(EdgeError, RuntimeError):
    """Error raised when a thread that reads a camera doesn't come back although its time is up."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a camera, seconds.

    `stale_s` after the last frame it counts as frozen; `open_s` is what opening may take before that. After a failure
    the next try comes after `first_pause_s`, then twice that, at most `longest_pause_s`. `late_s`: a frame taken later
    than that after it arrived is counted as late (33 ms: one frame at 30 a second). `give_up_s` is how long `close`
    waits for a thread.
    """

    stale_s: float = 1.5
    open_s: float = 6.0
    first_pause_s: float = 0.5
    longest_pause_s: float = 30.0
    late_s: float = 1 / 30
    give_up_s: float = 12.0

    def __post_init__(self) -> None:
        for name in ("stale_s", "open_s", "first_pause_s", "longest_pause_s", "late_s", "give_up_s"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name}: expected more than 0 s, found {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the frames, and how often the camera was opened and lost."""

    arrived: int
    taken: int
    dropped: int
    late: int
    opened: int
    failures: int
    frozen: int


class Capture:
    """Reads a source in a thread and hands over its latest frame. A context manager; nothing runs before or after it.

    A frame not taken before the next one arrives is dropped and counted. The watchdog runs in the caller's `take`, on
    the frames' age by the machine's clock: a reader stuck inside a library can't watch itself. A stuck reader is left
    to its own timeout and another is started once it is back, so there are never more than two.
    """

    def __init__(self, open_source: Callable[[], Source], patience: Patience | None = None) -> None:
        self._open = open_source
        self._patience = patience or Patience()
        self._latest: Latest[Frame] = Latest()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._readers: list[_Reader] = []
        self._state: State = "closed"
        self._why = ""
        self._broken: BaseException | None = None
        self._heard_ns = 0
        self._taken = self._late = self._opened = self._failures = self._frozen = 0
        self._pause_s = self._patience.first_pause_s

    def __enter__(self) -> Capture:
        self._stop.clear()
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Capture {self.state}{': ' + self._why if self._why else ''}>"

    @property
    def state(self) -> State:
        """How the camera is, as of the last `take`."""
        return self._state

    @property
    def why(self) -> str:
        """What the camera's last failure said; empty when there was none since the last frame."""
        return self._why

    @property
    def counts(self) -> Counts:
        """See Counts."""
        latest = self._latest
        return Counts(
            latest.put_count, self._taken, latest.dropped, self._late, self._opened, self._failures, self._frozen
        )

    def take(self, timeout_s: float) -> Frame | None:
        """The latest frame, waited for at most `timeout_s`; None: none came in that time, and `state` says why.

        Raises what the reader's thread died of, when that was no SourceError: a fault in the program.
        """
        until = time.monotonic() + timeout_s
        while True:
            left = until - time.monotonic()
            # Woken often enough to notice a frozen camera soon after it is due.
            frame = self._latest.take(max(0.0, min(left, self._patience.stale_s / 4)))
            if self._broken is not None:
                raise self._broken
            if frame is not None:
                self._taken += 1
                self._late += time.monotonic_ns() - frame.arrived_ns > self._patience.late_s * 1e9
                return frame
            self._watch()
            if left <= 0 or self._state in ("ended", "closed"):
                return None

    def __iter__(self) -> Iterator[Frame]:
        """Frames until the end; while the camera is frozen or lost it waits. For files and tests: a device loop calls
        `take`, as it has more to look after."""
        while self._state not in ("ended", "closed") or self._latest.put_count > self._taken + self._latest.dropped:
            if (frame := self.take(0.25)) is not None:
                yield frame

    def stop(self) -> None:
        """Stop reading; nobody waits."""
        self._stop.set()
        self._latest.close()

    def close(self) -> None:
        """Stop reading and wait for the threads. Raises ReaderStuck when one doesn't end within `give_up_s`."""
        self.stop()
        until = time.monotonic() + self._patience.give_up_s
        for reader in self._readers:
            reader.thread.join(max(0.0, until - time.monotonic()))
        stuck = [reader.thread.name for reader in self._readers if reader.thread.is_alive()]
        self._readers = []
        self._state = "closed"
        if stuck:
            raise ReaderStuck(
                f"{', '.join(stuck)}: expected to end within {self._patience.give_up_s:g} s, still inside the camera's "
                "library. The process should be started again."
            )

    def _watch(self) -> None:
        """Notice a frozen camera, and start another reader once the stuck one is back."""
        with self._lock:
            limit_s = self._patience.open_s if self._state == "opening" else self._patience.stale_s
            silent = time.monotonic_ns() - self._heard_ns > limit_s * 1e9
            if self._state in ("opening", "running") and silent:
                self._state, self._why = "frozen", f"no frame for {limit_s:g} s"
                self._frozen += 1
                self._readers[-1].retired.set()
            self._readers = [reader for reader in self._readers if reader.thread.is_alive()] or self._readers[-1:]
            restart = self._state == "frozen" and not self._readers[-1].thread.is_alive()
        if restart:
            self._start()

    def _start(self) -> None:
        with self._lock:
            self._state, self._heard_ns = "opening", time.monotonic_ns()
            reader = _Reader(threading.Event(), threading.Thread())
            reader.thread = threading.Thread(
                target=self._run, args=(reader.retired,), name=f"camera-{self._opened}", daemon=True
            )
            self._readers.append(reader)
        reader.thread.start()

    def _run(self, retired: threading.Event) -> None:
        try:
            while not (self._stop.is_set() or retired.is_set()):
                try:
                    if self._read_all(retired):
                        return
                except SourceError as error:
                    if retired.is_set():  # already counted as frozen
                        return
                    with self._lock:
                        self._state, self._why = "lost", str(error)
                        self._failures += 1
                    self._stop.wait(self._pause_s)
                    self._pause_s = min(2 * self._pause_s, self._patience.longest_pause_s)
        except BaseException as error:  # noqa: BLE001  raised again in `take`: a thread's death is nobody's secret
            self._broken = error
            self._latest.close()

    def _read_all(self, retired: threading.Event) -> bool:
        """Read until the end (True), or until told to stop. Raises SourceError."""
        source = self._open()
        try:
            with self._lock:
                self._opened += 1
                if not retired.is_set():
                    self._state, self._heard_ns = "opening", time.monotonic_ns()
            while not (self._stop.is_set() or retired.is_set()):
                frame = source.read()
                if retired.is_set():  # an old frame that came after all
                    return True
                if frame is None:
                    with self._lock:
                        self._state = "ended"
                    self._latest.close()
                    return True
                with self._lock:
                    self._state, self._why, self._heard_ns = "running", "", time.monotonic_ns()
                self._pause_s = self._patience.first_pause_s
                self._latest.put(frame)
            return True
        finally:
            source.close()


@dataclass(slots=True)
class _Reader:
    """A reading thread, and the word that it is no longer wanted."""

    retired: threading.Event
    thread: threading.Thread
