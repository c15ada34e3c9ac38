"""What the vision part returns: pictures, faces and templates, with their units. Immutable; arrays are read-only."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""uint8, height × width × 3, blue-green-red."""

Points = NDArray[np.float32]
"""float32, 5 × 2, (x, y) in px, x to the right, y down; in the order: right eye, left eye, nose tip, right mouth
corner, left mouth corner, where "right" is the subject's own, so left in the picture."""


def frozen(array: NDArray[np.generic]) -> None:
    """Make `array` read-only, so that a frozen dataclass that holds it is frozen."""
    array.setflags(write=False)


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture and the SHA-256 digest of the bytes it came from, by which a permit covers it."""

    pixels: Pixels = field(repr=False)
    name: str
    digest: bytes = field(repr=False)

    @property
    def width(self) -> int:
        """In px."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In px."""
        return int(self.pixels.shape[0])


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in px of the picture; may reach beyond its edges when a face is cut off."""

    left: float
    top: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) in px."""
        return self.left + self.width / 2, self.top + self.height / 2

    @property
    def area(self) -> float:
        """In px²."""
        return self.width * self.height

    def inside(self, width: int, height: int) -> float:
        """The share, 0 to 1, of the box that lies in a picture of that many px."""
        across = min(self.left + self.width, width) - max(self.left, 0.0)
        down = min(self.top + self.height, height) - max(self.top, 0.0)
        return max(across, 0.0) * max(down, 0.0) / self.area if self.area > 0 else 0.0

    def common(self, other: Box) -> float:
        """The area that both cover, px²."""
        across = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        down = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        return max(0.0, across) * max(0.0, down)

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0 to 1; 0 for two boxes without an area."""
        common = self.common(other)
        return common / max(self.area + other.area - common, 1e-9)


@dataclass(frozen=True, slots=True)
class Face:
    """One detected face: where, its five points, and the detector's score, 0 to 1 (higher is surer)."""

    box: Box
    points: Points = field(repr=False)
    score: float


@dataclass(frozen=True, slots=True)
class Crop:
    """A face aligned to the 112 × 112 template (uint8 BGR), and the digest of the picture it was cut from."""

    pixels: Pixels = field(repr=False)
    digest: bytes = field(repr=False)


Template = NDArray[np.float32]
"""float32, unit length; two are compared by their dot product, the cosine, −1 to 1 (higher is more alike)."""
