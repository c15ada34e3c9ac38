"""The lane `tag-uid` of a real door: the store's enrolled tags, found by a keyed hash, each read through the gate.

A copy of a tag opens it as well: it is the weak tag lane.
"""

from __future__ import annotations

from edge.core.loop import Decided, Request
from edge.lane import Decision
from edge.live.network import refusing
from edge.reader import TagRead
from edge.transaction import Lane as LaneName
from policy.gate import Refused
from policy.permit import Purpose
from policy.store import Store


class TagLane:
    """Opens for a tag that is somebody's, while the gate allows that person's tag to be matched. Looks at no face."""

    name: LaneName = "tag-uid"
    windows = 0

    def __init__(self, store: Store, purpose: Purpose = "door") -> None:
        self._store, self._purpose = store, purpose

    def present(self, read: TagRead, now_ns: int) -> Decision | None:
        """See LiveLane; decides at once."""
        owner = None
        try:
            with refusing():
                owner = self._store.owner(read.uid)
                if owner is None:
                    return Decision(opened=False, reason="tag-unknown")
                permit = self._store.permit("match", owner, "tag", purpose=self._purpose)
                self._store.gate.require(permit, "match", purpose=self._purpose)
        except Refused:
            return Decision(opened=False, reason="no-permit", claimed=owner)
        return Decision(opened=True, reason="tag-known", subject=owner, claimed=owner)

    def ask(self, request: Request) -> None:
        """See LiveLane: never."""

    def decided(self, decided: Decided, now_ns: int) -> None:
        """See LiveLane: nothing."""

    def tick(self, now_ns: int) -> list[Decision]:
        """See LiveLane: nothing is ever open."""
        return []
