"""Other ways to find out who comes, written plainly: what the core's cost is put beside.

None of it is anyone else's code: the plain loop is what examples do, the schedule is Frigate's as its documentation
describes it, with the networks of this run in both.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from edge.align import align
from edge.core.frame import Frame, bgr
from edge.core.loop import Core, Decided, Recogniser, enlarged
from edge.core.track import PlainTracker
from edge.detect import Detector
from edge.face import Box, Crop, Face, Picture, Pixels
from models.anysize import any_size
from models.registry import Installed


@dataclass(frozen=True, slots=True)
class Sighting:
    """A face compared with the gallery: where and when, and whom it was most alike."""

    box: Box
    time_ns: int
    subject: str
    score: float


class Peer(Protocol):
    """Looks at frames. `sightings` are what it found out, `decided_ns` how long after a frame's arrival each came."""

    sightings: list[Sighting]
    decided_ns: list[int]

    def step(self, frame: Frame) -> None:
        """Look at one frame."""
        ...

    def finish(self, frame: Frame) -> None:
        """`frame` was the last."""
        ...


@dataclass
class Idle:
    """Looks at nothing (`convert`: turns each frame into BGR): the source's own cost."""

    convert: bool = False
    sightings: list[Sighting] = field(default_factory=list)
    decided_ns: list[int] = field(default_factory=list)

    def step(self, frame: Frame) -> None:
        """See Peer."""
        if self.convert:
            bgr(frame.main)

    def finish(self, frame: Frame) -> None:
        """See Peer."""


class Threshold:
    """The core itself."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.sightings: list[Sighting] = []
        self.decided_ns: list[int] = []
        self.reasons: dict[str, int] = {}

    def step(self, frame: Frame) -> None:
        """See Peer."""
        self._note(self.core.step(frame))

    def finish(self, frame: Frame) -> None:
        """See Peer."""
        self._note(self.core.finish(frame))

    def _note(self, decided: Sequence[Decided]) -> None:
        for one in decided:
            self.reasons[one.reason] = self.reasons.get(one.reason, 0) + 1
            self.decided_ns.append(one.took_ns)
            if one.subject is not None and one.score is not None:
                self.sightings.append(Sighting(one.box, one.seen_ns, one.subject, one.score))


class FaceDetectorYN:
    """OpenCV's own loop around a network of YuNet's contract, at one size."""

    def __init__(self, installed: Installed, score: float) -> None:
        # OpenCV reads networks from files; the name isn't known to anyone else.
        descriptor, name = tempfile.mkstemp(suffix=".onnx")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(any_size(installed.read()))
            self._detector = cv2.FaceDetectorYN.create(name, "", (320, 192), score, 0.3)
        finally:
            Path(name).unlink()

    def detect(self, pixels: Pixels) -> list[Face]:
        """Faces in a picture, in its px."""
        self._detector.setInputSize((pixels.shape[1], pixels.shape[0]))
        _, rows = self._detector.detect(pixels)
        faces = []
        for row in () if rows is None else rows:
            left, top, width, height = (float(value) for value in row[:4])
            faces.append(
                Face(Box(left, top, width, height), row[4:14].reshape(5, 2).astype(np.float32), float(row[14]))
            )
        return faces


@dataclass
class PlainLoop:
    """The plain OpenCV loop: every frame is converted, made smaller and searched; every face found is aligned on the
    whole frame, embedded and compared.

    `digests` are the frames' digests, by which the permit covers them; working them out isn't charged to it. `own` uses
    the core's own detector in place of FaceDetectorYN. `full`: searches the whole frame, not the small one.
    """

    detector: FaceDetectorYN | None
    own: Detector | None
    recogniser: Recogniser
    digests: Sequence[bytes] | Mapping[int, bytes]
    small: tuple[int, int]
    full: bool = False
    sightings: list[Sighting] = field(default_factory=list)
    decided_ns: list[int] = field(default_factory=list)

    def step(self, frame: Frame) -> None:
        """See Peer."""
        pixels = bgr(frame.main)
        small = pixels if self.full else np.asarray(cv2.resize(pixels, self.small), np.uint8)
        across, down = pixels.shape[1] / small.shape[1], pixels.shape[0] / small.shape[0]
        found: Sequence[Face]
        if self.own is not None:
            found = self.own.detect(Picture(small, "frame", b""))
        elif self.detector is not None:
            found = self.detector.detect(small)
        else:
            found = ()
        picture = Picture(pixels, "frame", self.digests[frame.number])
        for face in found:
            large = enlarged(face, across, down)
            self._compare(frame, large, align(picture, large))

    def _compare(self, frame: Frame, face: Face, crop: Crop) -> None:
        best = self.recogniser.best(self.recogniser.embed([crop])[0])
        self.sightings.append(Sighting(face.box, frame.time_ns, best.subject, best.score))

    def finish(self, frame: Frame) -> None:
        """See Peer."""


class FaceRecognition:
    """The loop of `face_recognition`'s own example, with its own networks (dlib's), where somebody has installed it: a
    frame made a quarter as large each way, its faces found, encoded and compared by distance, every second frame.

    Its templates can't be compared with ours: it enrols itself, from the same drawn pictures, which the permit covers
    with the frames; each frame's digest is asked for before it is encoded.
    """

    MODULE = "face_recognition"

    def __init__(
        self,
        enrolled: Mapping[int, Sequence[Pixels]],
        allowed: Callable[[int], None],
    ) -> None:
        """`allowed` raises policy.gate.Refused for a frame (by number) that no permit covers. Raises ImportError."""
        self._library: Any = importlib.import_module(self.MODULE)
        self._allowed = allowed
        self._names: list[str] = []
        known = []
        for who, pictures in enrolled.items():
            for pixels in pictures:
                for encoding in self._library.face_encodings(np.ascontiguousarray(pixels[..., ::-1])):
                    self._names.append(str(who))
                    known.append(encoding)
        self._known = np.array(known)
        self.sightings: list[Sighting] = []
        self.decided_ns: list[int] = []

    @classmethod
    def installed(cls) -> bool:
        """Whether the library is there. It never is a dependency."""
        return importlib.util.find_spec(cls.MODULE) is not None

    def step(self, frame: Frame) -> None:
        """See Peer."""
        if frame.number % 2:
            return
        self._allowed(frame.number)
        pixels = bgr(frame.main)
        small = cv2.resize(pixels, (0, 0), fx=0.25, fy=0.25)
        colours = np.ascontiguousarray(small[..., ::-1])
        places = self._library.face_locations(colours)
        for (top, right, bottom, left), encoding in zip(
            places, self._library.face_encodings(colours, places), strict=True
        ):
            if not len(self._known):
                continue
            distances = self._library.face_distance(self._known, encoding)
            best = int(np.argmin(distances))
            box = Box(4.0 * left, 4.0 * top, 4.0 * (right - left), 4.0 * (bottom - top))
            self.sightings.append(Sighting(box, frame.time_ns, self._names[best], 1.0 - float(distances[best])))

    def finish(self, frame: Frame) -> None:
        """See Peer."""


@dataclass
class _Attempts:
    made: int = 0
    named: bool = False
    scores: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


class FrigateSchedule:
    """Frigate's published schedule, plainly: motion on a small luma against a running mean; detection while something
    moves or is followed; at most 12 embeddings a track, 6 once it has a name; the name by a vote weighted with area and
    score.

    From its documentation: frames are looked at 5 times a second (the recommended rate); motion in a picture 100 px
    high, threshold 30, contours from 10 px; faces from 750 px² on, of a score of 0.7; the whole frame is converted
    before it is cut. Its chain finds a person first and the face in the person; here one detection of faces stands
    for both, which is cheaper.
    """

    RATE, HEIGHT, LEVELS, CONTOUR, AREA = 5.0, 100, 30, 10, 750
    MOST, MOST_NAMED = 12, 6

    def __init__(
        self,
        detector: FaceDetectorYN,
        recogniser: Recogniser,
        digests: Sequence[bytes],
        small: tuple[int, int],
        threshold: float,
    ) -> None:
        self._detector, self._recogniser, self._digests = detector, recogniser, digests
        self._small, self._threshold = small, threshold
        self._mean: np.ndarray | None = None
        self._tracker = PlainTracker()
        self._attempts: dict[int, _Attempts] = {}
        self._next_ns = 0
        self.embeddings = self.detections = 0
        self.followed: set[int] = set()
        self.sightings: list[Sighting] = []
        self.decided_ns: list[int] = []

    def step(self, frame: Frame) -> None:
        """See Peer."""
        if frame.time_ns < self._next_ns:
            return
        self._next_ns = frame.time_ns + round(1e9 / self.RATE)
        moving = self._moves(frame)
        for track in self._tracker.expire(frame.time_ns):
            self._attempts.pop(track.id, None)
        if not moving and not self._tracker.tracks:
            return
        small = frame.colours(self._small[0])
        self.detections += 1
        across, down = frame.main.width / small.shape[1], frame.main.height / small.shape[0]
        faces = [enlarged(face, across, down) for face in self._detector.detect(small)]
        for track in self._tracker.update(faces, frame.time_ns):
            self.followed.add(track.id)
            attempts = self._attempts.setdefault(track.id, _Attempts())
            if attempts.made >= (self.MOST_NAMED if attempts.named else self.MOST):
                continue
            if track.face.box.area < self.AREA or track.face.score < 0.7:
                continue
            picture = Picture(bgr(frame.main), "frame", self._digests[frame.number])
            best = self._recogniser.best(self._recogniser.embed([align(picture, track.face)])[0])
            self.embeddings += 1
            self._vote(frame, track.face, attempts, best.subject, best.score)

    def _vote(self, frame: Frame, face: Face, attempts: _Attempts, subject: str, score: float) -> None:
        attempts.made += 1
        attempts.scores.setdefault(subject, []).append((face.box.area, score))
        subject, rows = max(attempts.scores.items(), key=lambda item: sum(area * score for area, score in item[1]))
        mean = sum(area * score for area, score in rows) / sum(area for area, _ in rows)
        attempts.named = mean >= self._threshold
        self.sightings.append(Sighting(face.box, frame.time_ns, subject, mean))

    def _moves(self, frame: Frame) -> bool:
        luma = frame.main.planes[0]
        size = (round(luma.shape[1] * self.HEIGHT / luma.shape[0]), self.HEIGHT)
        now = cv2.GaussianBlur(cv2.resize(luma, size, interpolation=cv2.INTER_NEAREST), (3, 3), 0)
        if self._mean is None:
            self._mean = now.astype(np.float32)
            return False
        changed = cv2.absdiff(now, cv2.convertScaleAbs(self._mean))
        cv2.accumulateWeighted(now, self._mean, 0.2)
        _, mask = cv2.threshold(changed, self.LEVELS, 255, cv2.THRESH_BINARY)
        outlines, _ = cv2.findContours(cv2.dilate(mask, None), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)  # type: ignore[call-overload]
        return any(cv2.contourArea(outline) > self.CONTOUR for outline in outlines)

    def finish(self, frame: Frame) -> None:
        """See Peer."""
