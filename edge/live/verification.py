"""The lane `face-tag` of a real door: token first, then one face, compared with one reference.

    tag read ─► whose? may the gate allow it? ─► window ─► one face ─► permit for that picture ─► template ─► 1:1

Outside a window, with several faces or with none, no face is cut out and no template computed. docs/door.md has the
table of outcomes.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.core.loop import Decided, Request
from edge.errors import EdgeError
from edge.face import Crop, Template
from edge.gallery import Candidate
from edge.lane import Decision
from edge.live.network import Network, refusal, refusing
from edge.live.window import Window
from edge.reader import TagRead
from edge.transaction import Lane as LaneName
from policy.gate import Refused
from policy.permit import Permit, Purpose
from policy.store import Store

WINDOW_S = 5.0
"""Seconds a window lasts at most: one to look up from the reader, three in which the core decides on a track from its
first usable shot (Settings.decide_s), and one in hand. The first decision closes it, so a queue doesn't wait for it."""


SEARCHED_S = 0.3
"""One face in the zone is one face in a picture in which small ones were searched, too, and no longer ago than this."""


class WindowError(EdgeError, ValueError):
    """Error raised for a length of windows that can't be: says what was expected and found."""


@dataclass(slots=True, eq=False)
class _Attempt:
    """One track's tries in one window: the recogniser the core gets for it. Bound to the window's owner for good."""

    lane: TokenFirst
    window: Window
    permit: Permit | None = field(default=None, repr=False)
    refused: bool = False

    def embed(self, crops: list[Crop]) -> NDArray[np.float32]:
        """See edge.core.loop.Recogniser: the gate is asked for a permit over these very pictures first."""
        try:
            self._in_window()
            with refusing():
                permit = self.lane.permit(self.window, [crop.digest for crop in crops])
                templates = self.lane.network.embed(permit, crops)
        except Refused:
            self.refused = True
            raise
        self.permit = permit
        return templates

    def best(self, probe: Template) -> Candidate:
        """See edge.core.loop.Recogniser: the owner, and the cosine with the owner's reference alone."""
        try:
            self._in_window()
            if self.permit is None:
                raise refusal("permit-genuine", "Nothing was computed that could be compared.")
            with refusing():
                score = self.lane.store.score(self.permit, probe, self.lane.network.digest)
        except Refused:
            self.refused = True
            raise
        self.window.compared += 1
        return Candidate(self.window.owner, score)

    def _in_window(self) -> None:
        if self.window.closed:
            raise refusal("window-open", "The window that the tag opened is over.")


class TokenFirst:
    """Opens when the face alone in the zone is that of the owner of the tag just read. See LiveLane.

    `window_s` (1 to 15 s) is how long a tag opens it at most.
    """

    name: LaneName = "face-tag"

    def __init__(self, store: Store, network: Network, window_s: float = WINDOW_S, purpose: Purpose = "door") -> None:
        if not 1.0 <= window_s <= 15.0:
            raise WindowError(f"window_s: expected 1 to 15 seconds, found {window_s}.")
        self.store, self.network, self.purpose = store, network, purpose
        self._length_ns = round(window_s * 1e9)
        self._window: Window | None = None
        self._attempts: dict[int, _Attempt] = {}
        self._ended: list[Decision] = []
        self.windows = 0

    def present(self, read: TagRead, now_ns: int) -> Decision | None:
        """See LiveLane. The window's own tag read again changes nothing; another one is told to wait (`busy`)."""
        # A reader's thread may have read it a little before the time that the lane was told last.
        self._expire(now_ns if self._window is None else max(now_ns, self._window.latest_ns))
        owner = None
        try:
            with refusing():
                owner = self.store.owner(read.uid)
                window = self._window
                if window is not None and hmac.compare_digest(window.token, read.uid):
                    return None
                if owner is None:
                    return Decision(opened=False, reason="tag-unknown")
                if window is not None:
                    return Decision(opened=False, reason="busy", claimed=owner)
                if "face" not in self.store.file(owner).references:
                    return Decision(opened=False, reason="no-reference", claimed=owner)
                opening = Window(owner, read.uid, now_ns, now_ns + self._length_ns)
                self.permit(opening, [])
        except Refused:
            return Decision(opened=False, reason="no-permit", claimed=owner)
        self._window = opening
        self.windows += 1
        return None

    def permit(self, window: Window, pictures: list[bytes]) -> Permit:
        """The gate's leave to compare these pictures (by digest) with the reference of the window's owner.

        Raises policy.gate.Refused, and what the store raises for somebody who is gone.
        """
        return self.store.permit(
            "match", window.owner, "face", pictures, mode="1:1", token=window.token, purpose=self.purpose
        )

    def ask(self, request: Request) -> _Attempt | None:
        """See LiveLane."""
        window = self._window
        if window is None or not window.holds(request):
            return None
        if request.time_ns - request.searched_ns > 1e9 * SEARCHED_S:
            return None
        if request.faces != 1:
            window.several = True
            return None
        if request.track not in self._attempts:
            self._attempts[request.track] = _Attempt(self, window)
        return self._attempts[request.track]

    def decided(self, decided: Decided, now_ns: int) -> Decision | None:
        """See LiveLane. A decision on a track of which nothing was computed in this window decides nothing in it."""
        window, attempt = self._window, self._attempts.get(decided.track)
        if window is None or attempt is None:
            return None
        suspected = decided.reason == "spoof-suspected" and attempt.permit is not None
        if suspected or (decided.reason == "no-permit" and attempt.refused):
            return self._close(window, decided.reason)
        if attempt.permit is None or decided.subject != window.owner:
            return None
        if decided.reason == "matched":
            try:
                with refusing():  # taken back since the template was compared, it opens nothing
                    self.store.gate.require(attempt.permit, "match", mode="1:1", purpose=self.purpose)
            except Refused:
                return self._close(window, "no-permit")
            return self._close(window, "matched")
        return self._close(window, "below-threshold") if decided.reason == "below-threshold" else None

    def tick(self, now_ns: int) -> list[Decision]:
        """See LiveLane."""
        self._expire(now_ns)
        ended, self._ended = self._ended, []
        return ended

    def _expire(self, now_ns: int) -> None:
        window = self._window
        reason = None if window is None else window.over(now_ns)
        if window is not None and reason is not None:
            self._ended.append(self._close(window, reason))

    def _close(self, window: Window, reason: str) -> Decision:
        window.closed, self._window = True, None
        self._attempts = {}
        opened = reason == "matched"
        return Decision(opened=opened, reason=reason, subject=window.owner if opened else None, claimed=window.owner)
