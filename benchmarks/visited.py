"""Does the core's thrift cost accuracy? Whole visits, seen by the core and by the plain loop that embeds every face in
every frame: the same frames and networks, each way with its own threshold for the same errors per visit.

Everything is drawn: the rates are graded `synthetic` and say nothing about people.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.clip import Recorded, draw, packed
from benchmarks.core import ENROLMENT, SCORE, Opened, gallery_of
from benchmarks.interval import clopper_pearson, newcombe_paired
from benchmarks.peers import PlainLoop
from benchmarks.synthetic import SyntheticPeople
from edge.core.frame import Frame, Plane, of_i420
from edge.core.loop import Core, Settings
from edge.entrance import Entrance
from edge.face import Crop, Template
from edge.gallery import Candidate
from edge.picture import of_pixels
from edge.vision import open_detector, open_embedder
from edge.walk import Walk
from models.registry import Installed
from policy.gate import Gate
from policy.synthetic import Claim

BATCH = 8
"""Visits whose frames are in memory at a time."""

Told = tuple[tuple[float, str], ...]
"""Of a visit, in order: each cosine and the name it was for."""
Tick = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Morning:
    """So many enrolled people and strangers come one after another, each once; nobody comes in two seeds.

    `only_strangers`: the enrolled stay at home, as when a threshold is sought.
    """

    seed: int
    enrolled: int = 100
    strangers: int = 100
    width: int = 640
    height: int = 360
    rate: float = 10.0
    only_strangers: bool = False

    @property
    def people(self) -> tuple[int, ...]:
        """The enrolled first."""
        first = 20_000_000 + self.seed * 10_000
        return tuple(range(first, first + self.enrolled + self.strangers))

    @property
    def entrance(self) -> Entrance:
        """As many frames as it takes."""
        come = self.people[self.enrolled :] if self.only_strangers else self.people
        return Entrance(come, len(come), "single", self.width, self.height, self.rate, self.seed, gap_s=(0.5, 1.0))

    @property
    def visits(self) -> int:
        """How many people come."""
        return self.strangers + (0 if self.only_strangers else self.enrolled)


@dataclass(frozen=True, slots=True)
class Visit:
    """What both made of one person's visit, and how many templates each computed for it."""

    person: int
    enrolled: bool
    core: Told = field(repr=False)
    loop: Told = field(repr=False)
    core_templates: int
    loop_templates: int


@dataclass
class _Listening:
    """A recogniser that remembers what it said. With the core's threshold at 1 nobody is ever recognised, so that the
    whole sequence is heard; any lower threshold would have stopped at its first score above it."""

    within: Opened
    told: list[tuple[float, str]] = field(default_factory=list)
    templates: int = 0

    def embed(self, crops: list[Crop]) -> NDArray[np.float32]:
        """See Recogniser."""
        self.templates += len(crops)
        return self.within.embed(crops)

    def best(self, probe: Template) -> Candidate:
        """See Recogniser."""
        found = self.within.best(probe)
        self.told.append((found.score, found.subject))
        return found


def mornings(
    several: Sequence[Morning],
    detector: Installed,
    embedder: Installed,
    settings: Settings,
    workers: int = 2,
    tick: Tick = lambda: None,
) -> list[list[Visit]]:
    """The visits of several mornings, each morning in one of so many processes. `tick` is called for each visit, here.

    Raises what `visited` raises; the mornings not yet begun are then left out.
    """
    context = multiprocessing.get_context("spawn")  # a forked onnxruntime hangs
    done, told = context.Value("q", 0), 0
    with ProcessPoolExecutor(workers, context, _counting, (done,)) as pool:
        running = [pool.submit(_counted, morning, detector, embedder, settings) for morning in several]
        left = set(running)
        while left:
            ended, left = wait(left, 0.5, FIRST_EXCEPTION)
            for _ in range(done.value - told):
                tick()
            told = done.value
            if any(one.exception() for one in ended):
                pool.shutdown(wait=False, cancel_futures=True)
                break
        return [one.result() for one in running]


_done: Any = None
"""In a worker: how many visits all workers have seen."""


def _counting(done: Any) -> None:
    global _done  # noqa: PLW0603  the only way to hand a shared value to a pool's processes
    _done = done


def _counted(morning: Morning, detector: Installed, embedder: Installed, settings: Settings) -> list[Visit]:
    def tick() -> None:
        with _done.get_lock():
            _done.value += 1

    return visited(morning, detector, embedder, settings, tick)


def visited(
    morning: Morning, detector: Installed, embedder: Installed, settings: Settings, tick: Tick = lambda: None
) -> list[Visit]:
    """All visits of a morning. `tick` is called after each. Raises policy.gate.Refused, ModelError, NetworkError."""
    cv2.setNumThreads(1)
    source = SyntheticPeople(seed=0)
    gate = Gate(sets=[], render=draw)
    finder = open_detector(detector, score=SCORE)
    views = {
        who: [source.view(f"{who}/enrolment-{number}") for number in range(ENROLMENT)]
        for who in morning.people[: morning.enrolled]
    }
    pictures = {who: [of_pixels(draw(*view), str(who)) for view in seen] for who, seen in views.items()}
    permit = gate.synthetic(
        (
            Claim(seed, view, picture.pixels)
            for who, seen in views.items()
            for (seed, view), picture in zip(seen, pictures[who], strict=True)
        ),
        "bench core",
    )
    gallery = gallery_of(pictures, finder, open_embedder(embedder, gate, permit), gate, permit)
    entrance = morning.entrance
    found = []
    walks = sorted(entrance.walks, key=lambda walk: walk.start_s)
    for start in range(0, len(walks), BATCH):
        batch = walks[start : start + BATCH]
        shown = {walk.person: dict(_frames(entrance, walk)) for walk in batch}
        view = Recorded(entrance)
        claims = [Claim(number, view, pixels[..., None]) for seen in shown.values() for number, pixels in seen.items()]
        digests = {claim.seed: claim.digest for claim in claims}
        allowed = gate.synthetic(claims, "bench core")
        opened = Opened(open_embedder(embedder, gate, allowed), gallery)
        for walk in batch:
            frames = [_frame(number, pixels, entrance) for number, pixels in shown[walk.person].items()]
            core, loop = _Listening(opened), _Listening(opened)
            ours = Core(finder, lambda _, core=core: core, replace(settings, threshold=1.0))  # type: ignore[misc]
            plain = PlainLoop(None, finder, loop, digests, _small(frames[0], settings))
            for frame in frames:
                ours.step(frame)
                plain.step(frame)
            ours.finish(frames[-1])
            found.append(
                Visit(
                    person=walk.person,
                    enrolled=walk.person in views,
                    core=tuple(core.told),
                    loop=tuple(loop.told),
                    core_templates=core.templates,
                    loop_templates=loop.templates,
                )
            )
            tick()
    return found


def _frames(entrance: Entrance, walk: Walk) -> Iterator[tuple[int, Plane]]:
    first, last = round(walk.start_s * entrance.rate), round(walk.end_s * entrance.rate)
    for number in range(first, min(last, len(entrance) - 1) + 1):
        yield number, packed(entrance.frame(number).pixels)


def _frame(number: int, pixels: Plane, entrance: Entrance) -> Frame:
    planes = of_i420(pixels, entrance.width, entrance.height)
    return Frame(number, round(number * 1e9 / entrance.rate), 0, planes)


def _small(frame: Frame, settings: Settings) -> tuple[int, int]:
    colours = frame.colours(settings.detect_px)
    return colours.shape[1], colours.shape[0]


def name_at(told: Told, threshold: float) -> str | None:
    """Whom a visit was recognised as: the first that reaches the threshold."""
    return next((subject for score, subject in told if score >= threshold), None)


def threshold_for(strangers: Iterable[Told], target: float) -> float:
    """The lowest threshold at which at most the share `target` of these strangers' visits would be recognised."""
    highest = sorted((max((score for score, _ in told), default=-1.0) for told in strangers), reverse=True)
    return float(np.nextafter(np.float32(highest[int(target * len(highest))]), np.float32(2.0)))


def compare(visits: Sequence[Visit], core_at: float, loop_at: float) -> dict[str, Any]:
    """FNIR and FPIR per visit of both ways with their intervals, and the paired differences (core − loop)."""
    told: dict[str, Any] = {}
    for what, rows in (
        ("fnir", [one for one in visits if one.enrolled]),
        ("fpir", [one for one in visits if not one.enrolled]),
    ):
        core, loop = (
            np.array([_wrong(one, way, at) for one in rows]) for way, at in (("core", core_at), ("loop", loop_at))
        )
        paired = newcombe_paired(
            int((core & loop).sum()), int((core & ~loop).sum()), int((~core & loop).sum()), int((~core & ~loop).sum())
        )
        told[what] = {
            "core": _rate(core),
            "loop": _rate(loop),
            "difference": float(core.mean() - loop.mean()),
            "interval": [paired.low, paired.high],
            "method": paired.method,
        }
    told["templates_per_visit"] = {
        "core": float(np.mean([one.core_templates for one in visits])),
        "loop": float(np.mean([one.loop_templates for one in visits])),
    }
    return told


def _wrong(visit: Visit, way: str, at: float) -> bool:
    name = name_at(visit.core if way == "core" else visit.loop, at)
    return name != str(visit.person) if visit.enrolled else name is not None


def _rate(errors: NDArray[np.bool_]) -> dict[str, Any]:
    interval = clopper_pearson(int(errors.sum()), errors.size)
    return {"errors": int(errors.sum()), "of": int(errors.size), "value": float(errors.mean())} | {
        "interval": [interval.low, interval.high]
    }
