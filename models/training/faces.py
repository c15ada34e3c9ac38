"""What the student learns from: aligned faces of the people named, blends of them, and the teacher on each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.pairs import person
from edge.acquire import Acquired, Acquirer
from edge.align import SIZE, TEMPLATE, similarity
from edge.embed import Embedder
from edge.face import Crop
from edge.picture import decode
from edge.vision import open_detector, open_embedder
from models.registry import Installed
from policy.archive import Archive
from policy.gate import Gate
from policy.permit import Permit

MARGIN = 8
"""Pixels kept around the template, so that turning and shifting a face brings in its surroundings, not black."""
SIDE = SIZE + 2 * MARGIN
HELD_OUT = 10
"""One identity in so many isn't learned from: settings are chosen on these people."""

Item = TypeVar("Item")
Result = TypeVar("Result")
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """n faces, RGB uint8 with their margin; whose they are; the teacher's unit vectors, face and mirror image added."""

    pixels: NDArray[np.uint8]
    targets: Floats
    whose: tuple[str, ...]
    digests: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.whose)

    def part(self, held_out: bool) -> Faces:
        """The faces of the people held out, or of the others."""
        rows = [row for row, who in enumerate(self.whose) if is_held_out(who) == held_out]
        return Faces(
            self.pixels[rows],
            self.targets[rows],
            tuple(self.whose[row] for row in rows),
            tuple(self.digests[row] for row in rows),
        )


def is_held_out(name: str) -> bool:
    """Whether a person is held out: by name alone, so the same in every run."""
    return int.from_bytes(sha256(name.encode()).digest()[-4:], "big") % HELD_OUT == 0


@dataclass(frozen=True, slots=True)
class Workshop:
    """The pair of public networks, one a thread (neither is for several threads at once), under the gate's permit."""

    detector: Installed
    teacher: Installed
    gate: Gate
    permit: Permit
    own: threading.local
    threads: int

    @property
    def acquirer(self) -> Acquirer:
        """Aligns as `bench accuracy` does."""
        if not hasattr(self.own, "acquirer"):
            detector = open_detector(self.detector, least_px=500)
            self.own.acquirer = Acquirer(detector, choice="central", interpolation="cubic")
        acquirer: Acquirer = self.own.acquirer
        return acquirer

    @property
    def embedder(self) -> Embedder:
        """The teacher."""
        if not hasattr(self.own, "embedder"):
            self.own.embedder = open_embedder(self.teacher, self.gate, self.permit, mirrored=True)
        embedder: Embedder = self.own.embedder
        return embedder

    def spread(self, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """`work` on each item, on all threads, results in order; few are under way at a time, so memory stays small."""
        items = iter(items)
        with ThreadPoolExecutor(self.threads) as pool:
            waiting = [pool.submit(work, item) for item in islice(items, 8 * self.threads)]
            while waiting:
                yield waiting.pop(0).result()
                waiting += [pool.submit(work, item) for item in islice(items, 1)]


def workshop(detector: Installed, teacher: Installed, gate: Gate, permit: Permit, threads: int) -> Workshop:
    """The networks, not opened yet."""
    return Workshop(detector, teacher, gate, permit, threading.local(), threads)


def look(archive: Archive, people: frozenset[str], shop: Workshop, tick: Callable[[], None]) -> Faces:
    """The faces of `people` in the set; a picture without a face is left out. `tick` is called after each picture."""

    def one(name: str) -> tuple[str, bytes, NDArray[np.uint8], Floats] | None:
        picture = decode(archive.read(name), name)
        found = shop.acquirer.acquire(picture)
        if not isinstance(found, Acquired):
            return None
        target = shop.embedder.embed([found.crop])[0]
        shifted = (TEMPLATE + MARGIN).astype(np.float32)
        matrix = similarity(found.face.points, shifted)
        wide = cv2.warpAffine(
            picture.pixels, matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT
        )
        return person(name), picture.digest, wide[..., ::-1].astype(np.uint8), target

    seen = []
    for result in shop.spread(one, (name for name in archive.names if person(name) in people)):
        tick()
        if result is not None:
            seen.append(result)
    whose, digests, pixels, targets = zip(*seen, strict=True)
    return Faces(np.stack(pixels), np.stack(targets), whose, digests)


def mask(chance: np.random.Generator) -> Floats:
    """How much of the first face shows where: evenly, to one side of a soft line, or in soft patches."""
    kind = chance.integers(3)
    if kind == 0:
        return np.full((SIDE, SIDE, 1), chance.uniform(0.35, 0.65), np.float32)
    if kind == 1:
        angle = chance.uniform(0, 2 * np.pi)
        across, down = np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE))
        field = np.cos(angle) * across + np.sin(angle) * down + chance.uniform(-0.25, 0.25)
        sharp = chance.uniform(4, 12)
    else:
        coarse = chance.normal(size=(5, 5)).astype(np.float32)
        field = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        sharp = chance.uniform(2, 6)
    share: Floats = (1 / (1 + np.exp(-sharp * field)))[..., None].astype(np.float32)
    return share


def blends(faces: Faces, count: int, seed: int, shop: Workshop, tick: Callable[[], None]) -> Faces:
    """`count` faces that nobody has: two people's mixed under a mask, and what the teacher says of each."""

    def one(number: int) -> tuple[NDArray[np.uint8], Floats, bytes]:
        chance = np.random.default_rng([seed, number])
        first = int(chance.integers(len(faces)))
        second = first
        while faces.whose[second] == faces.whose[first]:
            second = int(chance.integers(len(faces)))
        share = mask(chance)
        left, right = faces.pixels[first], faces.pixels[second]
        if chance.random() < 0.5:
            right = right[:, ::-1]
        mixed = np.rint(left * share + right * (1 - share)).astype(np.uint8)
        inner = np.ascontiguousarray(mixed[MARGIN:-MARGIN, MARGIN:-MARGIN, ::-1])
        return mixed, shop.embedder.embed([Crop(inner, faces.digests[first])])[0], faces.digests[first]

    pixels = np.empty((count, SIDE, SIDE, 3), np.uint8)
    targets, digests = [], []
    for number, (mixed, target, digest) in enumerate(shop.spread(one, range(count))):
        pixels[number] = mixed
        targets.append(target)
        digests.append(digest)
        tick()
    whose = tuple(f"blend {number}" for number in range(count))
    return Faces(pixels, np.stack(targets) if count else np.zeros((0, 128), np.float32), whose, tuple(digests))


def towards_people(faces: Faces, share: float) -> Faces:
    """The same faces, their targets drawn to their people's means."""
    people = np.unique(np.array(faces.whose), return_inverse=True)[1]
    means = np.zeros((people.max() + 1, faces.targets.shape[1]), np.float32)
    np.add.at(means, people, faces.targets)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    drawn = faces.targets + share * means[people]
    return Faces(faces.pixels, drawn / np.linalg.norm(drawn, axis=1, keepdims=True), faces.whose, faces.digests)


def save(faces: Faces, path: Path) -> None:
    """Keep prepared faces, whole or not at all."""
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(
            file,
            pixels=faces.pixels,
            targets=faces.targets,
            whose=np.array(faces.whose),
            digests=np.frombuffer(b"".join(faces.digests), np.uint8).reshape(-1, 32),
        )
    partial.replace(path)


def load(path: Path) -> Faces:
    """What `save` kept."""
    with np.load(path) as kept:
        return Faces(
            kept["pixels"],
            kept["targets"],
            tuple(str(who) for who in kept["whose"]),
            tuple(bytes(digest) for digest in kept["digests"]),
        )
