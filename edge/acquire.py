"""From a picture to one aligned face, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edge.align import Interpolation, align
from edge.detect import Detector
from edge.face import Crop, Face, Picture

Reason = Literal["no-face", "several-faces", "too-small", "cut-off"]
Choice = Literal["largest", "central", "only"]
"""Of several faces take the `largest` (at a door: the nearest), the most `central` (portraits), or none (`only`)."""


@dataclass(frozen=True, slots=True)
class Missed:
    """A failure to acquire (ISO/IEC 19795-1), and its reason."""

    reason: Reason
    faces: int


@dataclass(frozen=True, slots=True)
class Acquired:
    """One face on the template."""

    crop: Crop
    face: Face
    faces: int


@dataclass(frozen=True, slots=True)
class Acquirer:
    """Detect, choose, judge, align. A face whose box is narrower than `smallest_px`, or of which less than `inside`
    (a share, 0 to 1) lies in the picture, is not used: a template of it would be mostly guesswork."""

    detector: Detector
    choice: Choice = "largest"
    smallest_px: float = 24.0
    inside: float = 0.6
    interpolation: Interpolation = "linear"

    def acquire(self, picture: Picture) -> Acquired | Missed:
        """One aligned face, or why not. Raises NetworkError when the detector fails, AlignError when it gives no face's
        points."""
        faces = self.detector.detect(picture)
        if not faces:
            return Missed("no-face", 0)
        if len(faces) > 1 and self.choice == "only":
            return Missed("several-faces", len(faces))
        face = central(faces, picture) if self.choice == "central" else max(faces, key=lambda face: face.box.area)
        if min(face.box.width, face.box.height) < self.smallest_px:
            return Missed("too-small", len(faces))
        if face.box.inside(picture.width, picture.height) < self.inside:
            return Missed("cut-off", len(faces))
        return Acquired(align(picture, face, self.interpolation), face, len(faces))


def central(faces: Sequence[Face], picture: Picture) -> Face:
    """The face whose box's centre is nearest to the picture's."""
    x, y = picture.width / 2, picture.height / 2
    return min(faces, key=lambda face: (face.box.centre[0] - x) ** 2 + (face.box.centre[1] - y) ** 2)
