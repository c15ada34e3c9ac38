"""`threshold run` with drawn people: lanes over people who don't exist, so that a device can be tried on any machine.

Nothing of it touches a store of people. A template is computed of a frame only after the gate has drawn that very frame
again; tags are credentials of simulated subjects.
"""

from __future__ import annotations

import hashlib
import secrets
import tempfile
from collections import deque
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.clip import Recorded, draw
from benchmarks.core import ENROLMENT, gallery_of
from benchmarks.synthetic import SyntheticPeople
from edge.core.loop import Decided, Request
from edge.core.source import Drawn, Paced
from edge.core.sources import synthetic
from edge.credentials import Credentials
from edge.gallery import Candidate
from edge.lane import Decision
from edge.live.window import Window
from edge.picture import of_pixels
from edge.reader import Replayed, TagRead
from edge.transaction import Lane as LaneName
from edge.vision import open_embedder
from policy.gate import Gate, Refused
from policy.permit import Permit
from policy.synthetic import Claim

if TYPE_CHECKING:
    from edge.core.frame import Frame
    from edge.core.source import Source
    from edge.detect import Detector
    from edge.face import Crop, Template
    from edge.live.lane import LiveLane
    from models.registry import Installed

WIDTH, HEIGHT, RATE, VISITS = 640, 360, 15.0, 6
REMEMBERED = 60
"""Frames that a crop may still come from: four seconds; the core holds a shot for less than one."""


def tag(person: int) -> bytes:
    """The identifier of a drawn person's tag."""
    return hashlib.sha256(f"drawn person {person}".encode()).digest()[:7]


class Crowd:
    """The drawn people of a seed, every second of them enrolled with face and tag, and the frames they are seen in."""

    def __init__(self, seed: int) -> None:
        self.entrance = synthetic(seed, width=WIDTH, height=HEIGHT, rate=RATE, visits=VISITS)
        self.people = [walk.person for walk in sorted(self.entrance.walks, key=lambda walk: walk.start_s)]
        self.enrolled = self.people[::2]
        self._frames: deque[Frame] = deque(maxlen=REMEMBERED)

    def open_source(self) -> Source:
        """The drawn entrance, each frame when it is due."""
        return _Remembering(Paced(Drawn(self.entrance)), self._frames)

    def reads(self) -> list[Replayed]:
        """Who holds which tag to the reader, and when: the enrolled their own, the first of the others an unknown one,
        the second one that belongs to somebody else."""
        reads = []
        others = 0
        for walk in sorted(self.entrance.walks, key=lambda walk: walk.start_s):
            uid = tag(walk.person)
            if walk.person not in self.enrolled:
                others += 1
                if others > 2:
                    continue
                uid = uid if others == 1 else tag(self.enrolled[0])
            reads.append(Replayed(round(walk.start_s + walk.approach_s, 2), TagRead(uid)))
        return reads

    def cover(self, gate: Gate, crops: Sequence[Crop]) -> Permit:
        """The gate's permit for the frames of these crops, each drawn again. Raises policy.gate.Refused."""
        wanted = {crop.digest for crop in crops}
        view = Recorded(self.entrance)
        claims = [
            Claim(frame.number, view, packed_planes(frame))
            for frame in list(self._frames)[::-1]
            if frame.main.digest() in wanted
        ]
        return gate.synthetic(claims, "demonstration")


class _Remembering:
    """A source whose latest frames are kept a while, for the gate to compare."""

    def __init__(self, source: Source, frames: deque[Frame]) -> None:
        self._source, self._frames = source, frames

    def read(self) -> Frame | None:
        """See Source."""
        frame = self._source.read()
        if frame is not None:
            self._frames.append(frame)
        return frame

    def close(self) -> None:
        """See Source."""
        self._source.close()


def packed_planes(frame: Frame) -> NDArray[np.uint8]:
    """A frame's planes in one array, h·3/2 × w × 1."""
    flat = np.concatenate([plane.reshape(-1) for plane in frame.main.planes])
    return flat.reshape(frame.main.height * 3 // 2, frame.main.width, 1)


class DrawnKeeper:
    """The people of a demonstration, with its lanes; made anew each run. See edge.device.keeper.Keeper."""

    attendants = None

    def __init__(
        self, crowd: Crowd, kinds: Sequence[str], detector: Detector, embedder: Installed, window_s: float
    ) -> None:
        self.gate = Gate(sets=[], render=draw)
        # First, as the gate may refuse: then there is no folder yet that somebody would have to remove.
        faces = _Faces(crowd, self.gate, detector, embedder) if {"face-tag", "face-1n"} & set(kinds) else None
        self._folder = tempfile.TemporaryDirectory(prefix="threshold-demonstration-")
        self._key = secrets.token_bytes(32)
        simulated = self.gate.simulated("demonstration")
        self.credentials = Credentials(Path(self._folder.name) / "tags.db", self.gate)
        self.credentials.add({tag(person): str(person) for person in crowd.enrolled}, simulated)
        lanes: list[LiveLane] = []
        for kind in kinds:
            if kind == "tag-uid" or faces is None:
                lanes.append(DrawnTag(self.credentials))
            elif kind == "face-tag":
                lanes.append(DrawnVerification(self.credentials, faces, window_s))
            else:
                lanes.append(DrawnSearch(faces))
        self.lanes = tuple(lanes)

    def pseudonym(self, subject: str) -> str:
        """See Keeper."""
        return hashlib.blake2b(subject.encode(), key=self._key, digest_size=16).hexdigest()

    def today(self) -> date:
        """See Keeper."""
        return datetime.now(UTC).date()

    def wanted(self) -> bool:
        """See Keeper: nobody else knows of these people."""
        return False

    def close(self) -> None:
        """See Keeper."""
        self.credentials.close()
        self._folder.cleanup()


class _Faces:
    """The enrolled's references, and the embedder, under the gate's permits for drawn pictures."""

    def __init__(self, crowd: Crowd, gate: Gate, detector: Detector, embedder: Installed) -> None:
        self.crowd, self.gate = crowd, gate
        people = SyntheticPeople(seed=0)
        views = {
            who: [people.view(f"{who}/enrolment-{number}") for number in range(ENROLMENT)] for who in crowd.enrolled
        }
        pictures = {who: [of_pixels(draw(*view), str(who)) for view in seen] for who, seen in views.items()}
        claims = [
            Claim(*view, picture.pixels)
            for who, seen in views.items()
            for view, picture in zip(seen, pictures[who], strict=True)
        ]
        permit = gate.synthetic(claims, "demonstration")
        self.embedder = open_embedder(embedder, gate, permit)
        self.gallery = gallery_of(pictures, detector, self.embedder, gate, permit)
        self.single = {
            str(who): gallery_of({who: pictures[who]}, detector, self.embedder, gate, permit) for who in pictures
        }

    def embed(self, crops: list[Crop]) -> NDArray[np.float32]:
        """Templates of crops whose frames the gate draws again now. Raises policy.gate.Refused."""
        return self.embedder.under(self.crowd.cover(self.gate, crops)).embed(crops)


class _Looking:
    """The recogniser for one track: compared with one person's reference, or searched among all."""

    def __init__(self, faces: _Faces, owner: str | None = None) -> None:
        self._faces = faces
        self._gallery = faces.gallery if owner is None else faces.single[owner]
        self.refused = False

    def embed(self, crops: list[Crop]) -> NDArray[np.float32]:
        """See edge.core.loop.Recogniser."""
        try:
            return self._faces.embed(crops)
        except Refused:
            self.refused = True
            raise

    def best(self, probe: Template) -> Candidate:
        """See edge.core.loop.Recogniser."""
        return self._gallery.best(probe)


class DrawnTag:
    """`tag-uid` over simulated credentials. See edge.live.lane.LiveLane."""

    name: LaneName = "tag-uid"
    windows = 0

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def present(self, read: TagRead, now_ns: int) -> Decision | None:
        """See LiveLane."""
        owner = self._credentials.owner(read.uid)
        if owner is None:
            return Decision(opened=False, reason="tag-unknown")
        return Decision(opened=True, reason="tag-known", subject=owner[0], claimed=owner[0])

    def ask(self, request: Request) -> None:
        """See LiveLane: never."""

    def decided(self, decided: Decided, now_ns: int) -> None:
        """See LiveLane: nothing."""

    def tick(self, now_ns: int) -> list[Decision]:
        """See LiveLane: nothing is ever open."""
        return []


class DrawnVerification:
    """`face-tag` over drawn people: a tag opens a short window for its owner's face alone in view."""

    name: LaneName = "face-tag"

    def __init__(self, credentials: Credentials, faces: _Faces, window_s: float) -> None:
        self._credentials, self._faces, self._length_ns = credentials, faces, round(window_s * 1e9)
        self._window: Window | None = None
        self._looking: _Looking | None = None
        self.windows = 0

    def present(self, read: TagRead, now_ns: int) -> Decision | None:
        """See LiveLane."""
        owner = self._credentials.owner(read.uid)
        if owner is None:
            return Decision(opened=False, reason="tag-unknown")
        if self._window is not None:
            same = self._window.owner == owner[0]
            return None if same else Decision(opened=False, reason="busy", claimed=owner[0])
        self._window = Window(owner[0], read.uid, now_ns, now_ns + self._length_ns)
        self._looking = _Looking(self._faces, owner[0])
        self.windows += 1
        return None

    def ask(self, request: Request) -> _Looking | None:
        """See LiveLane."""
        if self._window is None or not self._window.holds(request):
            return None
        if request.faces != 1:
            self._window.several = True
            return None
        return self._looking

    def decided(self, decided: Decided, now_ns: int) -> Decision | None:
        """See LiveLane."""
        window = self._window
        if window is None or decided.subject != window.owner or decided.reason not in ("matched", "below-threshold"):
            refused = window is not None and self._looking is not None and self._looking.refused
            return self._closed(window, "no-permit") if window is not None and refused else None
        return self._closed(window, decided.reason)

    def tick(self, now_ns: int) -> list[Decision]:
        """See LiveLane."""
        window = self._window
        reason = None if window is None else window.over(now_ns)
        return [] if window is None or reason is None else [self._closed(window, reason)]

    def _closed(self, window: Window, reason: str) -> Decision:
        window.closed, self._window, self._looking = True, None, None
        opened = reason == "matched"
        return Decision(opened=opened, reason=reason, subject=window.owner if opened else None, claimed=window.owner)


class DrawnSearch:
    """`face-1n` over drawn people: everyone in view is drawn, so nobody is searched who didn't agree."""

    name: LaneName = "face-1n"
    windows = 0

    def __init__(self, faces: _Faces) -> None:
        self._looking = _Looking(faces)

    def present(self, read: TagRead, now_ns: int) -> None:
        """See LiveLane: a tag opens nothing here."""

    def ask(self, request: Request) -> _Looking:
        """See LiveLane."""
        return self._looking

    def decided(self, decided: Decided, now_ns: int) -> Decision | None:
        """See LiveLane."""
        if decided.reason == "poor-shots":
            return None
        matched = decided.reason == "matched"
        return Decision(opened=matched, reason=decided.reason, subject=decided.subject if matched else None)

    def tick(self, now_ns: int) -> list[Decision]:
        """See LiveLane: nothing is ever open."""
        return []
