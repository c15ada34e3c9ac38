"""Tag readers: the interface, and a fake that replays reads, for tests, demonstrations and simulations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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
