"""The synthetic entrance: a source of frames in which drawn people come to a drawn door, with the truth beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import cv2
import numpy as np

from edge.backdrop import MOVERS, Motion, Mover, move, still
from edge.errors import EdgeError
from edge.face import Box, Pixels, Points, frozen
from edge.figure import draw_figure
from edge.walk import Arrivals, Attack, Walk, leaver, visits

_SHARE = 0.6
"""Of a gap between visits something that is no face moves for this share of the time."""


class EntranceError(EdgeError, ValueError):
    """Error raised when an entrance can't be drawn as asked: names the setting, what was expected and found."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The truth about one face in a frame: whose, where, and whether it is a picture held up.

    `visible` is the share (0 to 1) of the box that is in the frame and not behind someone nearer.
    """

    identity: int
    box: Box
    points: Points = field(repr=False)
    attack: Attack | None
    visible: float


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `time_ns` counts from the first; `pixels` BGR uint8, read-only; `truth` holds the faces to be seen,
    `moving` what moves there without being a face."""

    time_ns: int
    pixels: Pixels = field(repr=False)
    truth: tuple[Seen, ...]
    visit: bool
    """Whether someone is on the way to the door."""
    moving: tuple[Mover, ...] = ()


@dataclass(frozen=True)
class Entrance:
    """So many `visits` by `people` (seeds of identities), seen by a camera of any size and frame rate.

    Iterating draws the frames, the same ones each time and on every machine within 2 grey levels. `arrivals` says how
    they come; `attacks` is the share of single visits in which a print or a phone with the person's picture is held up;
    `noise` is the sensor's, in levels (standard deviation).
    """

    people: tuple[int, ...]
    visits: int = 8
    arrivals: Arrivals = "mixed"
    width: int = 640
    height: int = 360
    rate: float = 15.0
    seed: int = 0
    attacks: float = 0.0
    noise: float = 2.5
    gap_s: tuple[float, float] = (1.5, 4.0)

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("people", len(self.people), 1, 1_000_000),
            ("visits", self.visits, 1, 1_000_000),
            ("width", self.width, 64, 8192),
            ("height", self.height, 64, 8192),
            ("rate", self.rate, 0.1, 1000),
            ("attacks", self.attacks, 0, 1),
            ("noise", self.noise, 0, 60),
            ("gap_s", min(self.gap_s), 0.1, 1e6),
        ):
            if not low <= value <= high:
                raise EntranceError(f"{name}: expected {low:g} to {high:g}, found {value:g}.")

    @cached_property
    def walks(self) -> tuple[Walk, ...]:
        """Who comes when."""
        return visits(self._chance(1), self.people, self.arrivals, self.attacks, self.visits, self.gap_s)

    @cached_property
    def motions(self) -> tuple[tuple[Motion, Walk | None], ...]:
        """What else moves, in the gaps between visits; someone who walks away brings their walk."""
        chance = self._chance(2)
        found: list[tuple[Motion, Walk | None]] = []
        turn = int(chance.integers(len(MOVERS)))
        for start, end in self._gaps():
            # A gap is cut into pieces of about a second and a half; most have a mover, each kind in its turn.
            pieces = max(1, round((end - start) / 1.5))
            times = np.linspace(start, end, pieces + 1)
            owed = 0.0
            for begin, until in pairwise(times):
                owed += _SHARE * float(until - begin)
                if owed <= 0:
                    continue
                owed -= float(until - begin)
                kind = MOVERS[turn % len(MOVERS)]
                turn += 1
                motion = Motion(kind, float(begin), float(until), float(chance.random()))
                person = int(chance.integers(2**31))
                gone = leaver(chance, person, float(begin), float(until - begin)) if kind == "away" else None
                found.append((motion, gone))
        return tuple(found)

    @property
    def seconds(self) -> float:
        """How long it takes in all."""
        return max(walk.end_s for walk in self.walks) + self.gap_s[0]

    def __len__(self) -> int:
        return int(self.seconds * self.rate)

    def __iter__(self) -> Iterator[Frame]:
        return (self.frame(number) for number in range(len(self)))

    def frame(self, number: int) -> Frame:
        """One frame by its number, from 0."""
        time_ns = round(number * 1e9 / self.rate)
        time_s = time_ns / 1e9
        picture = self._scene.copy()
        gain = 1.0
        moving: list[Mover] = []
        for motion, walk in self.motions:
            if motion.share(time_s) is None:
                continue
            moving.append(motion.kind)
            gain *= move(picture, motion, time_s)
            if walk and (spot := walk.at(time_s)):
                draw_figure(picture, walk, spot)
        here = [(walk, spot) for walk in self.walks if (spot := walk.at(time_s))]
        seen: list[Seen] = []
        for walk, spot in sorted(here, key=lambda pair: pair[1].size):
            where = draw_figure(picture, walk, spot)
            nearer = Box(*where.hides)
            seen = [_behind(face, nearer) for face in seen]
            box = Box(*where.box)
            frozen(where.points)
            seen.append(Seen(walk.person, box, where.points, walk.attack, box.inside(self.width, self.height)))
        if gain != 1.0:
            picture = np.clip(picture * np.float32(gain), 0, 255).astype(np.uint8)
        if self.noise:
            down, right = self._chance(4, number).integers(0, (61, 67))
            cut = self._grain[down : down + self.height, right : right + self.width]
            picture = cv2.add(picture, cut, dtype=cv2.CV_8U).astype(np.uint8, copy=False)
        frozen(picture)
        truth = tuple(face for face in seen if face.visible > 0)
        return Frame(time_ns, picture, truth, bool(here), tuple(moving))

    @cached_property
    def _scene(self) -> Pixels:
        return still(self.width, self.height, self.seed & (2**64 - 1))

    @cached_property
    def _grain(self) -> np.ndarray:
        """The noise is drawn once, larger than the frame, and cut out at another place for every frame."""
        shape = (self.height + 61, self.width + 67, 3)
        return np.rint(self._chance(3).normal(0.0, self.noise, shape)).astype(np.int16)

    def _gaps(self) -> Iterator[tuple[float, float]]:
        """The times (s) without a visit."""
        now = 0.0
        for walk in sorted(self.walks, key=lambda walk: walk.start_s):
            if walk.start_s > now:
                yield now, walk.start_s
            now = max(now, walk.end_s)
        yield now, self.seconds

    def _chance(self, *use: int) -> np.random.Generator:
        return np.random.default_rng([0x656E74, self.seed & (2**64 - 1), *use])


def _behind(face: Seen, nearer: Box) -> Seen:
    """The face with what someone nearer hides of it taken off."""
    box = face.box
    hidden = box.common(nearer) / box.area
    return Seen(face.identity, box, face.points, face.attack, max(0.0, face.visible - hidden))
