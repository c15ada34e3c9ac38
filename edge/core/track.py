"""Following faces between detections: overlap and constant velocity, and how unsure a place has become."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from edge.core.glimpse import APART, Glimpse, apart
from edge.face import Box, Face

MATCH = 0.15
"""Least likeness (see `likeness`) of a track's predicted box and a face's, to be the same one."""
PLACE, SPEED = 0.8, 0.5
"""How much of what a prediction was wrong by goes into place and speed (an alpha-beta filter). Detected boxes are
exact to a few per cent of their width, while people stop and turn at once: so the place follows nearly all."""
DRIFT_FLOOR, DRIFT_NEW = 0.6, 1.5
"""Widths a second that a prediction goes wrong by, at least, and for a track seen once."""
LOST_S = 0.9
"""A track not seen for that long, although it was looked for, has ended."""
SAME_PLACE, SAME_SIZE, SAME_S = 0.5, 1.4, 0.75
"""Where something would pass to whoever took a track's place, only a face this near to the prediction (in its widths),
of this size (at most so many times larger or smaller), after this time (s) at most, still is that track's."""
RIVAL = 0.6
"""And only if no other face or track is so nearly as like (share of the likeness): two who cross may be exchanged."""

Carries = Literal["nothing", "evidence", "decision"]
"""What someone who took a track's place would inherit. Evidence of one person mustn't be mixed with another's; and
whoever comes after one who was decided on hasn't been decided on."""


@dataclass(slots=True)
class Track:
    """One face followed. Lengths in px of the frame, speeds in px a second, `stretch` in natural logarithms of size a
    second. `drift` is by how many widths a second its predictions go wrong."""

    id: int
    box: Box
    first_ns: int
    last_ns: int
    face: Face = field(repr=False)
    """As last detected."""
    speed: tuple[float, float] = (0.0, 0.0)
    stretch: float = 0.0
    drift: float = DRIFT_NEW
    seen: int = 1
    missed: int = 0
    carries: Carries = "nothing"
    over: bool = False
    """It won't be given a face any more: decided on and then missed, or someone else may be in its place."""
    glimpse: Glimpse | None = field(default=None, repr=False)
    """Of the head, at the last sight; what the next is compared with."""

    def at(self, time_ns: int) -> Box:
        """Where it should be. Speeds are believed for half a second: nobody walks on blindly."""
        ahead = min(0.5, max(0.0, (time_ns - self.last_ns) / 1e9))
        grown = math.exp(max(-0.7, min(0.7, self.stretch * ahead)))
        x, y = self.box.centre
        x, y = x + self.speed[0] * ahead, y + self.speed[1] * ahead
        width, height = self.box.width * grown, self.box.height * grown
        return Box(x - width / 2, y - height / 2, width, height)

    def uncertainty(self, time_ns: int) -> float:
        """By how much of its width the place may be wrong by now."""
        return self.drift * max(0.0, (time_ns - self.last_ns) / 1e9)

    def see(self, face: Face, time_ns: int, glimpse: Glimpse | None = None) -> None:
        """It was detected again."""
        passed = (time_ns - self.last_ns) / 1e9
        expected = self.at(time_ns)
        (x, y), (ex, ey) = face.box.centre, expected.centre
        wrong = math.hypot(x - ex, y - ey) / max(expected.width, 1.0)
        size = math.log(max(face.box.width, 1e-3) / max(expected.width, 1e-3))
        if passed > 0:
            self.speed = (self.speed[0] + SPEED * (x - ex) / passed, self.speed[1] + SPEED * (y - ey) / passed)
            self.stretch += SPEED * size / passed
            self.drift = max(DRIFT_FLOOR, 0.5 * self.drift + 0.5 * (wrong + abs(size)) / passed)
        width, height = (
            before * (after / before) ** PLACE
            for before, after in (
                (max(expected.width, 1e-3), max(face.box.width, 1e-3)),
                (max(expected.height, 1e-3), max(face.box.height, 1e-3)),
            )
        )
        x, y = ex + PLACE * (x - ex), ey + PLACE * (y - ey)
        self.box = Box(x - width / 2, y - height / 2, width, height)
        self.face, self.last_ns, self.missed = face, time_ns, 0
        self.seen += 1
        self.glimpse = glimpse

    def continues(self, face: Face, expected: Box, time_ns: int, glimpse: Glimpse | None) -> bool:
        """Whether a face at its place (`expected`) is its own as far as can be told: needed where it carries something.

        Not after a miss of someone decided on, nor after too long; nor at another place, of another size, or where the
        head looks another."""
        if self.over or time_ns - self.last_ns > SAME_S * 1e9:
            return False
        (x, y), (u, v) = face.box.centre, expected.centre
        narrow, wide = sorted((max(face.box.width, 1e-9), max(expected.width, 1e-9)))
        if math.hypot(x - u, y - v) > SAME_PLACE * expected.width or wide > SAME_SIZE * narrow:
            return False
        return self.glimpse is None or glimpse is None or apart(self.glimpse, glimpse) < APART


def likeness(one: Box, other: Box) -> float:
    """Intersection over union; for boxes that don't touch but are near (in widths) and of like size, a little, so that
    a fast walker is found again. 0 to 1."""
    (x, y), (u, v) = one.centre, other.centre
    narrow, wide = sorted((max(one.width, 1e-9), max(other.width, 1e-9)))
    away = math.hypot(x - u, y - v)
    if away >= 1.5 * wide and away >= 0.5 * math.hypot(one.width + other.width, one.height + other.height):
        return 0.0  # the most frequent case: far apart
    near = max(0.0, 1.0 - away / (1.5 * wide)) * (narrow / wide)
    return max(one.overlap(other), 0.45 * near)


class Tracker:
    """Faces by track. `update` after each detection, `expire` on any frame. Greedy: the likest pair first, which for
    the handful of faces at a door is as good as an optimal assignment."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self.tracks: list[Track] = []

    def update(self, faces: Sequence[Face], time_ns: int, glimpses: Sequence[Glimpse] = ()) -> list[Track]:
        """Take in what a detector found at a time. Returns the tracks seen now, new ones too.

        A track that carries something is given a face only if nothing speaks against it (`glimpses` are the faces'
        heads, if anyone looked); else the face begins a new one. That costs an embedding at most, while a wrong guess
        would let a stranger pass as somebody.
        """
        heads: Sequence[Glimpse | None] = glimpses or [None] * len(faces)
        expected = {track.id: track.at(time_ns) for track in self.tracks}
        pairs = sorted(
            (
                (-like, track.id, index, track)
                for track in self.tracks
                for index, face in enumerate(faces)
                if (like := likeness(expected[track.id], face.box)) >= MATCH
            ),
            key=lambda pair: pair[:3],
        )
        free = set(range(len(faces)))
        seen: dict[int, Track] = {}
        doubted: set[int] = set()
        for minus, _, index, track in pairs:
            if index not in free or track.id in seen:
                continue
            if track.carries != "nothing" and (
                not track.continues(faces[index], expected[track.id], time_ns, heads[index])
                or any(
                    other <= RIVAL * minus and (rival is track) != (place == index) for other, _, place, rival in pairs
                )
            ):
                doubted.add(track.id)
                continue
            free.discard(index)
            seen[track.id] = track
            track.see(faces[index], time_ns, heads[index])
        for track in self.tracks:
            track.missed += track.id not in seen
            # Somebody is where it should be, and may be another: there is nothing left to wait for.
            track.over = track.id not in seen and (track.id in doubted or track.carries == "decision")
        for index in sorted(free):
            track = Track(next(self._ids), faces[index].box, time_ns, time_ns, faces[index], glimpse=heads[index])
            self.tracks.append(track)
            seen[track.id] = track
        return list(seen.values())

    def expire(self, time_ns: int) -> list[Track]:
        """Take out and return the tracks that are over, or were missed and not seen for LOST_S."""
        ended = [
            track for track in self.tracks if track.over or (track.missed and time_ns - track.last_ns > LOST_S * 1e9)
        ]
        if ended:
            self.tracks = [track for track in self.tracks if track not in ended]
        return ended


class PlainTracker(Tracker):
    """The plain one: nothing is predicted, so that a detection in every frame is needed. What `Tracker` on few
    detections is held to in tests."""

    def update(self, faces: Sequence[Face], time_ns: int, glimpses: Sequence[Glimpse] = ()) -> list[Track]:
        """See Tracker."""
        seen = super().update(faces, time_ns, glimpses)
        for track in seen:
            track.box, track.speed, track.stretch = replace(track.face.box), (0.0, 0.0), 0.0
        return seen
