"""Which backend, with how many threads, runs a network with the least processor time on this very machine.

All contestants run in one process, in rounds whose order is shuffled, so that what else goes on falls on all alike;
each is compared with the default by the ratio of the same round. A turn is a few inferences and then a pause, as
between two frames, and processor time is the whole process's: threads that spin while they wait are charged with it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import cv2
import numpy as np
from scipy import stats

from benchmarks.clip import draw
from benchmarks.synthetic import SyntheticPeople
from edge.acquire import Acquirer, Missed
from edge.backend import installed as backends
from edge.backend import versions
from edge.backend.chosen import Choice, Settings
from edge.core.refine import SIZE_PX
from edge.face import Picture
from edge.health import Condition, Monitor
from edge.machine import identity
from edge.network import Backend, NetworkError, Tensor
from edge.picture import of_pixels
from edge.vision import open_detector, open_embedder
from models.registry import Installed
from models.runtime import DEFAULT, BackendName, Runtime
from policy.gate import Gate
from policy.synthetic import Claim

TOLERANCE = 1e-4
"""The most that an output may be apart from the default's, as a part of 1 + the largest value of that output: some 30
times what the order of float32 sums makes."""
INFERENCES = 5
"""Of a turn, whose median counts."""
PAUSE_S = 0.02
"""After a turn: longer than onnxruntime's threads spin."""
LEAST_ROUNDS = 12
LEVEL = 0.95
PEOPLE = 4
"""Drawn people whose faces are run."""

Steps = Callable[[str, int], Callable[[], None]]


class Tap:
    """Around a backend: it keeps what goes in, and lets the backend be got at."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.inputs: list[Tensor] = []

    def run(self, tensor: Tensor) -> Mapping[str, Tensor]:
        """See edge.network.Backend."""
        self.inputs.append(tensor)
        return self.backend.run(tensor)


@dataclass(frozen=True, slots=True)
class Range:
    """A median over the rounds and its interval, distribution-free, by order statistics (scipy.stats.quantile_test)."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One contestant: ms of processor and of wall time an inference, and processor time over the default's in the same
    round (None for the default). `worst` is the most that an output was apart from the default's."""

    runtime: Runtime
    cpu_ms: Range
    wall_ms: Range
    cpu_ratio: Range | None
    wall_ratio: Range | None
    worst: float


@dataclass(frozen=True, slots=True)
class Race:
    """One network's race. `out` says who was not let in, and why. The order of `figures` is the contestants'."""

    network: str
    sha256: str
    input: tuple[int, ...]
    rounds: int
    level: float
    figures: tuple[Figures, ...]
    out: tuple[tuple[Runtime, str], ...]
    winner: Runtime
    condition: Condition = field(repr=False)

    @property
    def shown(self) -> Range | None:
        """The winner's processor time over the default's; None when the default was kept."""
        return next(each.cpu_ratio for each in self.figures if each.runtime == self.winner)

    def choice(self) -> Choice:
        """What is remembered."""
        ratio = self.shown
        return Choice(
            network=self.network,
            sha256=self.sha256,
            machine=identity(),
            versions=versions(),
            runtime=Settings(**asdict(self.winner)),
            cpu_ratio=None if ratio is None else (ratio.median, ratio.low, ratio.high),
            measured=datetime.now(UTC).replace(microsecond=0),
        )


def contestants(cores: int, names: Sequence[BackendName]) -> list[Runtime]:
    """Each backend on 1, 2 and all cores, onnxruntime also spinning; the default comes first."""
    found = [
        Runtime(name, threads, spin)
        for name in names
        for threads in sorted({1, min(2, cores), cores})
        for spin in ((False, True) if name == "onnxruntime" and threads > 1 else (False,))
    ]
    return [DEFAULT, *(each for each in found if each != DEFAULT)]


def race(
    detector: Installed,
    embedder: Installed,
    steps: Steps,
    rounds: int = 30,
    detect_px: int = 480,
    seed: int = 0,
    entered: Sequence[Runtime] | None = None,
) -> list[Race]:
    """Both networks' races, on pictures of drawn people that the gate has drawn again.

    Raises policy.gate.Refused, ModelError, NetworkError when the default itself can't run a network.
    """
    if rounds < LEAST_ROUNDS:
        raise ValueError(f"rounds: expected at least {LEAST_ROUNDS}, found {rounds}.")
    entered = contestants(int(identity()["cores"]), backends()) if entered is None else entered
    detector, embedder = replace(detector, runtime=DEFAULT), replace(embedder, runtime=DEFAULT)
    people = SyntheticPeople(seed=0)
    views = [people.view(f"{who}/enrolment-0") for who in range(PEOPLE)]
    portraits = [of_pixels(draw(*view), str(number)) for number, view in enumerate(views)]
    gate = Gate(sets=[], render=draw)
    permit = gate.synthetic(
        (Claim(*view, portrait.pixels) for view, portrait in zip(views, portraits, strict=True)), "bench core"
    )
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        finder = open_detector(detector)
        crops = [one.crop for one in map(Acquirer(finder).acquire, portraits) if not isinstance(one, Missed)]

        def open_finder(runtime: Runtime) -> Tap:
            return _tapped(
                lambda around: open_detector(replace(detector, runtime=runtime), around=around),
                lambda opened: [opened.detect(picture) for picture in _scenes(portraits, detect_px)],
            )

        def open_network(runtime: Runtime) -> Tap:
            return _tapped(
                lambda around: open_embedder(replace(embedder, runtime=runtime), gate, permit, around=around),
                lambda opened: opened.embed(crops),
            )

        return [
            _one(detector, open_finder, entered, rounds, seed, steps),
            _one(embedder, open_network, entered, rounds, seed, steps),
        ]
    finally:
        cv2.setNumThreads(before)


def _tapped(opens: Callable[[Callable[[Backend], Backend]], Any], uses: Callable[[Any], Any]) -> Tap:
    taps: list[Tap] = []

    def around(backend: Backend) -> Backend:
        taps.append(Tap(backend))
        return taps[-1]

    uses(opens(around))
    return taps[0]


def _scenes(portraits: Sequence[Picture], detect_px: int) -> list[Picture]:
    """What a detector is shown: the small stream with people in it first, which is what is timed; a look close up; and
    the smallest picture there can be."""
    height = round(detect_px * 9 / 16)
    wide = np.full((height, detect_px, 3), 96, np.uint8)
    side = min(detect_px // len(portraits), height)
    for number, portrait in enumerate(portraits):
        left = number * (detect_px // len(portraits))
        wide[height - side :, left : left + side] = cv2.resize(portrait.pixels, (side, side))
    close = np.asarray(cv2.resize(portraits[0].pixels, (SIZE_PX, SIZE_PX)), np.uint8)
    least = np.asarray(cv2.resize(portraits[0].pixels, (64, 32)), np.uint8)
    return [Picture(pixels, "drawn", b"") for pixels in (wide, close, least)]


@dataclass
class _Runner:
    runtime: Runtime
    backend: Backend
    worst: float
    cpu_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)


def _one(
    installed: Installed,
    opened: Callable[[Runtime], Tap],
    entered: Sequence[Runtime],
    rounds: int,
    seed: int,
    steps: Steps,
) -> Race:
    plain = opened(DEFAULT)
    inputs = list(plain.inputs)
    expected = [plain.backend.run(tensor) for tensor in inputs]
    tick = steps(installed.network.id, rounds)
    runners, out = [_Runner(DEFAULT, plain.backend, 0.0)], []
    for runtime in entered:
        if runtime == DEFAULT:
            continue
        try:
            # Opened as the program opens it; only then compared with the default's own inputs.
            backend = opened(runtime).backend
            apart, where = distance(backend, inputs, expected)
        except NetworkError as error:
            out.append((runtime, str(error)))
            continue
        if apart > TOLERANCE:
            out.append((runtime, f"outputs {apart:.2g} apart from the default's, at most {TOLERANCE:g}: {where}"))
        else:
            runners.append(_Runner(runtime, backend, apart))
    order = random.Random(seed)  # noqa: S311  an order, not a secret
    turn = list(runners)
    with Monitor() as monitor:
        for _ in range(rounds):
            order.shuffle(turn)
            for runner in turn:
                _turn(runner, inputs[0])
            tick()
    if monitor.condition is None:
        raise RuntimeError("expected the machine's condition after a race, found none")
    # Several are compared with one: each at a level that holds for all of them together (Bonferroni).
    level = 1 - (1 - LEVEL) / max(1, len(runners) - 1)
    figures = tuple(_figures(runner, runners[0], level) for runner in runners)
    faster = [each for each in figures if each.cpu_ratio is not None and each.cpu_ratio.high < 1]
    best = min(faster, key=_ratio) if faster and not monitor.condition.void else figures[0]
    return Race(
        network=installed.network.id,
        sha256=installed.network.sha256,
        input=tuple(inputs[0].shape),
        rounds=rounds,
        level=level,
        figures=figures,
        out=tuple(out),
        winner=best.runtime,
        condition=monitor.condition,
    )


def _ratio(figures: Figures) -> float:
    return figures.cpu_ratio.median if figures.cpu_ratio else 1.0


def distance(backend: Backend, inputs: Sequence[Tensor], expected: Sequence[Mapping[str, Tensor]]) -> tuple[float, str]:
    """The most that an output is apart from what is expected, as a part of 1 + the largest expected value; and where.

    Outputs of other names or shapes, or that aren't finite, are infinitely apart.
    """
    worst, where = 0.0, ""
    for tensor, wanted in zip(inputs, expected, strict=True):
        found = backend.run(tensor)
        shape = " × ".join(str(side) for side in tensor.shape)
        if {name: value.shape for name, value in found.items()} != {name: v.shape for name, v in wanted.items()}:
            return float("inf"), f"other outputs for an input of {shape}"
        for name, value in wanted.items():
            apart = float(np.max(np.abs(found[name] - value))) / (1.0 + float(np.max(np.abs(value))))
            if not apart <= worst:  # also when it isn't a number
                worst, where = (apart if np.isfinite(apart) else float("inf")), f"{name} for an input of {shape}"
    return worst, where


def _turn(runner: _Runner, tensor: Tensor) -> None:
    runner.backend.run(tensor)  # the others have emptied the caches
    spent, walls = [], []
    for _ in range(INFERENCES):
        begun, start = time.process_time_ns(), time.perf_counter_ns()
        runner.backend.run(tensor)
        walls.append(time.perf_counter_ns() - start)
        spent.append(time.process_time_ns() - begun)
    begun = time.process_time_ns()
    time.sleep(PAUSE_S)
    afterwards = time.process_time_ns() - begun
    runner.cpu_ms.append((float(np.median(spent)) + afterwards / INFERENCES) / 1e6)
    runner.wall_ms.append(float(np.median(walls)) / 1e6)


def _figures(runner: _Runner, plain: _Runner, level: float) -> Figures:
    def over(mine: list[float], theirs: list[float]) -> Range | None:
        if runner is plain:
            return None
        return middle([mine_ms / theirs_ms for mine_ms, theirs_ms in zip(mine, theirs, strict=True)], level)

    return Figures(
        runtime=runner.runtime,
        cpu_ms=middle(runner.cpu_ms),
        wall_ms=middle(runner.wall_ms),
        cpu_ratio=over(runner.cpu_ms, plain.cpu_ms),
        wall_ratio=over(runner.wall_ms, plain.wall_ms),
        worst=runner.worst,
    )


def middle(values: Sequence[float], level: float = LEVEL) -> Range:
    """The median and its interval; without ends (−∞, ∞) where there are too few values for the level."""
    median = float(np.median(values))
    interval = stats.quantile_test(values, q=median, p=0.5).confidence_interval(level)
    low, high = float(interval.low), float(interval.high)
    return Range(median, low if np.isfinite(low) else -np.inf, high if np.isfinite(high) else np.inf)


def document(races: Sequence[Race], machine: Mapping[str, Any]) -> dict[str, Any]:
    """What `bench core --race --json` says."""
    return {
        "races": [
            {
                "network": each.network,
                "sha256": each.sha256,
                "input": list(each.input),
                "rounds": each.rounds,
                "interval_level": LEVEL,
                "ratio_interval_level": each.level,
                "contestants": [_told(figures) for figures in each.figures],
                "out": [{**asdict(runtime), "why": why} for runtime, why in each.out],
                "winner": asdict(each.winner),
                "cpu_ratio": None if each.shown is None else _range(each.shown),
                "condition": asdict(each.condition),
                "void": list(each.condition.void),
            }
            for each in races
        ],
        "versions": versions(),
        "machine": dict(machine),
        "note": (
            "Processor time is the whole process's, with a pause after each turn. Milliseconds are this machine's at "
            "this moment; ratios are of the same rounds. A winner is one whose ratio's interval lies below 1, at a "
            "level that holds for all contestants together; otherwise the default is kept."
        ),
    }


def _told(figures: Figures) -> dict[str, Any]:
    told: dict[str, Any] = asdict(figures.runtime)
    for name in ("cpu_ms", "wall_ms", "cpu_ratio", "wall_ratio"):
        value: Range | None = getattr(figures, name)
        told[name] = None if value is None else _range(value)
    return told | {"worst": figures.worst}


def _range(value: Range) -> dict[str, float | None]:
    return {name: number if np.isfinite(number) else None for name, number in asdict(value).items()}
