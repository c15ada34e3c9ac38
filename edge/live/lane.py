"""What a door's loop and its lane say to each other."""

from __future__ import annotations

from typing import Protocol

from edge.core.loop import Decided, Recogniser, Request
from edge.lane import Decision
from edge.reader import TagRead
from edge.transaction import Lane as LaneName


class LiveLane(Protocol):
    """One way in at a real door. One thread; times by the machine's monotonic clock (time.monotonic_ns), which is that
    of `edge.core.frame.Frame.arrived_ns`.

    The loop's part: `tick` before each frame; `present` for each tag read, and `Core.renew` whenever `windows` has
    grown by it, so that nothing seen before the tag counts; `decided` for each decision of the core. A Decision is to
    be carried out and noted as one transaction; None is nothing to note. Its people are the store's pseudonyms: whoever
    writes them down takes `Store.pseudonym` for the purpose.
    """

    @property
    def name(self) -> LaneName:
        """Its name in the list of lanes."""
        ...

    @property
    def windows(self) -> int:
        """How many windows tags have opened so far."""
        ...

    def present(self, read: TagRead, now_ns: int) -> Decision | None:
        """A tag was read at `now_ns`, which may be a little before the last `tick`'s. None: not decided yet, as a
        window is open for its owner."""
        ...

    def ask(self, request: Request) -> Recogniser | None:
        """Given to `edge.core.loop.Core`: may a template of this track be computed now? None: no, and nothing is."""
        ...

    def decided(self, decided: Decided, now_ns: int) -> Decision | None:
        """The core decided on a track. None where that decides nothing here."""
        ...

    def tick(self, now_ns: int) -> list[Decision]:
        """Decisions on windows that ran out."""
        ...
