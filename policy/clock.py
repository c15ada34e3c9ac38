"""The gate's own time: the later of the clock and the last stamp in the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from policy.errors import PolicyError

BEHIND = timedelta(seconds=60)
"""How far the clock may lie behind the ledger: what a time server corrects by itself."""


class ClockBehind(PolicyError, RuntimeError):
    """Error raised while the clock is more than BEHIND behind what was stamped already; says both times."""


class Clock:
    """Aware UTC times that never go back, across restarts.

    `last` gives the last stamp of the ledger. A clock that is a little behind is answered with that stamp; one further
    behind is refused until it is set. A clock that once ran ahead keeps everything refused until that time has come:
    of the two mistakes it is the one that opens nothing.
    """

    def __init__(
        self,
        last: Callable[[], datetime | None] = lambda: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._last, self._read = last, now
        self._seen: datetime | None = None

    def now(self) -> datetime:
        """The time, in UTC. Raises ClockBehind."""
        found = self._read()
        stamps = [stamp for stamp in (self._last(), self._seen) if stamp is not None]
        latest = max(stamps, default=found)
        if found < latest - BEHIND:
            raise ClockBehind(
                f"the clock says {found.isoformat(timespec='seconds')}, but {latest.isoformat(timespec='seconds')} was "
                f"stamped already: expected it at most {BEHIND.seconds} s behind. Nothing is allowed until it is set. "
                "If the clock is right and had run ahead before: nothing is allowed until that time has come; begin "
                "anew in another folder, where people are enrolled again."
            )
        self._seen = max(found, latest)
        return self._seen
