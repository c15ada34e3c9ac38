"""The core: frame in, decisions out. Motion asks for detection, detection feeds tracks, a track's best shot is embedded
once if that suffices, and never without a permit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.core.crop import crop, luma_crop
from edge.core.evidence import Evidence
from edge.core.frame import Frame, Planes
from edge.core.glimpse import glimpse
from edge.core.motion import COLUMNS, ROWS, Change, Motion
from edge.core.refine import Finder, refined
from edge.core.shot import Quality, light_of, pose_of, sharpness_of, size_of
from edge.core.track import Track, Tracker
from edge.core.watch import Off
from edge.errors import EdgeError
from edge.face import Box, Crop, Face, Picture, Pixels, Template, frozen
from edge.gallery import Candidate
from policy.gate import Refused

Look = Literal["near", "wide"]
"""`near`: to follow the faces known. `wide`: for newcomers, too."""
LEAST_PX, GRID_PX = 192, 64
"""The narrowest picture searched; and the widths taken are whole multiples of this."""

Reason = Literal["matched", "below-threshold", "no-permit", "poor-shots", "spoof-suspected"]
"""`no-permit`: nobody was asked for a template of, or the gate refused. `poor-shots`: no view good enough to embed.
`spoof-suspected`: a shot looked like a picture held up, so its template was dropped without being compared."""


class SettingsError(EdgeError, ValueError):
    """Error raised when the core's settings can't be: names the setting, what was expected and found."""


class Recogniser(Protocol):
    """What a permit opens: templates, and the gallery they are compared with."""

    def embed(self, crops: list[Crop]) -> NDArray[np.float32]:
        """Templates of aligned faces (n × d). Raises policy.gate.Refused, NetworkError."""
        ...

    def best(self, probe: Template) -> Candidate:
        """The most alike reference. Raises policy.gate.Refused."""
        ...


class Watcher(Protocol):
    """What looks at a shot before its template is compared: edge.liveness.Liveness."""

    @property
    def limit(self) -> float:
        """The share of spoof from which a face is suspected."""
        ...

    def cut(self, planes: Planes, face: Face) -> Pixels:
        """What it will look at, out of a frame that is soon gone. Raises NetworkError."""
        ...

    def spoof(self, cut: Pixels) -> float:
        """How much it looks like a picture held up, 0 to 1. Raises NetworkError."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What a lane is asked before a face is cut out, and again before a template is computed: of which track, how many
    faces are in view, and when, by the source's stamp and by the machine's monotonic clock.

    `searched_ns` is the source's stamp of the last frame in which small faces were searched, too: between such looks a
    newcomer far behind may not be among `faces` yet."""

    track: int
    faces: int
    time_ns: int
    arrived_ns: int = 0
    searched_ns: int = -(10**18)


Ask = Callable[[Request], Recogniser | None]
"""Whoever holds the permits. None: not now (no tag has opened a window, several faces in the zone); nothing is then
kept of the track but its place, and it is asked again on the frames that follow. Another recogniser than before begins
anew, as what was computed for the one never counts for the other: a lane gives the same one while evidence may add up.
"""


@dataclass(frozen=True, slots=True)
class Settings:
    """When the core looks, and what it is content with. Times in seconds, lengths in px of the main stream.

    `threshold` is the cosine from which a track is recognised; it belongs to one embedder and to errors per visit.
    `detect_px` is the width of the picture that faces are searched in, where the source has no small stream. A look
    that only follows takes a smaller one, in which the smallest face followed is still `near_px` wide; while something
    moves, one look every `wide_s` is at full width all the same: someone may have come unseen. `alone`: every look for
    somebody undecided is at full width, for a lane that needs to know that nobody else is there.
    `look_s` passes at least between two detections for a track without a template, `again_s` for one that is still
    undecided with it, `search_s` for newcomers; a search that finds nobody makes the next ones rarer, down to one every
    `slow_search_s`. `idle_s`: even when nothing moves, faces are searched that often. A track whose place may be wrong
    by `unsure` of its width is looked for.
    A face narrower than `least_px`, or less than `inside` of which is in the frame, is not used; from `enough_px` on
    its size costs nothing. A shot of quality `good` is embedded at once; otherwise the best one `patience_s` after the
    first usable (`usable`); never of a face seen less than `sightings` times. A `scant` one is better than none: of a
    face followed for `patience_s` it is kept, and embedded `decide_s` later or at the track's end, if nothing usable
    has come. Again only when `better` times as good as the last one embedded, at most `most_shots` times; when no
    better one can come, or after `decide_s`, an undecided track is decided against.
    """

    threshold: float
    detect_px: int = 480
    near_px: float = 28.0
    wide_s: float = 0.5
    alone: bool = False
    look_s: float = 0.13
    again_s: float = 0.2
    search_s: float = 0.13
    slow_search_s: float = 0.25
    idle_s: float = 4.0
    unsure: float = 0.35
    least_px: float = 24.0
    enough_px: float = 112.0
    inside: float = 0.95
    scant: float = 0.05
    usable: float = 0.2
    sightings: int = 2
    good: float = 0.45
    patience_s: float = 0.7
    better: float = 1.3
    most_shots: int = 4
    decide_s: float = 3.0

    def __post_init__(self) -> None:
        limits: tuple[tuple[str, float, float], ...] = (
            ("threshold", -1.0, 1.0),
            ("detect_px", 32, 4096),
            ("near_px", 8.0, 4096.0),
            ("wide_s", 0.0, 60.0),
            ("look_s", 0.0, 10.0),
            ("again_s", self.look_s, 10.0),
            ("search_s", 0.0, 10.0),
            ("slow_search_s", self.search_s, 60.0),
            ("idle_s", 0.1, 3600.0),
            ("unsure", 0.01, 10.0),
            ("least_px", 8.0, 4096.0),
            ("enough_px", self.least_px + 1, 4096.0),
            ("inside", 0.0, 1.0),
            ("scant", 0.0, 1.0),
            ("usable", self.scant, 1.0),
            ("sightings", 1, 100),
            ("good", self.usable, 1.0),
            ("patience_s", 0.0, 60.0),
            ("better", 1.01, 100.0),
            ("most_shots", 1, 100),
            ("decide_s", self.patience_s, 600.0),
        )
        for name, low, high in limits:
            if not low <= getattr(self, name) <= high:
                raise SettingsError(f"{name}: expected {low:g} to {high:g}, found {getattr(self, name)}.")


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision about one track, whose face was last seen in `box` (px of the main stream).

    Times in ns, the first three by the source's stamps: of the frame decided on, of the last and of the first sight;
    `took_ns` from that frame's arrival to the decision, by the machine's clock.

    `subject` and `score` are the most alike reference and its cosine; None where no template was computed. `detail` is
    what the gate said when it refused. `spoof`: what liveness made of the shot most suspected, 0 to 1; None where it
    isn't installed or looked at none.
    """

    track: int
    reason: Reason
    subject: str | None
    score: float | None
    shots: int
    box: Box
    time_ns: int
    seen_ns: int
    first_ns: int
    took_ns: int
    detail: str = ""
    spoof: float | None = None


@dataclass(slots=True)
class _Visit:
    """What is known of a track beside its place."""

    recogniser: Recogniser | None = None
    """For whom the shot held and the evidence are."""
    evidence: Evidence = field(default_factory=Evidence)
    usable_ns: int | None = None
    """When its first usable shot was seen."""
    scant_ns: int | None = None
    """When its first scant shot was kept."""
    denied: bool = False
    """Did the lane say no when it was last asked?"""
    refused: str = ""
    held: tuple[Crop, Quality] | None = None
    """The best shot not yet embedded."""
    cut: Pixels | None = None
    """What liveness will look at of it."""
    spoof: float | None = None
    embedded: float = 0.0
    """Quality of the best shot embedded."""
    best: Candidate | None = None
    decided: bool = False

    def turn_to(self, recogniser: Recogniser | None) -> bool:
        """Whether it is the same as before; for another one, or none, nothing of before is kept."""
        if recogniser is not None and recogniser is self.recogniser:
            return True
        self.recogniser, self.held, self.cut, self.best = recogniser, None, None, None
        self.evidence, self.embedded, self.usable_ns, self.scant_ns = Evidence(), 0.0, None, None
        return False


@dataclass(slots=True)
class Tally:
    """Work counted: what a derived figure for another machine is made from."""

    frames: int = 0
    missed: int = 0
    """Frames that the source numbered and that never came here."""
    detections: int = 0
    """In the small stream; each shot that is kept takes another one on 160 × 160 px."""
    near: int = 0
    """Of these, in a smaller picture, to follow large faces."""
    shots: int = 0
    liveness: int = 0
    """Looks of the liveness network."""
    embeddings: int = 0
    tracks: int = 0


class Core:
    """Not for use by several threads at once. `step` takes the frames in order, `finish` ends the open tracks."""

    def __init__(
        self,
        detector: Finder,
        ask: Ask,
        settings: Settings,
        watch: Off | None = None,
        liveness: Watcher | None = None,
    ) -> None:
        self._detector, self._ask, self._settings, self._liveness = detector, ask, settings, liveness
        self._watch = watch or Off()
        self._motion, self._tracker = Motion(), Tracker()
        self._visits: dict[int, _Visit] = {}
        self._size: tuple[int, int] | None = None
        self._number = -1
        self._digest: tuple[Frame, bytes] | None = None
        self._looked_ns = self._wide_ns = -(10**18)
        self._pause_s = settings.search_s
        self.tally = Tally()

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The faces followed now."""
        return tuple(self._tracker.tracks)

    def step(self, frame: Frame) -> list[Decided]:
        """Look at one frame. Raises NetworkError when a network fails.

        A frame of another size than the last ends all tracks and begins anew: the camera was changed.
        """
        self._watch.begin(frame.time_ns)
        decided: list[Decided] = []
        size = frame.main.width, frame.main.height
        if size != self._size:
            decided += self._end(self._tracker.tracks, frame)
            self._tracker.tracks, self._size = [], size
            self._motion.reset()
        self.tally.frames += 1
        self.tally.missed += max(0, frame.number - self._number - 1) if self._number >= 0 else 0
        self._number = frame.number
        change = self._motion.update(frame.luma(COLUMNS, ROWS), frame.time_ns)
        self._watch.lap("motion")
        if wanted := self._wanted(frame, change):
            decided += self._look(frame, self._width(frame) if wanted == "near" else self._settings.detect_px)
        decided += self._overdue(frame)
        decided += self._end(self._tracker.expire(frame.time_ns), frame)
        for _ in decided:
            self._watch.decision(frame.time_ns, frame.arrived_ns)
        self._watch.lap("decide")
        self._digest = None
        return decided

    def renew(self) -> None:
        """Forget what is known of the tracks but their places, decisions included: a tag has opened a window, and
        nothing seen before it counts. Faces are looked for on the next frame."""
        for track in self._tracker.tracks:
            track.carries = "nothing"
        self._visits = {track.id: _Visit() for track in self._tracker.tracks}
        self._looked_ns = -(10**18)

    def finish(self, frame: Frame) -> list[Decided]:
        """The source has ended with `frame`: decide what can be decided of the tracks still open."""
        decided = self._end(self._tracker.tracks, frame)
        self._tracker.tracks = []
        return decided

    def _wanted(self, frame: Frame, change: Change) -> Look | None:
        """Whether to detect on this frame, and for whom."""
        settings, now_ns = self._settings, frame.time_ns
        since = (now_ns - self._looked_ns) / 1e9
        if since < 0 or since >= settings.idle_s:  # less than 0: the source's stamps jumped back
            return "wide"
        tracks = self._tracker.tracks
        open_ = [visit for track in tracks if not (visit := self._visits[track.id]).decided]
        waiting = any(not visit.evidence.shots for visit in open_)
        unsure = [track for track in tracks if track.uncertainty(now_ns) >= settings.unsure]
        # A track just missed stays unsure: it is looked for a few times more until it counts as lost.
        pause_s = settings.look_s if waiting or unsure else settings.again_s
        if any(not track.missed for track in unsure) or ((unsure or open_) and since >= pause_s):
            overdue = (now_ns - self._wide_ns) / 1e9 >= settings.wide_s
            alone = settings.alone and open_
            return "wide" if alone or (change.moving and overdue) else "near"
        if not change.moving:
            self._pause_s = settings.search_s
            return None
        if since < self._pause_s:
            return None
        if not tracks or newcomers(change, [track.at(now_ns) for track in tracks], self._size or (1, 1)):
            return "wide"
        return None

    def _width(self, frame: Frame) -> int:
        """Of the picture in which the faces followed are large enough, px."""
        smallest = min(track.at(frame.time_ns).width for track in self._tracker.tracks)
        needed = self._settings.near_px * frame.main.width / max(smallest, 1.0)
        return min(self._settings.detect_px, max(LEAST_PX, math.ceil(needed / GRID_PX) * GRID_PX))

    def _look(self, frame: Frame, width: int) -> list[Decided]:
        small = frame.colours(width)
        self._watch.lap("shrink")
        found = self._detector.detect(Picture(small, "frame", b""))
        self._watch.lap("detect")
        self.tally.detections += 1
        across, down = frame.main.width / small.shape[1], frame.main.height / small.shape[0]
        faces = [enlarged(face, across, down) for face in found]
        before = len(self._tracker.tracks)
        seen = self._tracker.update(faces, frame.time_ns, [glimpse(small, face.box) for face in found])
        fresh = len(self._tracker.tracks) - before
        self.tally.tracks += fresh
        self._looked_ns = frame.time_ns
        if width == self._settings.detect_px:
            self._wide_ns = frame.time_ns
        else:
            self.tally.near += 1
        settings = self._settings
        self._pause_s = settings.search_s if fresh else min(1.5 * self._pause_s, settings.slow_search_s)
        self._watch.lap("track")
        decided: list[Decided] = []
        for track in seen:
            visit = self._visits.setdefault(track.id, _Visit())
            if not visit.decided:
                decided += self._judge(frame, track, visit)
        return decided

    def _judge(self, frame: Frame, track: Track, visit: _Visit) -> list[Decided]:
        """Is this shot worth embedding, or keeping?"""
        settings, face = self._settings, track.face
        size, pose = size_of(face, settings.least_px, settings.enough_px), pose_of(face.points)
        cut_off = face.box.inside(frame.main.width, frame.main.height) < settings.inside
        followed_s = (frame.time_ns - track.first_ns) / 1e9
        some = settings.scant if followed_s >= settings.patience_s else settings.usable
        if track.seen < settings.sightings or cut_off or size * pose < some:
            return []
        recogniser = self._asked(frame, track, visit)
        visit.turn_to(recogniser)
        if recogniser is None:
            return []
        held = visit.held[1].score if visit.held else 0.0
        least = max(settings.usable, settings.better * max(visit.embedded, held))
        if held < settings.usable and not visit.evidence.shots:
            least = min(least, max(some, 2.0 * held))  # fewer steps: each costs a look close up
        if size * pose < least:
            return []
        luma = luma_crop(frame.main, face.points)
        quality = Quality(size, pose, sharpness_of(luma), light_of(luma))
        self._watch.lap("shot")
        if quality.score < least:
            return []
        if quality.score < settings.usable:
            visit.scant_ns = frame.time_ns if visit.scant_ns is None else visit.scant_ns
        elif visit.usable_ns is None:
            visit.usable_ns = frame.time_ns
        close = refined(self._detector, frame.main, face)
        self._watch.lap("refine")
        if self._digest is None or self._digest[0] is not frame:  # several shots of one frame need it once
            self._digest = frame, frame.main.digest()
        shot = Crop(crop(frame.main, close.points), self._digest[1])
        self._watch.lap("crop")
        self.tally.shots += 1
        visit.held = shot, quality
        if self._liveness is not None:
            visit.cut = self._liveness.cut(frame.main, close)
        track.carries = "evidence"
        if quality.score >= settings.good or visit.evidence.shots:
            return self._embed(frame, track, visit)
        return []

    def _embed(self, frame: Frame, track: Track, visit: _Visit) -> list[Decided]:  # noqa: PLR0911  each says why not
        """The shot held becomes evidence, if the lane and its gate let it."""
        if visit.held is None:
            return []
        recogniser = self._asked(frame, track, visit)
        if not visit.turn_to(recogniser) or recogniser is None:
            return []  # the shot held was another's, and is gone
        (shot, quality), visit.held = visit.held, None
        try:
            template = recogniser.embed([shot])[0]  # the permit is checked here, against the very frame
            self._watch.lap("embed")
            self.tally.embeddings += 1
            if self._suspected(visit):
                return [self._decide(frame, track, visit, "spoof-suspected")]
            visit.best = recogniser.best(visit.evidence.add(template, quality.score))
            self._watch.lap("match")
        except Refused as refusal:
            visit.refused = str(refusal)
            return [self._decide(frame, track, visit, "no-permit")]
        visit.embedded = max(visit.embedded, quality.score)
        if visit.best.score >= self._settings.threshold:
            return [self._decide(frame, track, visit, "matched")]
        if visit.evidence.shots >= self._settings.most_shots or visit.embedded * self._settings.better > 1.0:
            return [self._decide(frame, track, visit, "below-threshold")]
        return []

    def _suspected(self, visit: _Visit) -> bool:
        """One suspicion decides: who could try until one shot passes would only have to try."""
        if self._liveness is None or visit.cut is None:
            return False
        spoof, visit.cut = self._liveness.spoof(visit.cut), None
        self._watch.lap("liveness")
        self.tally.liveness += 1
        visit.spoof = max(spoof, visit.spoof or 0.0)
        return spoof >= self._liveness.limit

    def _asked(self, frame: Frame, track: Track, visit: _Visit) -> Recogniser | None:
        faces = len(self._tracker.tracks)
        recogniser = self._ask(Request(track.id, faces, frame.time_ns, frame.arrived_ns, self._wide_ns))
        visit.denied = recogniser is None
        self._watch.lap("permit")
        return recogniser

    def _overdue(self, frame: Frame) -> list[Decided]:
        """Tracks that have waited long enough: embed the best there is, or decide against."""
        decided: list[Decided] = []
        for track in self._tracker.tracks:
            visit = self._visits[track.id]
            begun_ns = visit.scant_ns if visit.usable_ns is None else visit.usable_ns
            if visit.decided or begun_ns is None:
                continue
            waited = (frame.time_ns - begun_ns) / 1e9
            patience_s = self._settings.decide_s if visit.usable_ns is None else self._settings.patience_s
            if waited >= patience_s and visit.held is not None:
                decided += self._embed(frame, track, visit)
            if not visit.decided and visit.evidence.shots and waited >= self._settings.decide_s:
                decided.append(self._decide(frame, track, visit, "below-threshold"))
        return decided

    def _end(self, ended: list[Track], frame: Frame) -> list[Decided]:
        decided: list[Decided] = []
        for track in ended:
            visit = self._visits[track.id]
            if not visit.decided and visit.held is not None:
                decided += self._embed(frame, track, visit)
            if not visit.decided:
                told: Reason = (
                    "below-threshold" if visit.evidence.shots else "no-permit" if visit.denied else "poor-shots"
                )
                decided.append(self._decide(frame, track, visit, told))
            del self._visits[track.id]
        return decided

    def _decide(self, frame: Frame, track: Track, visit: _Visit, reason: Reason) -> Decided:
        best, shots = visit.best, visit.evidence.shots
        visit.turn_to(None)  # no template stays behind a decision
        visit.decided = True
        track.carries = "decision"
        return Decided(
            track=track.id,
            reason=reason,
            subject=best.subject if best else None,
            score=best.score if best else None,
            shots=shots,
            box=track.face.box,
            time_ns=frame.time_ns,
            seen_ns=track.last_ns,
            first_ns=track.first_ns,
            took_ns=time.monotonic_ns() - frame.arrived_ns,
            detail=visit.refused,
            spoof=visit.spoof,
        )


def enlarged(face: Face, across: float, down: float) -> Face:
    """A face found in the small stream, in px of the main one."""
    points = face.points * np.array([across, down], np.float32)
    frozen(points)
    box = Box(face.box.left * across, face.box.top * down, face.box.width * across, face.box.height * down)
    return Face(box, points, face.score)


def newcomers(change: Change, boxes: list[Box], size: tuple[int, int]) -> bool:
    """Whether something moves that isn't one of the faces followed, nor the body below it (three faces wide)."""
    cells = change.cells.copy()
    across, down = COLUMNS / size[0], ROWS / size[1]
    for box in boxes:
        middle = box.centre[0]
        left, right = (middle - 1.7 * box.width) * across, (middle + 1.7 * box.width) * across
        top = (box.top - 0.6 * box.height) * down
        cells[max(0, int(top)) :, max(0, int(left)) : max(0, int(right) + 1)] = False
    return Change(cells, int(np.count_nonzero(cells))).moving
