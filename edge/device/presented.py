"""A tag reader in a thread of its own: reads wait in a short queue, and a reader that is gone is tried again."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from edge.reader import ReaderError, TagRead, TagReader

State = Literal["opening", "ready", "silent", "gone", "closed"]
"""`silent`: it doesn't come back from a read. `gone`: it said so; it is opened again after a pause."""

WAITING = 8
"""Reads kept at most; the oldest goes first and is counted."""
READ_S = 0.25
SILENT_S = 3.0
"""A read that takes longer than this, where READ_S was asked for, is stuck in the reader's library."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
GIVE_UP_S = 1.0


@dataclass(frozen=True, slots=True)
class Presented:
    """A tag that was read, and when, by time.monotonic_ns."""

    read: TagRead
    at_ns: int


class Watched:
    """Reads tags in a thread. A context manager; nothing runs before or after it. `ring` is called for each read."""

    def __init__(self, open_reader: Callable[[], TagReader], ring: Callable[[], None] = lambda: None) -> None:
        self._open, self._ring = open_reader, ring
        self._waiting: deque[Presented] = deque()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._state: State = "closed"
        self._why = ""
        self._heard_ns = 0
        self._broken: BaseException | None = None
        self.dropped = self.reads = self.failures = 0

    def __enter__(self) -> Watched:
        self._stop.clear()
        self._state, self._heard_ns = "opening", time.monotonic_ns()
        self._thread = threading.Thread(target=self._run, name="tag-reader", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def state(self) -> State:
        """How the reader is now."""
        if self._state in ("ready", "opening") and time.monotonic_ns() - self._heard_ns > SILENT_S * 1e9:
            return "silent"
        return self._state

    @property
    def why(self) -> str:
        """What the reader's last failure said; empty when it works."""
        return f"no answer for {SILENT_S:g} s" if self.state == "silent" else self._why

    def take(self) -> Presented | None:
        """The oldest read that waits; None: none. Raises what the thread died of, when that was no ReaderError."""
        if self._broken is not None:
            raise self._broken
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def close(self) -> bool:
        """Stop reading; whether the thread came back within GIVE_UP_S. May be called twice."""
        self._stop.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(GIVE_UP_S)
        self._state = "closed"
        return thread is None or not thread.is_alive()

    def _run(self) -> None:
        pause_s = FIRST_PAUSE_S
        try:
            while not self._stop.is_set():
                try:
                    reader = self._open()
                    try:
                        self._state, self._why, pause_s = "ready", "", FIRST_PAUSE_S
                        self._read_all(reader)
                    finally:
                        reader.close()
                except ReaderError as error:
                    self._state, self._why = "gone", str(error)
                    self.failures += 1
                    self._ring()
                    self._stop.wait(pause_s)
                    pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        except BaseException as error:  # noqa: BLE001  raised again in `take`: a thread's death is nobody's secret
            self._broken = error
            self._ring()

    def _read_all(self, reader: TagReader) -> None:
        while not self._stop.is_set():
            self._heard_ns = time.monotonic_ns()
            read = reader.read(READ_S)
            if read is None:
                continue
            with self._lock:
                self.reads += 1
                if len(self._waiting) == WAITING:
                    self._waiting.popleft()
                    self.dropped += 1
                self._waiting.append(Presented(read, time.monotonic_ns()))
            self._ring()
