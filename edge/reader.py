"""Tag readers: the interface, and a fake that replays reads, for tests, demonstrations and simulations."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from edge.errors import EdgeError


class ReaderError(EdgeError, OSError):
    """Error raised when a reader itself fails (gone, closed, misread); a tag that isn't read is no error."""


@dataclass(frozen=True, slots=True)
class TagRead:
    """One tag's identifier as the reader gave it: 4, 7 or 10 bytes (ISO/IEC 14443-3), most significant first."""

    uid: bytes


class TagReader(Protocol):
    """What reads tags. A context manager; `close` may be called twice."""

    def read(self, timeout_s: float) -> TagRead | None:
        """The next tag, or None when none was read in `timeout_s` seconds. Raises ReaderError when the reader fails."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...


class ReplayingReader:
    """Replays a list of reads, in order; None in it stands for a presentation that wasn't read."""

    def __init__(self, reads: Iterable[TagRead | None] = ()) -> None:
        self._reads = iter(reads)
        self._next: list[TagRead | None] = []
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def present(self, read: TagRead | None) -> None:
        """Put one more presentation before what is left of the recording, behind others put there."""
        self._next.append(read)

    def read(self, timeout_s: float) -> TagRead | None:
        """See TagReader. Raises ReaderError when closed or when the recording has run out."""
        if self._closed:
            raise ReaderError("the replaying reader is closed; open a new one.")
        if self._next:
            return self._next.pop(0)
        try:
            return next(self._reads)
        except StopIteration:
            raise ReaderError("the recording has no more reads; give it as many as there are presentations.") from None

    def close(self) -> None:
        """See TagReader."""
        self._closed = True


@dataclass(frozen=True, slots=True)
class Replayed:
    """A tag held to the reader `at_s` seconds after the recording begins."""

    at_s: float
    read: TagRead


def recording(path: Path) -> list[Replayed]:
    """A recording in JSON lines, `{"at_s": 1.5, "uid": "04a1b2c3"}`, in order of time. Raises ReaderError."""
    found: list[Replayed] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ReaderError(f"{path}: expected a recording of tag reads, found: {error}.") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            at_s, uid = float(entry["at_s"]), bytes.fromhex(entry["uid"])
        except (ValueError, KeyError, TypeError) as error:
            raise ReaderError(  # without the line: a tag's identifier belongs in no log
                f'{path}:{number}: expected {{"at_s": seconds, "uid": "hexadecimal"}}, found another line '
                f"({type(error).__name__})."
            ) from error
        if not 4 <= len(uid) <= 10 or not (found[-1].at_s if found else 0.0) <= at_s < float("inf"):
            raise ReaderError(
                f"{path}:{number}: expected 4 to 10 bytes, not before the read ahead of it, found {len(uid)} bytes at "
                f"{at_s:g} s."
            )
        found.append(Replayed(at_s, TagRead(uid)))
    return found


class TimedReader:
    """Replays a recording in its own time, from the first `read` on; after its end nobody comes any more."""

    def __init__(self, reads: Iterable[Replayed]) -> None:
        self._reads = deque(reads)
        self._begun_s: float | None = None
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, timeout_s: float) -> TagRead | None:
        """See TagReader. Raises ReaderError when closed."""
        if self._closed.is_set():
            raise ReaderError("the replaying reader is closed; open a new one.")
        now_s = time.monotonic()
        if self._begun_s is None:
            self._begun_s = now_s
        due_s = self._begun_s + self._reads[0].at_s - now_s if self._reads else float("inf")
        self._closed.wait(max(0.0, min(due_s, timeout_s)))
        return self._reads.popleft().read if self._reads and due_s <= timeout_s else None

    def close(self) -> None:
        """See TagReader. Wakes whoever reads."""
        self._closed.set()
