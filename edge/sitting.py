"""A sitting: one person before a camera, under a witness's eyes, until there are enough good pictures for a reference.

No template is computed here, and nothing is kept of anyone but the one person alone in view. All pictures of a sitting
are of one unbroken presence: when the face is lost, or a second one comes into view, what was taken is thrown away.
"""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from edge.core.capture import Capture
from edge.core.crop import crop, luma_crop
from edge.core.evidence import Evidence
from edge.core.frame import Frame
from edge.core.loop import enlarged
from edge.core.refine import Finder, refined
from edge.core.shot import Quality, light_of, pose_of, sharpness_of, size_of
from edge.core.source import SourceError
from edge.errors import EdgeError
from edge.face import Box, Crop, Picture, Template
from policy.enrolment import CaptureFailed
from policy.entry import Failure

Hint = Literal["nobody", "several", "whole-face", "closer", "look-here", "light", "hold-still", "stay"]
"""What the person is told next; `stay`: all is well."""
WHY: dict[Hint, Failure] = {
    "nobody": "no-face",
    "several": "several-faces",
    "whole-face": "cut-off",
    "closer": "too-small",
    "look-here": "turned-away",
    "light": "light",
    "hold-still": "blurred",
    "stay": "time",
}
"""What a sitting failed of when a hint was the one most often given."""


OPEN_S = 8.0
"""How long a camera may take to give its first frame; a network camera that doesn't answer is told after 4."""


class SittingError(EdgeError, ValueError):
    """Error raised when a sitting's terms can't be: names the term, what was expected and found."""


@dataclass(frozen=True, slots=True)
class Terms:
    """When a sitting is content. Lengths in px of the main stream, times in seconds by the source's stamps.

    `pictures` of quality `good` (0 to 1, edge.core.shot) or better are taken, each the best of a moment of `moment_s`;
    moments begin `apart_s` apart at least: frames a thirtieth of a second apart are the same picture with other noise,
    and add nothing to a reference. Three: see ADR 18, which has the figures. From `enough_px` on a face's width costs
    nothing; `inside` is the share of the face that must be in the frame. `limit_s` is all the time there is from the
    first frame; a face not seen for `lost_s` is lost.
    """

    pictures: int = 3
    good: float = 0.45
    moment_s: float = 0.4
    apart_s: float = 1.0
    least_px: float = 40.0
    enough_px: float = 112.0
    inside: float = 0.98
    detect_px: int = 480
    lost_s: float = 1.0
    limit_s: float = 30.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("pictures", 1, 20),
            ("good", 0.01, 1.0),
            ("moment_s", 0.0, 10.0),
            ("apart_s", self.moment_s, 60.0),
            ("least_px", 8.0, 4096.0),
            ("enough_px", self.least_px + 1, 4096.0),
            ("inside", 0.0, 1.0),
            ("detect_px", 32, 4096),
            ("lost_s", 0.05, 60.0),
            ("limit_s", 1.0, 600.0),
        ):
            if not low <= getattr(self, name) <= high:
                raise SittingError(f"{name}: expected {low:g} to {high:g}, found {getattr(self, name):g}.")


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture taken: the face's crop, how good it is, and of which frame."""

    crop: Crop
    quality: Quality
    number: int
    time_ns: int

    @property
    def digest(self) -> bytes:
        """SHA-256 of the frame's bytes: by it the gate's permit covers the picture."""
        return self.crop.digest


@dataclass
class Sitting:
    """Looks at one frame after another. Not for use by several threads."""

    finder: Finder
    terms: Terms = field(default_factory=Terms)
    told: Counter[Hint] = field(default_factory=Counter)
    """How often each hint was given."""
    _shots: list[Shot] = field(default_factory=list)
    _moment_ns: int = 0
    _box: Box | None = None
    _seen_ns: int = 0

    @property
    def shots(self) -> tuple[Shot, ...]:
        """What was taken of the one who is there now."""
        return tuple(self._shots)

    def done(self, now_ns: int) -> bool:
        """Whether there are enough pictures, and nothing better can come of the last one's moment."""
        enough = len(self._shots) >= self.terms.pictures
        return enough and now_ns - self._moment_ns >= self.terms.moment_s * 1e9

    @property
    def why(self) -> Failure:
        """What it failed of: what the person was told most often."""
        wrong = Counter({hint: count for hint, count in self.told.items() if hint != "stay"})
        return WHY[wrong.most_common(1)[0][0]] if wrong else "time"

    def step(self, frame: Frame) -> Hint:
        """Look at one frame; what the person should do. Raises NetworkError when the detector fails."""
        hint = self._look(frame)
        self.told[hint] += 1
        return hint

    def interrupted(self) -> None:
        """Frames stopped coming: whoever is there next may be somebody else."""
        self._shots.clear()
        self._box = None

    def _look(self, frame: Frame) -> Hint:
        terms = self.terms
        small = frame.colours(terms.detect_px)
        found = self.finder.detect(Picture(small, "frame", b""))
        if len(found) > 1:
            self.interrupted()
            return "several"
        late = (frame.time_ns - self._seen_ns) / 1e9 > terms.lost_s
        if not found:
            if late:
                self.interrupted()
            return "nobody"
        across, down = frame.main.width / small.shape[1], frame.main.height / small.shape[0]
        face = enlarged(found[0], across, down)
        if self._box is not None and (late or face.box.overlap(self._box) <= 0.0):
            self.interrupted()  # it may be somebody else who is there now
        self._box, self._seen_ns = face.box, frame.time_ns
        if face.box.inside(frame.main.width, frame.main.height) < terms.inside:
            return "whole-face"
        size, pose = size_of(face, terms.least_px, terms.enough_px), pose_of(face.points)
        if size * pose < terms.good:
            return "closer" if size <= pose else "look-here"
        luma = luma_crop(frame.main, face.points)
        quality = Quality(size, pose, sharpness_of(luma), light_of(luma))
        if quality.score < terms.good:
            return _weakest(quality)
        if self._wanted(frame.time_ns, quality):
            close = refined(self.finder, frame.main, face)
            taken = Crop(crop(frame.main, close.points), frame.main.digest())
            self._shots.append(Shot(taken, quality, frame.number, frame.time_ns))
        return "stay"

    def _wanted(self, now_ns: int, quality: Quality) -> bool:
        """Whether a shot begins another moment, or is better than the one of this moment, which then goes."""
        since = (now_ns - self._moment_ns) / 1e9
        if self._shots and since < self.terms.moment_s:
            better = quality.score > self._shots[-1].quality.score
            if better:
                self._shots.pop()
            return better
        if self._shots and (len(self._shots) >= self.terms.pictures or since < self.terms.apart_s):
            return False
        self._moment_ns = now_ns
        return True


def sit(capture: Capture, sitting: Sitting, tell: Callable[[Hint, int], None]) -> tuple[Shot, ...]:
    """Take the pictures of one person; `tell` hears each hint, and how many pictures there are.

    Raises CaptureFailed, with the reason, when the time is over; SourceError when no frame ever came; NetworkError.
    """
    terms = sitting.terms
    until: float | None = None
    opening = time.monotonic() + OPEN_S
    while until is None or time.monotonic() < until:
        frame = capture.take(0.25)
        if frame is None:
            if until is None and (capture.state in ("ended", "lost", "frozen") or time.monotonic() > opening):
                raise SourceError(
                    f"expected frames from the camera, found none ({capture.why or capture.state}). Nothing was kept. "
                    "Is it on, connected, free, and named rightly with --source?"
                )
            if capture.state in ("frozen", "lost"):
                sitting.interrupted()
            if capture.state in ("ended", "closed"):
                break
            continue
        if until is None:
            until = time.monotonic() + terms.limit_s
        hint = sitting.step(frame)
        tell(hint, len(sitting.shots))
        if sitting.done(frame.time_ns):
            return sitting.shots
    why: Failure = "camera" if capture.state in ("frozen", "lost") else sitting.why
    raise CaptureFailed(
        f"expected {terms.pictures} good pictures of one person within {terms.limit_s:g} s, found "
        f"{len(sitting.shots)}: {FAILED[why]} Nothing was kept.",
        why,
    )


def reference(templates: NDArray[np.float32], shots: Sequence[Shot], least: float) -> tuple[Template, float]:
    """The reference of several shots' templates (n × d, unit length): their mean, weighted by quality, of unit length;
    and the smallest cosine of two of them. Raises CaptureFailed where that is below `least`: they aren't all of one
    person, or not all usable."""
    agreement = min((float(one @ other) for one, other in combinations(templates, 2)), default=1.0)
    if agreement < least:
        raise CaptureFailed(
            f"expected pictures that agree with each other (cosine {least:.2f} or more), found {agreement:.2f}: "
            f"{FAILED['unlike']} Nothing was kept.",
            "unlike",
        )
    together = Evidence()
    for template, shot in zip(templates, shots, strict=True):
        whole = together.add(template, shot.quality.score)
    return whole, agreement


FAILED: dict[Failure, str] = {
    "no-face": "mostly no face was seen. Sit in front of the camera, with light on the face.",
    "several-faces": "mostly more than one face was in view. Have others, and pictures of people, out of view.",
    "cut-off": "mostly the face was partly out of view. Move to the middle.",
    "too-small": "mostly the face was too small. Come closer.",
    "turned-away": "mostly the face was turned away. Look into the camera.",
    "light": "mostly the light was too weak, too strong or from one side. Bring light in front of the face.",
    "blurred": "mostly the picture was blurred. Hold still, clean the lens, see to its focus, bring more light.",
    "unlike": "they aren't all of one person, or too poor. Try again, with one person only.",
    "camera": "the camera stopped. Look at its cable and power.",
    "time": "the time was too short. Give it more with --seconds.",
}


@cache
def _words() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("edge") / "guidance.toml").read_text(encoding="utf-8"))


def said(hint: Hint | Literal["done"], language: Literal["en", "sv", "is"]) -> str:
    """A hint in words, to the person who sits."""
    return _words()[language][hint]


HINTS: tuple[Hint, ...] = get_args(Hint)


def _weakest(quality: Quality) -> Hint:
    parts: dict[Hint, float] = {
        "closer": quality.size,
        "look-here": quality.pose,
        "light": quality.light,
        "hold-still": quality.sharpness,
    }
    return min(parts, key=lambda hint: parts[hint])
