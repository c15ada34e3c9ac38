"""A picture of one synthetic person: the same seed and view give the same picture, on every machine within 2 levels."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import ViewError
from models.people.canvas import Spots
from models.people.identity import generator
from models.people.view import Light, Pose, Turned, placement, seen

Pixels = NDArray[np.uint8]
"""uint8, height × width × 3, blue-green-red."""

CANVAS_FACE = 94.0
"""The mean face's width on the canvas, px."""


@dataclass(frozen=True, slots=True)
class View:
    """What a picture shows beside who it is. Lengths in px of the picture, angles in degrees, noise in levels."""

    pose: Pose = field(default_factory=Pose)
    light: Light = field(default_factory=Light)
    glasses: bool = False
    hat: bool = False
    width: int = 250
    height: int = 250
    face_px: float = 94.0
    """How wide the mean face is: the distance, told as a camera sees it."""
    aside: float = 0.0
    """How far the face's middle lies right of the picture's, px; `down`: below it."""
    down: float = 0.0
    blur: float = 0.6
    """Deviation of a Gaussian, px."""
    noise: float = 2.0
    """Deviation of the sensor's noise, levels."""
    noise_seed: int = 0
    wall: tuple[int, int, int] = (150, 160, 165)
    """The background, BGR."""

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("pose.yaw", self.pose.yaw, -45.0, 45.0),
            ("pose.pitch", self.pose.pitch, -25.0, 25.0),
            ("pose.roll", self.pose.roll, -180.0, 180.0),
            ("light.strength", self.light.strength, 0.0, 1.0),
            ("light.gain", self.light.gain, 0.0, 4.0),
            ("light.warmth", self.light.warmth, -1.0, 1.0),
            ("width", self.width, 8, 4096),
            ("height", self.height, 8, 4096),
            ("face_px", self.face_px, 6.0, 1024.0),
            ("blur", self.blur, 0.0, 20.0),
            ("noise", self.noise, 0.0, 60.0),
        ):
            if not low <= value <= high:
                raise ViewError(f"{name}: expected {low:g} to {high:g}, found {value}.")
        if not all(math.isfinite(v) for v in (self.aside, self.down, self.light.azimuth, self.light.elevation)):
            raise ViewError("aside, down, light.azimuth, light.elevation: expected numbers, found one that is none.")

    @property
    def matrix(self) -> NDArray[np.float64]:
        """2 × 3: from the canvas to the picture."""
        x, y = (self.width - 1) / 2 + self.aside, (self.height - 1) / 2 + self.down
        return placement(self.pose, self.face_px / CANVAS_FACE, x, y)


@dataclass(frozen=True, slots=True)
class Where:
    """Where a face is in a picture: box (left, top, width, height) and five points (5 × 2), px."""

    box: tuple[float, float, float, float]
    points: Spots


def render(seed: int, view: View) -> Pixels:
    """The picture of a person, BGR uint8 `view.height` × `view.width` × 3."""
    slope = np.linspace(1.06, 0.9, view.height, dtype=np.float32)[:, None, None]
    wall = np.clip(slope * view.light.gain * np.array(view.wall, np.float32), 0, 255).astype(np.uint8)
    picture: Pixels = np.ascontiguousarray(np.broadcast_to(wall, (view.height, view.width, 3)))
    place(picture, seen(seed, unrolled(view.pose), view.light, view.glasses, view.hat), view.matrix)
    if view.blur > 0:
        picture = cv2.GaussianBlur(picture, (0, 0), view.blur).astype(np.uint8, copy=False)
    return noisy(picture, view.noise, view.noise_seed) if view.noise else picture


def truth(seed: int, view: View) -> Where:
    """Where the face is in the picture that `render` draws."""
    return located(seen(seed, unrolled(view.pose), view.light, view.glasses, view.hat), view.matrix)


def unrolled(pose: Pose) -> Pose:
    """The pose as it is turned on the canvas; rolling is done when it is placed."""
    return Pose(pose.yaw, pose.pitch)


def noisy(picture: Pixels, deviation: float, seed: int) -> Pixels:
    """The picture with Gaussian noise of its own in every px and colour, and a little more of it in bright parts."""
    noise = generator(0x6E, seed).standard_normal(picture.shape, np.float32)
    noise *= np.float32(deviation) * (0.75 + picture * np.float32(0.5 / 255))
    grainy: Pixels = np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)
    return grainy


def place(picture: Pixels, head: Turned, matrix: NDArray[np.float64], opacity: float = 1.0) -> None:
    """Draw a head into a picture, in place; what lies outside is cut off."""
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    height, width = head.cover.shape
    layers = cv2.merge([head.colour, head.cover])
    corners = np.array([(0, 0), (width, 0), (0, height), (width, height)]) @ matrix[:, :2].T + matrix[:, 2]
    left, top = (max(0, int(v)) for v in np.floor(corners.min(0)))
    right, bottom = (
        min(size, int(v) + 1) for size, v in zip(picture.shape[1::-1], np.ceil(corners.max(0)), strict=True)
    )
    if left >= right or top >= bottom:
        return
    if scale < 0.9:
        soft = 0.45 * math.sqrt(1 / scale**2 - 1)
        layers = cv2.GaussianBlur(layers, (0, 0), soft)
    near = matrix.copy()
    near[:, 2] -= (left, top)
    size = (right - left, bottom - top)
    how = cv2.INTER_CUBIC if scale > 1.2 else cv2.INTER_LINEAR
    # One sheet of four channels, so that colour and coverage are cut alike.
    sheet = cv2.warpAffine(layers, near, size, flags=how).astype(np.uint16)
    if opacity < 1.0:
        sheet = (sheet * opacity).astype(np.uint16)
    part = picture[top:bottom, left:right]
    behind = (part * (255 - sheet[..., 3:]) + 127) // 255
    np.minimum(behind + sheet[..., :3], 255, out=part, casting="unsafe")


def located(head: Turned, matrix: NDArray[np.float64]) -> Where:
    """Where a head's face comes to lie."""
    left, top, right, bottom = head.box
    corners = np.array([(left, top), (right, top), (left, bottom), (right, bottom)]) @ matrix[:, :2].T + matrix[:, 2]
    # A rolled face's upright box lies between the two boxes that hold its corners and its sides' middles.
    across, along = (left + right) / 2, (top + bottom) / 2
    middles = np.array([(across, top), (across, bottom), (left, along), (right, along)])
    middles = middles @ matrix[:, :2].T + matrix[:, 2]
    low, high = (corners.min(0) + middles.min(0)) / 2, (corners.max(0) + middles.max(0)) / 2
    points = (head.points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    return Where((float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])), points)
