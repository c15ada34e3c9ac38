"""The entrance's clips with photographs for faces: portraits of a listed research set, put where the drawn heads are.

Nothing of it is kept: the clip lies in a folder that is removed with its last user, templates stay in memory. The gate
hashes the whole set first. A frame is put together from photographs and a drawing; a template of one is made only if
every photograph in it is one the permit covers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.clip import Clip, ClipError, Recorded, Seen, Truth, packed
from benchmarks.core import ENROLMENT, OTHERS, SCORE, Bench, Meter, Steps, gallery_of
from benchmarks.peers import FaceDetectorYN
from edge.core.loop import Settings
from edge.embed import Embedder
from edge.entrance import Entrance
from edge.face import Box, Crop, Picture, Pixels, Template
from edge.gallery import Candidate, Gallery
from edge.network import Backend
from edge.picture import decode
from edge.vision import open_detector, open_embedder
from models.registry import Installed
from policy.archive import Archive
from policy.gate import Gate
from policy.permit import Permit
from policy.synthetic import Claim

FACE = Box(70.0, 62.0, 110.0, 132.0)
"""Where the face is in a deep-funnelled portrait of 250 × 250 px: they are aligned."""
HEAD = 1.45
"""Side of what is put into the frame, in sides of FACE; its rim fades out."""


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays whom: by the entrance's person, the portraits' names in the set; the first is shown, the others are
    enrolled."""

    roles: Mapping[int, tuple[str, ...]]
    others: tuple[tuple[str, ...], ...]
    """People in the gallery who don't come."""


def cast(archive: Archive, people: Sequence[int], others: int = OTHERS) -> Cast:
    """The people of the set with enough portraits, in the order of their names. Raises ClipError."""
    by_person = [
        tuple(names) for _, names in itertools.groupby(sorted(archive.names), key=lambda name: name.split("/")[0])
    ]
    enough = [names[: ENROLMENT + 1] for names in by_person if len(names) > ENROLMENT]
    needed = len(people) + others
    if len(enough) < needed:
        raise ClipError(
            f"{archive.path}: expected {needed} people with {ENROLMENT + 1} portraits, found {len(enough)}. "
            "Take a shorter clip, or a larger set."
        )
    return Cast(
        dict(zip(people, enough, strict=False)),
        tuple(names[1:] for names in enough[len(people) : needed]),
    )


@dataclass(frozen=True, slots=True)
class Composed:
    """A recogniser (edge.core.loop.Recogniser) for frames put together from photographs.

    `origins`: by a frame's digest the digests of the photographs in it. A frame without any is a drawing, and covered
    as that. The gate is asked for each photograph.
    """

    gate: Gate
    permit: Permit
    network: Embedder
    drawn: Embedder
    gallery: Gallery
    origins: Mapping[bytes, tuple[bytes, ...]] = field(repr=False)

    def embed(self, crops: list[Crop]) -> NDArray[np.float32]:
        """See Recogniser. Raises policy.gate.Refused."""
        return np.concatenate([self._one(crop) for crop in crops])

    def _one(self, crop: Crop) -> NDArray[np.float32]:
        photographs = self.origins.get(crop.digest, ())
        if not photographs:
            return self.drawn.embed([crop])
        for digest in photographs:
            self.gate.require(self.permit, "template", digest)
        return self.network.embed([Crop(crop.pixels, photographs[0])])

    def best(self, probe: Template) -> Candidate:
        """See Recogniser."""
        return self.gallery.best(probe)


class Portraits:
    """The portraits of a cast, as they are put into frames."""

    def __init__(self, archive: Archive, cast: Cast) -> None:
        self.heads = {who: _head(decode(archive.read(names[0]), names[0])) for who, names in cast.roles.items()}

    def put(self, pixels: Pixels, faces: Sequence[Seen]) -> Pixels:
        """A frame with each face covered by its portrait; `faces` from the furthest to the nearest."""
        picture = pixels.copy()
        for seen in faces:
            _blend(picture, *self.heads[seen.person], seen.box)
        return picture


def _head(picture: Picture) -> tuple[Pixels, NDArray[np.float32]]:
    """Head and its share of the frame (1 within, 0 at the rim)."""
    scale_x, scale_y = picture.width / 250.0, picture.height / 250.0
    x, y = FACE.centre
    half_x, half_y = 0.5 * HEAD * FACE.width, 0.5 * HEAD * FACE.height
    left, right = round(max(0.0, x - half_x) * scale_x), round((x + half_x) * scale_x)
    top, bottom = round(max(0.0, y - half_y) * scale_y), round((y + half_y) * scale_y)
    head = picture.pixels[top:bottom, left:right]
    high, wide = head.shape[:2]
    rows, columns = np.mgrid[0:high, 0:wide]
    away = np.hypot((columns - wide / 2) / (wide / 2), (rows - high / 2) / (high / 2))
    return head, np.clip((1.0 - away) / 0.12, 0.0, 1.0).astype(np.float32)[..., None]


def _blend(picture: Pixels, head: Pixels, share: NDArray[np.float32], box: Box) -> None:
    """In place, as much of it as lies in the frame."""
    width, height = max(2, round(HEAD * box.width)), max(2, round(HEAD * box.height))
    x, y = box.centre
    left, top = round(x - width / 2), round(y - height / 2)
    how = cv2.INTER_AREA if width < head.shape[1] else cv2.INTER_LINEAR
    drawn = cv2.resize(head, (width, height), interpolation=how).astype(np.float32)
    cover = cv2.resize(share, (width, height), interpolation=how)[..., None]
    rows = slice(max(0, top), min(picture.shape[0], top + height))
    columns = slice(max(0, left), min(picture.shape[1], left + width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    inner = np.s_[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    under = picture[rows, columns]
    picture[rows, columns] = np.rint(under + cover[inner] * (drawn[inner] - under)).astype(np.uint8)


def staged(name: str, entrance: Entrance, portraits: Portraits, folder: Path, tick: Callable[[], None]) -> Clip:
    """The clip in `folder`, which the caller removes: it holds photographs. `tick` is called after each frame."""
    path = folder / f"{name}.i420"
    truth = []
    with path.open("xb") as file:
        for frame in entrance:
            faces = tuple(Seen(seen.identity, seen.box, seen.visible) for seen in frame.truth)
            file.write(packed(portraits.put(frame.pixels, faces)).tobytes())
            truth.append(Truth(frame.visit, faces))
            tick()
    return Clip(name, entrance, path, tuple(truth))


def prepare(
    gate: Gate,
    clip: Clip,
    archive: Archive,
    cast: Cast,
    detector: Installed,
    embedder: Installed,
    settings: Settings,
    steps: Steps,
) -> Bench:
    """As benchmarks.core.prepare, for a staged clip: half of those who come are enrolled, with other portraits.

    `gate` has to draw entrances again (render=benchmarks.clip.draw): frames with nobody in them are drawings.
    Raises policy.gate.Refused unless the archive is a listed set, whole and unchanged; ModelError, NetworkError.
    """
    permit, _ = gate.research(archive, "bench core")
    files = archive.digests()
    tick = steps("permit", len(clip))
    origins: dict[bytes, tuple[bytes, ...]] = {}
    digests: list[bytes] = []
    view = Recorded(clip.entrance)

    def empty() -> Iterator[Claim]:
        with clip.path.open("rb") as file:
            for number, told in enumerate(clip.truth):
                claim = Claim(number, view, clip.buffer(file, number)[..., None])
                digests.append(claim.digest)
                tick()
                if told.faces:
                    origins[claim.digest] = tuple(files[cast.roles[face.person][0]] for face in told.faces)
                else:
                    yield claim

    drawn = gate.synthetic(empty(), "bench core")
    meters: list[Meter] = []

    def metered(backend: Backend) -> Backend:
        meters.append(Meter(backend))
        return meters[-1]

    opened = open_detector(detector, score=SCORE, around=metered)
    network = open_embedder(embedder, gate, permit, around=metered)
    comers = clip.people[::2]
    named = {who: cast.roles[who][1:] for who in comers} | dict(zip(itertools.count(-1, -1), cast.others, strict=False))
    pictures = {who: [decode(archive.read(name), name) for name in names] for who, names in named.items()}
    gallery = gallery_of(pictures, open_detector(detector), network, gate, permit)

    def covered(number: int) -> None:
        for digest in origins.get(digests[number], ()):
            gate.require(permit, "template", digest)

    return Bench(
        clip=clip,
        detector=opened,
        plain_detector=FaceDetectorYN(detector, SCORE),
        recogniser=Composed(
            gate, permit, network, open_embedder(embedder, gate, drawn, around=metered), gallery, origins
        ),
        enrolled=frozenset(comers),
        digests=tuple(digests),
        meters=meters,
        settings=settings,
        networks=(detector.network.id, embedder.network.id, embedder.network.id),
        pictures=pictures,
        covered=covered,
    )
