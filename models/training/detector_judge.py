"""A detector beside the teacher on the same pictures: which of its faces are found, how exactly, and false alarms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.detect import Detector
from edge.face import Face, Picture
from edge.network import OnnxRuntime
from edge.picture import of_pixels
from models.training.detector_scenes import Pixels, covered, scene

TEACHER = 0.6
"""Score from which the teacher's face is one that must be found."""
DOUBT = 0.3
"""Score from which the teacher's face is hidden in the pictures without faces."""
LOW = 0.05
"""Score from which the student's faces are collected, to choose its own score among them."""
OVERLAP = 0.5
WIDE = 40.0
"""Width (px) of the faces the detector is meant for."""
ALARMS = 16.0
"""False alarms in 1,000 pictures with their faces hidden that the chosen score may let through; 20 are the limit."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Pictures, the teacher's faces in each, and the same pictures with all faces hidden."""

    pictures: tuple[Picture, ...]
    faces: tuple[tuple[Face, ...], ...]
    hidden: tuple[Picture, ...]


def opened(content: bytes, score: float) -> Detector:
    """A detector of a file that takes any size, as the program would open it."""
    return Detector(OnnxRuntime(content, "detector"), score=score)


def seek(pixels: Sequence[Pixels], teacher: bytes, seed: int) -> Sought:
    """What is sought in these pictures."""
    detector = opened(teacher, DOUBT)
    pictures, faces, hidden = [], [], []
    for number, image in enumerate(pixels):
        picture = of_pixels(image, f"picture {number}")
        found = detector.detect(picture)
        chance = np.random.default_rng([seed, number])
        bare = image
        for face in found:
            box = face.box
            around = (box.left - 0.1 * box.width, box.top - 0.1 * box.height, 1.2 * box.width, 1.2 * box.height)
            bare = covered(bare, chance, around)
        pictures.append(picture)
        faces.append(tuple(face for face in found if face.score >= TEACHER))
        hidden.append(of_pixels(bare, f"picture {number} without faces"))
    return Sought(tuple(pictures), tuple(faces), tuple(hidden))


def scenes(photo: Callable[[np.random.Generator], Pixels], count: int, seed: int) -> list[Pixels]:
    """Composite scenes of 320 × 256 px."""
    made = []
    for number in range(count):
        chance = np.random.default_rng([seed, number])
        made.append(scene(lambda chance=chance: photo(chance), 256, 320, chance))  # type: ignore[misc]
    return made


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Of each face sought: its width, the score at which it is found (0: not at all), the points' error as a share of
    the eye distance; of each face that wasn't sought, in pictures with and without faces, its score."""

    pictures: int
    widths: NDArray[np.float64]
    found: NDArray[np.float64]
    errors: NDArray[np.float64]
    beside: NDArray[np.float64]
    hidden: NDArray[np.float64]

    def score(self) -> float:
        """The lowest score, from 0.2, with few enough false alarms in pictures without faces."""
        for score in np.arange(0.20, 0.90, 0.01):
            if 1000 * (self.hidden >= score).sum() / self.pictures <= ALARMS:
                return round(float(score), 2)
        return 0.9

    def at(self, score: float) -> dict[str, float | None]:
        """The figures at one score."""
        found = self.found >= score
        wide = self.widths >= WIDE
        return {
            "faces": len(found),
            "found": _mean(found),
            "faces_40px": int(wide.sum()),
            "found_40px": _mean(found[wide]),
            "point_error": _mean(self.errors[found]),
            "false_alarms_per_1000_hidden": round(1000 * float((self.hidden >= score).sum()) / self.pictures, 2),
            "other_per_1000_pictures": round(1000 * float((self.beside >= score).sum()) / self.pictures, 2),
            "pictures": self.pictures,
        }


def _mean(values: NDArray[Any]) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None


def judged(content: bytes, sought: Sought) -> Levels:
    """What a network finds of what is sought."""
    detector = opened(content, LOW)
    widths, levels, errors, beside, hidden = [], [], [], [], []
    for picture, faces, bare in zip(sought.pictures, sought.faces, sought.hidden, strict=True):
        found = detector.detect(picture)
        for face in faces:
            near = [other for other in found if face.box.overlap(other.box) >= OVERLAP]
            surest = max(near, key=lambda other: other.score) if near else None
            widths.append(face.box.width)
            levels.append(surest.score if surest else 0.0)
            errors.append(apart(face, surest) if surest else float("nan"))
        beside += [face.score for face in found if all(face.box.overlap(other.box) < OVERLAP for other in faces)]
        hidden += [face.score for face in detector.detect(bare)]
    columns = [np.array(column, np.float64) for column in (widths, levels, errors, beside, hidden)]
    return Levels(len(sought.pictures), *columns)


def apart(face: Face, other: Face) -> float:
    """Mean distance of the five points, as a share of the eyes' distance; of the box where a profile has none."""
    eyes = float(np.linalg.norm(face.points[0] - face.points[1]))
    return float(np.linalg.norm(face.points - other.points, axis=1).mean()) / max(eyes, 0.25 * face.box.width)


def together(parts: Mapping[str, Levels], score: float) -> dict[str, dict[str, float | None]]:
    """The figures of several sets at one score."""
    return {name: part.at(score) for name, part in parts.items()}
