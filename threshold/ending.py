"""How a device is told to stop, and that it does: the door first and at once, then everything else, within a limit.

What is told of is on disk before the door opens, so whatever the limit cuts short loses nothing: an end by the limit is
an end by a pulled plug, which tests and proofs hold the journal and the store to, with the door closed before it.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from edge.device.loop import Device
    from edge.door import Door

LIMIT_S = 1.5
"""From the signal to the end of the process, at most, on a machine that gives a thread its turn: two seconds are
promised."""
INTERRUPTED = 130
"""The exit code of a command broken off, as shells have it."""
SIGNALS = (signal.SIGTERM, signal.SIGINT)

_own = False


@contextmanager
def own_process() -> Iterator[None]:
    """Within, the process is the command's own, and may be ended by it. Where another program, such as a test, runs a
    command inside itself, nobody calls this."""
    global _own  # noqa: PLW0603  a fact about the process
    _own = True
    try:
        yield
    finally:
        _own = False


def at_once(code: int) -> None:
    """End the process here, if it is the command's own: what it opened is closed. The interpreter's taking down of some
    hundred modules is left out; it took 2 to 3 s on a machine of two cores with four busy processes beside it."""
    if not _own:
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody listens any more
            stream.flush()
    os._exit(code)


class Ending:
    """SIGTERM and Ctrl-C: the door is closed, `stop` is set, and `limit_s` later the process ends, whatever it is at.

    Python runs a signal's handler in the main thread, and only once a call into the disk or a network is back. The byte
    that the interpreter writes at the very moment (signal.set_wakeup_fd) wakes a thread of our own, which doesn't wait
    for that. Before the loop runs, what is being set up is broken off by KeyboardInterrupt. A context manager; in a
    thread that isn't the main one, as in a test, it does nothing.
    """

    def __init__(self, say: Callable[[str], None], limit_s: float = LIMIT_S) -> None:
        self.stop = threading.Event()
        self.device: Device | None = None
        self.door: Door | None = None
        self.code = 0
        """Of an end by the limit: 1 where a document was asked for and isn't written."""
        self._say, self._limit_s = say, limit_s
        self._ended = threading.Event()
        self._put_back: Callable[[], None] = lambda: None

    def __enter__(self) -> Self:
        if threading.current_thread() is not threading.main_thread():
            return self
        woken, wakes = socket.socketpair()
        wakes.setblocking(False)
        handlers = {number: signal.signal(number, self._told) for number in SIGNALS}
        descriptor = signal.set_wakeup_fd(wakes.fileno(), warn_on_full_buffer=False)
        thread = threading.Thread(target=self._watch, args=(woken,), name="ending", daemon=True)
        thread.start()

        def put_back() -> None:
            signal.set_wakeup_fd(descriptor)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            self._ended.set()
            wakes.close()  # ends the waiting
            thread.join(self._limit_s)  # it may be at a door that hangs
            woken.close()

        self._put_back = put_back
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is KeyboardInterrupt and self.stop.is_set():
            at_once(INTERRUPTED)
        if not (_own and self.stop.is_set()):  # else the limit holds until the process is gone
            self._put_back()

    def _told(self, number: int, _: object) -> None:
        """The handler, in the main thread."""
        self.stop.set()
        if self.device is None or not self.device.looping:
            raise KeyboardInterrupt

    def _watch(self, woken: socket.socket) -> None:
        while numbers := woken.recv(64):
            if any(number in SIGNALS for number in numbers):
                self._end()
                return

    def _end(self) -> None:
        self.stop.set()
        if self.door is not None:
            from edge.door import DoorError

            try:
                self.door.close()
            except DoorError as error:
                self._say(str(error))
        if not self._ended.wait(self._limit_s):
            self._say(
                f"Ended {self._limit_s:g} s after it was told to, not yet done tidying up. The door was closed first."
            )
            at_once(self.code)
