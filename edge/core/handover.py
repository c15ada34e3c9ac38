"""From the thread that fetches frames to the one that looks at them: the latest frame wins, the others are counted."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """A place for one item. What is put replaces what was not taken, and that is counted in `dropped`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._item: T | None = None
        self._closed = False
        self._put = self._dropped = 0

    @property
    def put_count(self) -> int:
        """Items put so far."""
        return self._put

    @property
    def dropped(self) -> int:
        """Items replaced before anyone took them."""
        return self._dropped

    @property
    def closed(self) -> bool:
        """Whether no more will come."""
        return self._closed

    def put(self, item: T) -> None:
        """Leave an item; after `close` it is thrown away without a count."""
        with self._changed:
            if self._closed:
                return
            self._put += 1
            self._dropped += self._item is not None
            self._item = item
            self._changed.notify()

    def take(self, timeout_s: float) -> T | None:
        """The item, waited for at most `timeout_s`; None: none came, or none will (`closed`)."""
        with self._changed:
            self._changed.wait_for(lambda: self._item is not None or self._closed, timeout_s)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """No more will be put; what is there can still be taken. Wakes whoever waits."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
