"""What the frame core costs a visit, beside plain ways to the same end, on the same clip, networks and threads.

Processor time is the operating system's own account of this process (CLOCK_PROCESS_CPUTIME_ID: all threads, user and
system), read after each frame, so that a second shared with other programs doesn't count. What the source costs by
itself is measured with a consumer that looks at nothing, and subtracted.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.clip import Clip, ClipSource, draw
from benchmarks.machine import describe, run_with
from benchmarks.overhead import overhead
from benchmarks.peers import FaceDetectorYN, FaceRecognition, FrigateSchedule, Idle, Peer, PlainLoop, Threshold
from benchmarks.synthetic import SyntheticPeople
from edge.acquire import Acquirer, Missed
from edge.core.capture import Capture, Counts
from edge.core.crop import crop
from edge.core.frame import Frame
from edge.core.loop import Core, Recogniser, Settings, enlarged
from edge.core.source import Paced
from edge.core.track import likeness
from edge.core.watch import Pacing, Stopwatch, spread
from edge.detect import Detector
from edge.embed import Embedder, unit
from edge.face import Crop, Picture, Template
from edge.gallery import Candidate, Gallery
from edge.health import Monitor
from edge.network import Backend, Tensor
from edge.picture import of_pixels
from edge.vision import open_detector, open_embedder
from models.registry import Installed
from policy.gate import Gate
from policy.permit import Permit
from policy.synthetic import Claim

SCORE = 0.6
"""The least detector score of a face, for all."""
ENROLMENT = 3
"""Pictures a person is enrolled with."""
OTHERS = 30
"""People in the gallery who don't come."""
THRESHOLDS = {"bundled-embedder": 0.515, "mobilefacenet-foamliu": 0.54}
"""Cosines from which a track is recognised: for an FPIR of 3 % a visit. Bundled: of 200 drawn strangers in galleries of
50 (`make prove-core-accuracy` finds it on more of them); the other one of 30 in a gallery of 30, before the second look
at a face was added. For counting work on clips; a site's threshold comes from its own evaluation."""

Steps = Callable[[str, int], Callable[[], None]]
PeerName = Literal[
    "opencv_loop", "opencv_loop_own_backend", "frigate_schedule", "opencv_loop_full_size", "face_recognition"
]
PEERS: tuple[PeerName, ...] = ("opencv_loop", "opencv_loop_own_backend", "frigate_schedule")


def present() -> tuple[PeerName, ...]:
    """PEERS, and the libraries beside them that happen to be installed."""
    return (*PEERS, "face_recognition") if FaceRecognition.installed() else PEERS


@dataclass
class Meter:
    """Around a backend: its calls, also by the input's shape, and the processor time of the calling thread in them, ns.

    Other threads of a network's own (a runtime of more than one) aren't in it: they count as overhead.
    """

    backend: Backend
    calls: int = 0
    cpu_ns: int = 0
    shapes: Counter[tuple[int, ...]] = field(default_factory=Counter)

    def run(self, tensor: Tensor) -> Mapping[str, Tensor]:
        """See edge.network.Backend."""
        begun = time.thread_time_ns()
        try:
            return self.backend.run(tensor)
        finally:
            self.cpu_ns += time.thread_time_ns() - begun
            self.calls += 1
            self.shapes[tensor.shape] += 1


@dataclass(frozen=True, slots=True)
class Opened:
    """A recogniser under a permit (edge.core.loop.Recogniser)."""

    embedder: Embedder
    gallery: Gallery

    def embed(self, crops: list[Crop]) -> NDArray[np.float32]:
        """See Recogniser."""
        return self.embedder.embed(crops)

    def best(self, probe: Template) -> Candidate:
        """See Recogniser."""
        return self.gallery.best(probe)


@dataclass
class Bench:
    """One clip with its permit, networks, gallery and meters."""

    clip: Clip
    detector: Detector
    plain_detector: FaceDetectorYN
    recogniser: Recogniser
    enrolled: frozenset[int]
    digests: tuple[bytes, ...] = field(repr=False)
    meters: list[Meter] = field(repr=False)
    settings: Settings
    networks: tuple[str, ...]
    """Ids of the networks, detector first, in the meters' order; one that was opened twice stands there twice."""
    pictures: Mapping[int, list[Picture]] = field(repr=False)
    """Of everyone enrolled."""
    covered: Callable[[int], None] = field(repr=False)
    """Raises policy.gate.Refused for a frame, by its number, of which no template may be made."""

    @property
    def inference_ns(self) -> int:
        """Of the core's networks so far."""
        return sum(meter.cpu_ns for meter in self.meters)

    @property
    def inferences(self) -> Counter[tuple[str, tuple[int, ...]]]:
        """So far, by network and input's shape."""
        told: Counter[tuple[str, tuple[int, ...]]] = Counter()
        for name, meter in zip(self.networks, self.meters, strict=True):
            for shape, count in meter.shapes.items():
                told[name, shape] += count
        return told


def prepare(clip: Clip, detector: Installed, embedder: Installed, settings: Settings, steps: Steps) -> Bench:
    """Have the gate draw every frame again, enrol every second person of the clip, open the networks.

    Raises policy.gate.Refused, ModelError, NetworkError.
    """
    source = SyntheticPeople(seed=0)
    comers = clip.people[::2]
    others = range(10_000_000, 10_000_000 + OTHERS)
    views = {
        who: [source.view(f"{who}/enrolment-{number}") for number in range(ENROLMENT)] for who in (*comers, *others)
    }
    tick = steps("permit", len(clip) + len(views) * ENROLMENT)
    pictures = {who: [of_pixels(draw(*view), str(who)) for view in seen] for who, seen in views.items()}
    digests: list[bytes] = []

    def claims() -> Any:
        for claim in clip.claims():
            digests.append(claim.digest)
            tick()
            yield claim
        for who, seen in views.items():
            for (seed, view), picture in zip(seen, pictures[who], strict=True):
                tick()
                yield Claim(seed, view, picture.pixels)

    gate = Gate(sets=[], render=draw)
    permit = gate.synthetic(claims(), "bench core")
    meters: list[Meter] = []

    def metered(backend: Backend) -> Backend:
        meters.append(Meter(backend))
        return meters[-1]

    opened = open_detector(detector, score=SCORE, around=metered)
    network = open_embedder(embedder, gate, permit, around=metered)
    gallery = gallery_of(pictures, open_detector(detector), network, gate, permit)

    def covered(number: int) -> None:
        gate.require(permit, "template", digests[number])

    return Bench(
        clip=clip,
        detector=opened,
        plain_detector=FaceDetectorYN(detector, SCORE),
        recogniser=Opened(network, gallery),
        enrolled=frozenset(comers),
        digests=tuple(digests),
        meters=meters,
        settings=settings,
        networks=(detector.network.id, embedder.network.id),
        pictures=pictures,
        covered=covered,
    )


def gallery_of(
    pictures: Mapping[int, list[Picture]], detector: Detector, network: Embedder, gate: Gate, permit: Permit
) -> Gallery:
    """Everyone's reference, of all their pictures together; who shows no usable face has none."""
    references: dict[str, Template] = {}
    acquirer = Acquirer(detector)
    for who, shown in pictures.items():
        found = [acquirer.acquire(picture) for picture in shown]
        crops = [one.crop for one in found if not isinstance(one, Missed)]
        if crops:
            references[str(who)] = unit(network.embed(crops).sum(0, keepdims=True))[0]
    return Gallery(references, gate, permit)


@dataclass(frozen=True, slots=True)
class Played:
    """What one consumer used of a clip: processor time and inference of each frame by its number (0 where it was
    dropped; ns), inferences by network and shape, what became of the frames, and how evenly those taken arrived."""

    cpu_ns: NDArray[np.int64] = field(repr=False)
    inference_ns: NDArray[np.int64] = field(repr=False)
    step_ns: list[int] = field(repr=False)
    counts: Counts | None
    inferences: Counter[tuple[str, tuple[int, ...]]]
    pacing: Pacing


def play(bench: Bench, peer: Peer, paced: bool) -> Played:
    """Show a clip to a consumer: as a live camera at the clip's rate (`paced`), or one frame after another."""
    clip = bench.clip
    cpu, inference = np.zeros(len(clip), np.int64), np.zeros(len(clip), np.int64)
    steps: list[int] = []
    last: Frame | None = None
    calls, pacing = bench.inferences, Pacing()
    before, before_inference = time.process_time_ns(), bench.inference_ns

    def look(frame: Frame) -> None:
        nonlocal before, before_inference, last
        pacing.frame(frame.arrived_ns)
        begun = time.perf_counter_ns()
        peer.step(frame)
        steps.append(time.perf_counter_ns() - begun)
        now, spent = time.process_time_ns(), bench.inference_ns
        cpu[frame.number], inference[frame.number] = now - before, spent - before_inference
        before, before_inference, last = now, spent, frame

    counts = None
    if paced:
        with Capture(lambda: Paced(ClipSource(clip))) as capture:
            for frame in capture:
                look(frame)
            counts = capture.counts
    else:
        source = ClipSource(clip)
        try:
            while (one := source.read()) is not None:
                look(one)
        finally:
            source.close()
    if last is not None:
        peer.finish(last)
    return Played(cpu, inference, steps, counts, bench.inferences - calls, pacing)


def measure(bench: Bench, peers: Sequence[PeerName], paced: bool, steps: Steps, rounds: int = 1) -> dict[str, Any]:
    """The core, the peers, the floor and the sources on one clip, `rounds` times in turn; medians of the rounds."""
    cv2.setNumThreads(1)
    clip, small = bench.clip, _small(bench)
    watch = Stopwatch()
    makers: dict[str, Callable[[], Peer]] = {
        "source": Idle,
        "core": lambda: Threshold(Core(bench.detector, lambda _: bench.recogniser, bench.settings, watch)),
        "converted": lambda: Idle(convert=True),
        "opencv_loop": lambda: PlainLoop(bench.plain_detector, None, bench.recogniser, bench.digests, small),
        "opencv_loop_own_backend": lambda: PlainLoop(None, bench.detector, bench.recogniser, bench.digests, small),
        "opencv_loop_full_size": lambda: PlainLoop(
            bench.plain_detector, None, bench.recogniser, bench.digests, small, full=True
        ),
        "frigate_schedule": lambda: FrigateSchedule(
            bench.plain_detector, bench.recogniser, bench.digests, small, bench.settings.threshold
        ),
        "face_recognition": lambda: FaceRecognition(
            {who: [picture.pixels for picture in shown] for who, shown in bench.pictures.items()}, bench.covered
        ),
    }
    names = ["source", "core", *(["converted"] if peers else []), *peers]
    tick = steps(clip.name, rounds * len(names) + 1)
    _warm(bench)
    runs: dict[str, list[tuple[Peer, Played]]] = {name: [] for name in names}
    with Monitor() as monitor:
        for _ in range(rounds):
            for name in names:
                peer = makers[name]()
                runs[name].append((peer, play(bench, peer, paced)))
                tick()
    if monitor.condition is None:
        raise RuntimeError("expected the machine's condition after a run, found none")
    there = np.array([told.visit for told in clip.truth])
    visits = len(clip.people)

    def middle(name: str, what: Callable[[Played, Played], float]) -> float:
        """The median over the rounds of a run beside its source."""
        # Frigate converts in its own loop, so that is its own cost; a camera or decoder may hand BGR to a plain loop.
        beside = "converted" if name.startswith(("opencv", "face_recognition")) else "source"
        return float(np.median([what(run, idle) for (_, run), (_, idle) in zip(runs[name], runs[beside], strict=True)]))

    def per_visit(run: Played, idle: Played) -> float:
        return float(run.cpu_ns[there].sum() - idle.cpu_ns[there].sum()) / 1e9 / visits

    spent = {name: middle(name, per_visit) for name in ("core", *peers)}
    floor_s = floor(bench)
    tick()
    ratio = {f"cpu_per_visit_vs_{name}": spent["core"] / spent[name] for name in peers}
    ratio["cpu_per_visit_vs_floor"] = spent["core"] / floor_s
    empty = ~there
    ours, last = runs["core"][-1]
    if not isinstance(ours, Threshold):
        raise TypeError(f"expected the core's run, found {type(ours).__name__}")
    cores = [run for _, run in runs["core"]]
    drops = max((run.counts.dropped / run.counts.arrived if run.counts else 0.0) for run in cores)
    return {
        "frames": len(clip),
        "frames_with_someone": int(there.sum()),
        "size": [clip.entrance.width, clip.entrance.height],
        "rate": clip.entrance.rate,
        "visits": visits,
        "rounds": rounds,
        "loops": {name: _told(bench, *runs[name][-1]) | {"cpu_s_per_visit": spent[name]} for name in ("core", *peers)},
        "floor_cpu_s_per_visit": floor_s,
        "networks_cpu_s_per_visit": float(np.median([run.inference_ns[there].sum() for run in cores])) / 1e9 / visits,
        "source_ms_per_frame": {
            name: float(np.median([run.cpu_ns.mean() for _, run in runs[name]])) / 1e6
            for name in ("source", "converted")
            if name in runs
        },
        "ratio": ratio,
        "overhead_ms_per_frame": middle(
            "core", lambda run, idle: float((run.cpu_ns - run.inference_ns - idle.cpu_ns)[there].mean()) / 1e6
        ),
        "empty_ms_per_frame": middle("core", lambda run, idle: float((run.cpu_ns - idle.cpu_ns)[empty].mean()) / 1e6)
        if empty.any()
        else None,
        "work": asdict(ours.core.tally),
        "inferences": [
            {"network": network, "input": list(shape), "count": count}
            for (network, shape), count in sorted(last.inferences.items())
        ],
        "pacing_ms": [list(bucket) for bucket in last.pacing.table()] if paced else None,
        "reasons": ours.reasons,
        "stages_cpu": {stage: asdict(told) for stage, told in watch.cpu().items()},
        "stages_wall": {stage: asdict(told) for stage, told in watch.wall().items()},
        "instrumentation": overhead(watch, float(np.mean([run.cpu_ns.mean() for run in cores]))),
        "condition": asdict(monitor.condition),
        "void": [
            *([f"{drops:.1%} of the frames were dropped"] if drops > 0.01 else []),
            *monitor.condition.void,
        ],
    }


def _small(bench: Bench) -> tuple[int, int]:
    """The size of the core's small stream."""
    source = ClipSource(bench.clip)
    try:
        frame = source.read()
    finally:
        source.close()
    if frame is None:
        raise ValueError(f"{bench.clip.path}: expected a frame, found none")
    colours = frame.colours(bench.settings.detect_px)
    return colours.shape[1], colours.shape[0]


def _warm(bench: Bench) -> None:
    """Every network has run, every page of code was read, before anything is measured."""
    source = ClipSource(bench.clip)
    core = Core(bench.detector, lambda _: bench.recogniser, bench.settings)
    try:
        for _ in range(10):
            if (frame := source.read()) is not None:
                core.step(frame)
                bench.plain_detector.detect(frame.colours(bench.settings.detect_px))
    finally:
        source.close()
    blank = Crop(np.zeros((112, 112, 3), np.uint8), bench.digests[0])
    bench.recogniser.best(bench.recogniser.embed([blank])[0])


def _told(bench: Bench, peer: Peer, played: Played) -> dict[str, Any]:
    """What a loop found out, and how long it took."""
    latency = spread(peer.decided_ns)
    step = spread(played.step_ns)
    return {
        "cpu_s": float(played.cpu_ns.sum()) / 1e9,
        "cpu_s_per_frame_with_source": float(played.cpu_ns.mean()) / 1e9,
        "visits": outcome(bench, peer),
        "frame_to_decision": asdict(latency) if latency else None,
        "step": asdict(step) if step else None,
        "drops": asdict(played.counts) if played.counts else None,
    }


def outcome(bench: Bench, peer: Peer) -> dict[str, int]:
    """Of the visits by people who can be seen: how many were compared at all, recognised rightly, wrongly."""
    best: dict[int, tuple[float, str]] = {}
    for sighting in peer.sightings:
        number = min(len(bench.clip) - 1, round(sighting.time_ns * bench.clip.entrance.rate / 1e9))
        faces = bench.clip.truth[number].faces
        if not faces:
            continue
        nearest = max(faces, key=lambda face: likeness(face.box, sighting.box))
        if likeness(nearest.box, sighting.box) >= 0.3:
            best[nearest.person] = max(best.get(nearest.person, (-2.0, "")), (sighting.score, sighting.subject))
    at = bench.settings.threshold
    visible = bench.clip.visible
    return {
        "people": len(visible),
        "compared": sum(person in best for person in visible),
        "enrolled": len(visible & bench.enrolled),
        "right": sum(
            person in best and best[person][0] >= at and best[person][1] == str(person)
            for person in visible & bench.enrolled
        ),
        "wrong_name": sum(
            person in best and best[person][0] >= at and best[person][1] != str(person) for person in visible
        ),
    }


def floor(bench: Bench, rounds: int = 3) -> float:
    """The least it could cost: one detection and one embedding a visit, one after another, s of processor time."""
    frames = _seen(bench)
    least = float("inf")
    for _ in range(rounds):
        begun = time.process_time_ns()
        for frame in frames:
            small = frame.colours(bench.settings.detect_px)
            found = bench.detector.detect(Picture(small, "frame", b""))
            if found:
                face = enlarged(found[0], frame.main.width / small.shape[1], frame.main.height / small.shape[0])
                pixels = crop(frame.main, face.points)
                bench.recogniser.best(bench.recogniser.embed([Crop(pixels, bench.digests[frame.number])])[0])
        least = min(least, (time.process_time_ns() - begun) / 1e9)
    return least / max(1, len(frames))


def _seen(bench: Bench) -> list[Frame]:
    """Of each person the frame in which the face is largest."""
    largest: dict[int, tuple[float, int]] = {}
    for number, told in enumerate(bench.clip.truth):
        for face in told.faces:
            if face.visible > 0.95:
                largest[face.person] = max(largest.get(face.person, (0.0, 0)), (face.box.area, number))
    wanted = {number for _, number in largest.values()}
    source = ClipSource(bench.clip)
    kept: dict[int, Frame] = {}
    try:
        while (frame := source.read()) is not None:
            if frame.number in wanted:
                kept[frame.number] = frame
    finally:
        source.close()
    return [kept[number] for _, number in largest.values()]


def settings(embedder: str, detect_px: int = 480) -> Settings:
    """The core's settings for an embedder, with the threshold that `benchmarks.visited` found for it."""
    return Settings(threshold=THRESHOLDS.get(embedder, 0.5), detect_px=detect_px)


def document(
    clips: Mapping[str, dict[str, Any]],
    networks: Sequence[Installed],
    chosen: Settings,
    paced: bool,
    liveness: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What `bench core` says. `ratio.CLIP.cpu_per_visit_vs_…` is the core's processor time a visit over the other's;
    `overhead_ms_per_frame` is the greatest of the clips'. `liveness` is what benchmarks.liveness found, where such a
    network is installed; it takes no part in the clips' figures."""
    return {
        "ratio": {name: told["ratio"] for name, told in clips.items()},
        "overhead_ms_per_frame": max(told["overhead_ms_per_frame"] for told in clips.values()),
        "clips": dict(clips),
        "networks": [installed.network.id for installed in networks],
        "settings": asdict(chosen),
        "opencv_threads": 1,
        "paced": paced,
        "liveness": liveness or "not installed",
        "machine": describe() | run_with(*networks),
        "grade": "synthetic",
        "note": (
            "All people are drawn: no evidence about people. Processor time of the whole process by the operating "
            "system's account; the source's own is subtracted everywhere, for the plain OpenCV loop with the "
            "conversion to BGR; frames with nobody there are left out of the time per visit."
        ),
    }
