"""Clips of the synthetic entrance, drawn once and kept as a camera's raw frames, so that no drawing is measured."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from benchmarks import visits
from benchmarks.errors import BenchmarkError
from edge.core.frame import Frame, Plane, of_i420
from edge.core.source import converted
from edge.entrance import Entrance
from edge.face import Box, Pixels
from models.people.render import View
from policy.synthetic import Claim

Tick = Callable[[], None]


class ClipError(BenchmarkError, ValueError):
    """A clip's file that isn't what it should be: names it, and what to do."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the gate draws again of a clip: frame by frame, in I420."""

    entrance: Entrance


def draw(seed: int, view: View | Entrance | Recorded) -> Pixels:
    """What the gate draws again: a person's picture, an entrance's frame, or a clip's (h·3/2 × w × 1)."""
    if isinstance(view, Recorded):
        return packed(view.entrance.frame(seed).pixels)[..., None]
    return visits.draw(seed, view)


def packed(pixels: Pixels) -> Plane:
    """I420 in one array, h·3/2 × w."""
    planes = converted(pixels, "I420")
    flat = np.concatenate([plane.reshape(-1) for plane in planes.planes])
    return flat.reshape(planes.height * 3 // 2, planes.width)


@dataclass(frozen=True, slots=True)
class Seen:
    """The truth about one face of a frame."""

    person: int
    box: Box
    visible: float


@dataclass(frozen=True, slots=True)
class Truth:
    """Of a frame: whether someone is on the way to the door, and the faces to be seen."""

    visit: bool
    faces: tuple[Seen, ...]


@dataclass(frozen=True)
class Clip:
    """A file of I420 frames one after another, and the truth about each."""

    name: str
    entrance: Entrance
    path: Path
    truth: tuple[Truth, ...] = field(repr=False)

    @property
    def frame_bytes(self) -> int:
        """Of one frame."""
        return self.entrance.width * self.entrance.height * 3 // 2

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def people(self) -> tuple[int, ...]:
        """Who comes, in order of coming; each once."""
        return tuple(walk.person for walk in sorted(self.entrance.walks, key=lambda walk: walk.start_s))

    @property
    def visible(self) -> frozenset[int]:
        """Who can be seen at all: someone whose face never shows whole isn't missed by anyone."""
        return frozenset(face.person for one in self.truth for face in one.faces if face.visible > 0.95)

    def claims(self) -> Iterator[Claim]:
        """For the gate: every frame."""
        view = Recorded(self.entrance)
        with self.path.open("rb") as file:
            for number in range(len(self)):
                yield Claim(number, view, self.buffer(file, number)[..., None])

    def buffer(self, file: BinaryIO, number: int) -> Plane:
        """A frame by its number, h·3/2 × w. Raises ClipError."""
        file.seek(number * self.frame_bytes)
        buffer = np.fromfile(file, np.uint8, self.frame_bytes)
        if buffer.size != self.frame_bytes:
            raise ClipError(f"{self.path}: expected frame {number} of {len(self)}, found the file's end. Delete it.")
        return buffer.reshape(self.entrance.height * 3 // 2, self.entrance.width)


class ClipSource:
    """A clip as a source: each frame is read into memory of its own, as a camera's driver hands it over."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._file = clip.path.open("rb", buffering=0)
        self._number = 0

    def read(self) -> Frame | None:
        """See edge.core.source.Source."""
        clip, number = self._clip, self._number
        if number >= len(clip):
            return None
        buffer = np.fromfile(self._file, np.uint8, clip.frame_bytes)
        if buffer.size != clip.frame_bytes:
            raise ClipError(f"{clip.path}: expected {len(clip)} frames, found {number}. Delete it, and run again.")
        self._number += 1
        planes = of_i420(buffer, clip.entrance.width, clip.entrance.height)
        return Frame(number, round(number * 1e9 / clip.entrance.rate), time.monotonic_ns(), planes)

    def close(self) -> None:
        """See edge.core.source.Source."""
        self._file.close()


SINGLE_S, CROWD_S = 8.7, 14.0
"""How long a visit takes with the gap after it: one person, and twelve. (Means of the walks drawn.)"""


def entrance(kind: str, seconds: float, width: int, height: int, rate: float, seed: int) -> Entrance:
    """`single`: one at a time, nobody there for half of it. `bus`: twelve in view at once. Nobody comes twice."""
    first = 1_000_000 * (seed + 1)
    if kind == "single":
        number = max(1, round(seconds / SINGLE_S))
        people = tuple(range(first, first + number))
        return Entrance(people, number, "single", width, height, rate, seed, gap_s=(3.6, 5.1))
    if kind == "bus":
        number = max(1, round(seconds / CROWD_S))
        people = tuple(range(first, first + 12 * number))
        return Entrance(people, number, "crowd", width, height, rate, seed, gap_s=(1.5, 2.5))
    raise ClipError(f"{kind}: expected single or bus.")


def prepared(name: str, source: Entrance, folder: Path, tick: Tick = lambda: None) -> Clip:
    """The clip of an entrance: kept from before if its frames are still what is drawn today, else drawn into `folder`.

    `tick` is called after each frame drawn. Kept frames are compared at three places only: a template is made of none
    that the gate hasn't drawn again.
    """
    said = asdict(source)
    key = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]
    path, beside = folder / f"{name}-{key}.i420", folder / f"{name}-{key}.json"
    size = source.width * source.height * 3 // 2
    if path.is_file() and beside.is_file() and path.stat().st_size == size * len(source):
        kept = json.loads(beside.read_text(encoding="utf-8"))
        clip = Clip(name, source, path, tuple(_told(row) for row in kept["frames"]))
        if _fresh(clip):
            return clip
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            for frame in source:
                file.write(packed(frame.pixels).tobytes())
                faces = [
                    [seen.identity, seen.box.left, seen.box.top, seen.box.width, seen.box.height, seen.visible]
                    for seen in frame.truth
                ]
                rows.append({"visit": frame.visit, "faces": faces})
                tick()
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    beside.write_text(json.dumps({"entrance": said, "frames": rows}) + "\n", encoding="utf-8")
    return Clip(name, source, path, tuple(_told(row) for row in rows))


def _told(row: dict[str, object]) -> Truth:
    faces = tuple(Seen(int(f[0]), Box(*f[1:5]), f[5]) for f in row["faces"])  # type: ignore[attr-defined]
    return Truth(bool(row["visit"]), faces)


def _fresh(clip: Clip) -> bool:
    with clip.path.open("rb") as file:
        for number in (0, len(clip) // 2, len(clip) - 1):
            kept = clip.buffer(file, number)
            drawn = packed(clip.entrance.frame(number).pixels)
            if np.abs(kept.astype(np.int16) - drawn).mean() > 0.5:
                return False
    return True
