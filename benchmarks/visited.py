"""Does the core's thrift cost accuracy? Whole visits, seen by the core and by the plain loop that embeds every face in
every frame: the same frames and networks, each way with its own threshold for the same errors per visit.

Everything is drawn: the rates are graded `synthetic` and say nothing about people.
"""

from __future__ import annotations

import math
import multiprocessing
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from benchmarks.clip import Recorded, draw
from benchmarks.clustered import paired_difference, proportion, tally
from benchmarks.core import ENROLMENT, SCORE, Opened, gallery_of
from benchmarks.interval import Interval, clopper_pearson, newcombe_paired
from benchmarks.peers import PlainLoop
from benchmarks.synthetic import SyntheticPeople
from edge.core.frame import Frame, Plane, of_i420
from edge.core.loop import Core, Settings
from edge.entrance import Entrance
from edge.face import Crop, Pixels, Template
from edge.gallery import Candidate
from edge.picture import of_pixels
from edge.vision import open_detector, open_embedder
from edge.walk import Walk
from models.people.render import View
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
    """Enrolled people and strangers come one after another, each once; nobody comes in two seeds.

    The enrolled are dealt out to so many `galleries`, as of several sites. Each of them is compared with their own
    gallery; a stranger with every one, so that a visit drawn once makes as many trials. `come`: how many of the
    enrolled come at all, those of each gallery in turn; None: all. 0, as when a threshold is sought: strangers alone.
    """

    seed: int
    enrolled: int = 100
    strangers: int = 100
    galleries: int = 1
    come: int | None = None
    width: int = 640
    height: int = 360
    rate: float = 10.0

    @property
    def people(self) -> tuple[int, ...]:
        """The enrolled first."""
        first = 20_000_000 + self.seed * 10_000
        return tuple(range(first, first + self.enrolled + self.strangers))

    def gallery(self, person: int) -> int:
        """In which gallery one of the enrolled is."""
        return (person - self.people[0]) % self.galleries

    @property
    def entrance(self) -> Entrance:
        """As many frames as it takes."""
        come = self.people[: self.enrolled][: self.come] + self.people[self.enrolled :]
        return Entrance(come, len(come), "single", self.width, self.height, self.rate, self.seed, gap_s=(0.5, 1.0))

    @property
    def visits(self) -> int:
        """How many people come."""
        return self.strangers + (self.enrolled if self.come is None else self.come)


@dataclass(frozen=True, slots=True)
class Visit:
    """What both made of one person's visit beside one gallery, and how many templates each computed for it."""

    person: int
    enrolled: bool
    core: Told = field(repr=False)
    loop: Told = field(repr=False)
    core_templates: int
    loop_templates: int
    gallery: str = ""
    """Seed and number: no two mornings have one in common."""


@dataclass
class _Listening:
    """A recogniser that remembers what it said. With the core's threshold at 1 nobody is ever recognised, so that the
    whole sequence is heard, and is the same beside every gallery; any lower threshold would have stopped at its first
    score above it."""

    within: Sequence[Opened]
    """The same embedder with one gallery or several."""
    told: list[list[tuple[float, str]]] = field(default_factory=list)
    """What it said beside each."""
    templates: int = 0

    def __post_init__(self) -> None:
        self.told = [[] for _ in self.within]

    def embed(self, crops: list[Crop]) -> NDArray[np.float32]:
        """See Recogniser."""
        self.templates += len(crops)
        return self.within[0].embed(crops)

    def best(self, probe: Template) -> Candidate:
        """See Recogniser."""
        found = [one.best(probe) for one in self.within]
        for told, best in zip(self.told, found, strict=True):
            told.append((best.score, best.subject))
        return found[0]


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
    """All visits of a morning, a stranger's once for each gallery. `tick` is called after each person. Raises
    policy.gate.Refused, ModelError, NetworkError."""
    cv2.setNumThreads(1)
    source = SyntheticPeople(seed=0)
    drawn = _remembering()
    gate = Gate(sets=[], render=drawn)
    finder = open_detector(detector, score=SCORE)
    views = {
        who: [source.view(f"{who}/enrolment-{number}") for number in range(ENROLMENT)]
        for who in morning.people[: morning.enrolled]
    }
    pictures = {who: [of_pixels(drawn(*view), str(who)) for view in seen] for who, seen in views.items()}
    permit = gate.synthetic(
        (
            Claim(seed, view, picture.pixels)
            for who, seen in views.items()
            for (seed, view), picture in zip(seen, pictures[who], strict=True)
        ),
        "bench core",
    )
    enroller = open_embedder(embedder, gate, permit)
    galleries = [
        gallery_of(
            {who: pictures[who] for who in views if morning.gallery(who) == number}, finder, enroller, gate, permit
        )
        for number in range(morning.galleries)
    ]
    entrance = morning.entrance
    view = Recorded(entrance)
    found = []
    walks = sorted(entrance.walks, key=lambda walk: walk.start_s)
    for start in range(0, len(walks), BATCH):
        batch = walks[start : start + BATCH]
        drawn.cache_clear()
        shown = {walk.person: {number: drawn(number, view) for number in _numbers(entrance, walk)} for walk in batch}
        claims = [Claim(number, view, pixels) for seen in shown.values() for number, pixels in seen.items()]
        digests = {claim.seed: claim.digest for claim in claims}
        allowed = gate.synthetic(claims, "bench core")
        network = open_embedder(embedder, gate, allowed)
        opened = [Opened(network, gallery) for gallery in galleries]
        for walk in batch:
            enrolled = walk.person in views
            beside = [morning.gallery(walk.person)] if enrolled else range(morning.galleries)
            frames = [_frame(number, pixels[..., 0], entrance) for number, pixels in shown[walk.person].items()]
            core, loop = (_Listening([opened[number] for number in beside]) for _ in range(2))
            ours = Core(finder, lambda _, core=core: core, replace(settings, threshold=1.0))  # type: ignore[misc]
            plain = PlainLoop(None, finder, loop, digests, _small(frames[0], settings))
            for frame in frames:
                ours.step(frame)
                plain.step(frame)
            ours.finish(frames[-1])
            found += [
                Visit(
                    person=walk.person,
                    enrolled=enrolled,
                    core=tuple(ours_told),
                    loop=tuple(plain_told),
                    core_templates=core.templates,
                    loop_templates=loop.templates,
                    gallery=f"{morning.seed}-{number}",
                )
                for number, ours_told, plain_told in zip(beside, core.told, loop.told, strict=True)
            ]
            tick()
    return found


def _remembering() -> Any:
    """`draw`, which draws nothing twice until `cache_clear`: what the gate's renderer would draw again is what it drew
    for the camera."""

    @cache
    def drawn(seed: int, view: View | Entrance | Recorded) -> Pixels:
        pixels = draw(seed, view)
        pixels.setflags(write=False)
        return pixels

    return drawn


def _numbers(entrance: Entrance, walk: Walk) -> range:
    first, last = round(walk.start_s * entrance.rate), round(walk.end_s * entrance.rate)
    return range(first, min(last, len(entrance) - 1) + 1)


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
    highest = sorted((_highest(told) for told in strangers), reverse=True)
    return float(np.nextafter(np.float32(highest[int(target * len(highest))]), np.float32(2.0)))


def compare(visits: Sequence[Visit], core_at: float, loop_at: float) -> dict[str, Any]:
    """FNIR and FPIR per visit of both ways with their intervals, and the paired differences (core − loop), at given
    thresholds. Where someone was compared with several galleries, intervals are over people."""
    told: dict[str, Any] = {}
    for what, rows in (
        ("fnir", [one for one in visits if one.enrolled]),
        ("fpir", [one for one in visits if not one.enrolled]),
    ):
        people = [one.person for one in rows]
        core, loop = (
            np.array([_wrong(one, way, at) for one in rows]) for way, at in (("core", core_at), ("loop", loop_at))
        )
        if len(set(people)) == len(people):
            paired = newcombe_paired(
                int((core & loop).sum()),
                int((core & ~loop).sum()),
                int((~core & loop).sum()),
                int((~core & ~loop).sum()),
            )
        else:
            paired = paired_difference(tally(core, people), tally(loop, people))
        told[what] = {
            "core": _rate(core, people),
            "loop": _rate(loop, people),
            "core_alone": int((core & ~loop).sum()),
            "loop_alone": int((loop & ~core).sum()),
            "difference": float(core.mean() - loop.mean()),
            "interval": [paired.low, paired.high],
            "method": paired.method,
        }
    told["templates_per_visit"] = {
        "core": float(np.mean([one.core_templates for one in visits])),
        "loop": float(np.mean([one.loop_templates for one in visits])),
    }
    return told


CARRIED = "two-way over people and galleries (Cameron, Gelbach, Miller 2011), thresholds' chance carried over; t"


def carried(
    visits: Sequence[Visit], others: Sequence[Visit], core_at: float, loop_at: float, level: float = 0.95
) -> Interval:
    """Interval of the difference in FPIR (core − loop) that reckons with the thresholds' own chance, too.

    Both thresholds were fixed on `others` for one FPIR. What chance did to that shows in those tested with the other
    sign, to first order: the strangers who fixed them happened to raise more alarms one way, so that way's threshold is
    higher than it need be. So the variance is that of the mean difference of errors in those tested plus that in those
    who fixed the thresholds, each two-way over people and galleries (Cameron, Gelbach and Miller 2011, Journal of
    Business & Economic Statistics 29; never less than over people alone), with t for the fewer galleries.
    """
    ends = []
    for rows in ([one for one in visits if not one.enrolled], others):
        core, loop = (
            np.array([_wrong(one, way, at) for one in rows], np.float64)
            for way, at in (("core", core_at), ("loop", loop_at))
        )
        ends.append((rows, core - loop))
    (_, tested), _ = ends
    spread = sum(_two_way(rows, difference) for rows, difference in ends)
    few = min(len({one.gallery for one in rows}) for rows, _ in ends)
    half = float(t.isf((1.0 - level) / 2, few - 1)) * math.sqrt(spread) if few > 1 else math.inf
    middle = float(tested.mean())
    return Interval(max(-1.0, middle - half), min(1.0, middle + half), level, CARRIED)


def _two_way(rows: Sequence[Visit], values: NDArray[np.float64]) -> float:
    """The variance of the mean of `values`, one a row, over people and galleries."""
    residual = values - values.mean()
    people, galleries, both = (
        _summed(residual, groups)
        for groups in (
            [one.person for one in rows],
            [one.gallery for one in rows],
            [f"{one.person} {one.gallery}" for one in rows],
        )
    )
    return max(people + galleries - both, people) / values.size**2


def _summed(residual: NDArray[np.float64], groups: Sequence[int | str]) -> float:
    """The sum of squares of the groups' sums, with n/(n-1)."""
    _, whose = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(whose, weights=residual)
    return float((sums**2).sum()) * sums.size / max(1, sums.size - 1)


def _told(visit: Visit, way: str) -> Told:
    return visit.core if way == "core" else visit.loop


def _highest(told: Told) -> float:
    return max((score for score, _ in told), default=-1.0)


def _wrong(visit: Visit, way: str, at: float) -> bool:
    name = name_at(_told(visit, way), at)
    return name != str(visit.person) if visit.enrolled else name is not None


def _rate(errors: NDArray[np.bool_], people: Sequence[int]) -> dict[str, Any]:
    alone = len(set(people)) == len(people)
    interval = clopper_pearson(int(errors.sum()), errors.size) if alone else proportion(tally(errors, people))
    return {"errors": int(errors.sum()), "of": int(errors.size), "value": float(errors.mean())} | {
        "interval": [interval.low, interval.high]
    }
