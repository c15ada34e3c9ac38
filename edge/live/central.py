"""The lane `face-1n` of a real door: a face is searched among everyone's references, in a laboratory alone.

The gate makes no permit for a search unless the processing record shows that nobody but enrolled adults, or adults who
agreed to be compared without a reference (`probe-only`), can come into the picture. Whoever isn't found leaves a count,
unless a tag said that the next visit is that person's: then it is a transaction of the study, with nothing kept of the
face.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.core.loop import Decided, Request
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

VISIT_NS = 15_000_000_000
"""How long a tag announces its owner's visit: a walk through the zone (edge.walk: up to 10 s) and some."""
AGAIN_NS = 1_000_000_000
"""Refused, the gate is asked again after that long: asking costs the rules once for each person."""


@dataclass(slots=True, eq=False)
class _Search:
    """The recogniser for one track: every reference opens under a permit of its own."""

    lane: Central
    window: Window | None
    permits: list[Permit] = field(default_factory=list, repr=False)
    refused: bool = False

    def embed(self, crops: list[Crop]) -> NDArray[np.float32]:
        """See edge.core.loop.Recogniser. Raises policy.gate.Refused before anything is computed."""
        pictures = [crop.digest for crop in crops]
        try:
            with refusing():
                self.permits = self.lane.permits(pictures)
                cover = self.permits[0]
                if self.window is not None and self.window.owner not in {permit.subject for permit in self.permits}:
                    cover = self.lane.probe(self.window.owner, pictures)
                return self.lane.network.embed(cover, crops)
        except Refused:
            self.refused = True
            raise

    def best(self, probe: Template) -> Candidate:
        """See edge.core.loop.Recogniser."""
        try:
            with refusing():
                subject, score = self.lane.store.search(self.permits, probe, self.lane.network.digest)
        except Refused:
            self.refused = True
            raise
        if self.window is not None:
            self.window.compared += 1
        return Candidate(subject, score)


class Central:
    """Opens for whom the search finds. See LiveLane.

    A tag opens nothing: it announces whose visit the next one is, so that the study knows whom it measured.
    """

    name: LaneName = "face-1n"

    def __init__(self, store: Store, network: Network, purpose: Purpose = "door") -> None:
        self.store, self.network, self.purpose = store, network, purpose
        self._window: Window | None = None
        self._searches: dict[int, _Search] = {}
        self._ended: list[Decision] = []
        self._refused_ns: int | None = None
        self.windows = 0
        self.unmatched = 0
        """Visits of people who were not found and not announced: all that is kept of them."""

    def present(self, read: TagRead, now_ns: int) -> Decision | None:
        """See LiveLane."""
        # A reader's thread may have read it a little before the time that the lane was told last.
        self._expire(now_ns if self._window is None else max(now_ns, self._window.latest_ns))
        owner = None
        try:
            with refusing():
                owner = self.store.owner(read.uid)
                if owner is None:
                    return Decision(opened=False, reason="tag-unknown")
                if self._window is not None:
                    again = self._window.owner == owner
                    return None if again else Decision(opened=False, reason="busy", claimed=owner)
                self.permits([])
                if "face" not in self.store.file(owner).references:
                    self.probe(owner, [])
        except Refused:
            return Decision(opened=False, reason="no-permit", claimed=owner)
        self._window = Window(owner, read.uid, now_ns, now_ns + VISIT_NS)
        self._searches = {}
        self.windows += 1
        return None

    def permits(self, pictures: list[bytes]) -> list[Permit]:
        """The gate's leave, for each person with a reference that stands, to compare these pictures with it.

        Who withdrew or lapsed is left out. Raises policy.gate.Refused where that is everybody.
        """
        granted, refused = [], refusal("search-somebody", "Nobody is enrolled with a face.")
        for subject, file in self.store.subjects():
            if "face" not in file.references:
                continue
            try:
                granted.append(self.store.permit("match", subject, "face", pictures, mode="1:N", purpose=self.purpose))
            except Refused as error:
                refused = error
        if not granted:
            raise refused
        return granted

    def probe(self, subject: str, pictures: list[bytes]) -> Permit:
        """The gate's leave to compute templates of these pictures of somebody without a reference, in memory.

        Raises policy.gate.Refused.
        """
        return self.store.permit("probe-only", subject, "face", pictures, mode="1:N")

    def ask(self, request: Request) -> _Search | None:
        """See LiveLane. An announced visit is one person's: with several faces nothing is computed."""
        window = self._window
        if window is not None and (request.faces != 1 or not window.holds(request)):
            window.several = window.several or request.faces > 1
            return None
        if request.track not in self._searches and not self._allowed(request.arrived_ns):
            return None
        if request.track not in self._searches:
            self._searches[request.track] = _Search(self, window)
        return self._searches[request.track]

    def _allowed(self, now_ns: int) -> bool:
        """Does the gate allow a search at all? Asked before a face is cut out."""
        if self._refused_ns is not None and 0 <= now_ns - self._refused_ns < AGAIN_NS:
            return False
        try:
            with refusing():
                self.permits([])
        except Refused:
            self._refused_ns = now_ns
            return False
        self._refused_ns = None
        return True

    def decided(self, decided: Decided, now_ns: int) -> Decision | None:
        """See LiveLane."""
        search = self._searches.pop(decided.track, None)
        if search is None or search.window is not self._window:
            return None
        reason: str = decided.reason
        if reason == "poor-shots" or (reason == "no-permit" and not search.refused):
            return None  # nothing was computed; an announced visit goes on
        if reason == "matched" and not self._stands(search, decided.subject):
            reason = "no-permit"
        subject = decided.subject if reason == "matched" else None
        window = self._window
        if window is not None:
            return self._close(window, reason, subject)
        if subject is None:
            self.unmatched += 1
            return None
        return Decision(opened=True, reason=reason, subject=subject)

    def tick(self, now_ns: int) -> list[Decision]:
        """See LiveLane."""
        self._expire(now_ns)
        ended, self._ended = self._ended, []
        return ended

    def _stands(self, search: _Search, subject: str | None) -> bool:
        """Does the permit still hold under which that person was found?"""
        try:
            with refusing():
                for permit in search.permits:
                    if permit.subject == subject:
                        self.store.gate.require(permit, "match", mode="1:N", purpose=self.purpose)
                        return True
        except Refused:
            return False
        return False

    def _expire(self, now_ns: int) -> None:
        window = self._window
        reason = None if window is None else window.over(now_ns)
        if window is not None and reason is not None:
            self._ended.append(self._close(window, reason, None))

    def _close(self, window: Window, reason: str, subject: str | None) -> Decision:
        window.closed, self._window = True, None
        self._searches = {}
        return Decision(opened=subject is not None, reason=reason, subject=subject, claimed=window.owner)
