"""A door for tests: real store, gate, core and bundled networks; drawn people before the camera; a counted embedder.

The stamps of the frames' source and the machine's clock are apart, as a camera's may be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from house import Hands, laboratory, volunteer

from benchmarks.synthetic import SyntheticPeople
from edge.acquire import Acquired, Acquirer
from edge.core.frame import Frame
from edge.core.loop import Core, Settings
from edge.core.source import converted
from edge.embed import Embedder
from edge.face import Crop, Pixels
from edge.lane import Decision
from edge.live.lane import LiveLane
from edge.live.network import Network
from edge.picture import of_pixels
from edge.reader import TagRead
from edge.vision import open_detector, open_embedder
from models.people.render import render
from models.registry import Registry
from policy.permit import Permit
from policy.record import Record
from policy.store import Store
from policy.subject import File

DAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
RATE = 10
BOOTED_NS = 7_000_000_000_000
"""The machine's clock when the camera's began."""
PEOPLE = SyntheticPeople(seed=0)
REGISTRY = Registry.bundled()
INSTALLED = REGISTRY.locate("bundled-embedder")
SETTINGS = Settings(threshold=0.6)


@cache
def portrait(person: int, occasion: str) -> Pixels:
    """A drawn person, 176 × 176 px."""
    return render(*PEOPLE.view(f"{person}/{occasion}"))


@cache
def detector():
    """The bundled detector."""
    return open_detector(REGISTRY.locate("bundled-detector"))


def uid(person: int) -> bytes:
    """The identifier of a person's tag."""
    return hashlib.sha256(f"tag of {person}".encode()).digest()[:7]


@dataclass(frozen=True)
class Stay:
    """A person before the camera from `begin` to `end` s, `x` px from the left, in a picture of `size` px."""

    person: int
    begin: float
    end: float
    x: int = 230
    size: int = 176


def frames(*stays: Stay, seconds: float) -> Iterator[Frame]:
    """What the camera sees, 640 × 360, RATE a second; people sway a little."""
    for number in range(round(seconds * RATE)):
        now = number / RATE
        picture = np.full((360, 640, 3), 120, np.uint8)
        for stay in stays:
            if stay.begin <= now < stay.end:
                left, top, size = stay.x + number % 3, 90 + number % 2, stay.size
                seen = portrait(stay.person, "morning-0")
                picture[top : top + size, left : left + size] = cv2.resize(
                    seen, (size, size), interpolation=cv2.INTER_AREA
                )
        time_ns = round(now * 1e9)
        yield Frame(number, time_ns, BOOTED_NS + time_ns, converted(picture, "I420"))


class Counted(Network):
    """Notes of each template which pictures it was computed of, and under whose permit."""

    def __init__(self, store: Store) -> None:
        super().__init__(self._opened, INSTALLED.network.sha256)
        self._store = store
        self.opened = 0
        self.computed: list[tuple[str, bytes]] = []

    def _opened(self, permit: Permit) -> Embedder:
        embedder = open_embedder(INSTALLED, self._store.gate, permit)
        self.opened += 1
        return embedder

    def embed(self, permit: Permit, crops: Sequence[Crop]):
        templates = super().embed(permit, crops)
        self.computed += [(permit.subject, crop.digest) for crop in crops]
        return templates


@dataclass
class Door:
    """A store under the product's own rules, and what comes of a visit."""

    folder: Path
    record: Record = field(default_factory=laboratory)
    hands: Hands = field(default_factory=lambda: Hands(DAY))

    def __post_init__(self) -> None:
        self.store = Store(self.folder, now=self.hands)
        if self.store.record != self.record:
            self.store.adopt(self.record)
        self.network = Counted(self.store)

    def file(self, person: int) -> File:
        """An adult who agreed today."""
        return volunteer(
            f"volunteer-{person:02}",
            attestation={"on": DAY.date(), "role": "volunteer"},
            agreement={"informed_on": DAY.date()},
            keep_until=DAY.date() + timedelta(days=30),
        )

    def enrol(self, person: int, face: bool = True, tag: bool = True) -> str:
        """Enrol somebody's face and tag; the pseudonym."""
        subject = self.store.admit(self.file(person))
        if face:
            picture = of_pixels(portrait(person, "enrolment-0"), "enrolment")
            acquired = Acquirer(detector()).acquire(picture)
            assert isinstance(acquired, Acquired)
            permit = self.store.permit("enrol", subject, "face", [picture.digest])
            embedder = open_embedder(INSTALLED, self.store.gate, permit)
            self.store.seal(permit, embedder.embed([acquired.crop])[0], INSTALLED.network.sha256)
        if tag:
            self.store.keep_tag(self.store.permit("enrol", subject, "tag"), uid(person))
        return subject

    def visit(
        self,
        lane: LiveLane,
        *stays: Stay,
        seconds: float,
        reads: Mapping[float, bytes] | None = None,
        acts: Mapping[float, Callable[[], Any]] | None = None,
        renew: bool = True,
    ) -> list[Decision]:
        """All decisions, by a loop as `edge.live.lane` describes it. `acts` happen at a time, before the frame."""
        self.core = Core(detector(), lane.ask, SETTINGS)
        self.times: list[float] = []
        """Of each decision, in s."""
        self.pictures: dict[bytes, float] = {}
        """When each picture was taken, by its digest."""
        made: list[Decision] = []

        def note(now: float, *decisions: Decision | None) -> None:
            for decision in decisions:
                if decision is not None:
                    made.append(decision)
                    self.times.append(now)

        frame = None
        for frame in frames(*stays, seconds=seconds):
            now, now_ns = frame.time_ns / 1e9, frame.arrived_ns
            self.pictures[frame.main.digest()] = now
            if acts and now in acts:
                acts[now]()
            note(now, *lane.tick(now_ns))
            if reads and now in reads:
                before = lane.windows
                note(now, lane.present(TagRead(reads[now]), now_ns))
                if renew and lane.windows != before:
                    self.core.renew()
            for decided in self.core.step(frame):
                note(now, lane.decided(decided, now_ns))
        assert frame is not None
        for decided in self.core.finish(frame):
            note(seconds, lane.decided(decided, frame.arrived_ns))
        note(seconds, *lane.tick(BOOTED_NS + round(seconds * 1e9)))
        return made

    def untouched(self) -> bool:
        """Was nothing computed, no face cut out, and the embedder's file not even opened?"""
        return (self.network.opened, self.network.computed, self.core.tally.shots) == (0, [], 0)
