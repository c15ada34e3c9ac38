"""How a person is seen: pose, light, what they wear, how large, how sharp; and the head that comes out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from models.people.canvas import MIDDLE, Plane, Spots, grid
from models.people.head import Head, head

AXIS_Y = 128.0
"""The height about which a head nods, px."""


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees. `yaw` > 0 turns the face to the picture's right, `pitch` > 0 up, `roll` > 0 clockwise."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0


@dataclass(frozen=True, slots=True)
class Light:
    """Where the light comes from (degrees; azimuth > 0 from the picture's right, elevation > 0 from above), how much of
    it is directed (`strength`, 0 to 1), how bright (`gain`), and how warm (−1 blue to 1 yellow)."""

    azimuth: float = 0.0
    elevation: float = 35.0
    strength: float = 0.25
    gain: float = 1.0
    warmth: float = 0.0


@dataclass(frozen=True, slots=True)
class Turned:
    """A posed, lit head on the canvas: BGR (uint8, HEIGHT × WIDTH × 3, premultiplied), coverage (uint8), points (5 × 2)
    and the face's box (left, top, right, bottom), px of the canvas. Not rolled yet."""

    colour: NDArray[np.uint8] = field(repr=False)
    cover: NDArray[np.uint8] = field(repr=False)
    points: Spots = field(repr=False)
    box: tuple[float, float, float, float]


@cache
def depth() -> Plane:
    """px towards the camera: a rounded head with a nose; smooth, so that turning it folds nothing. HEIGHT × WIDTH."""
    x, y = grid()
    dx = x - np.float32(MIDDLE)
    skull = 46 * np.exp(-0.5 * (dx / 40) ** 2 - 0.5 * ((y - 112) / 58) ** 2)
    nose = 9 * np.exp(-0.5 * (dx / 8.5) ** 2 - 0.5 * ((y - 120) / 12) ** 2)
    brow = 3 * np.exp(-0.5 * (dx / 30) ** 2 - 0.5 * ((y - 86) / 7) ** 2)
    chin = 4 * np.exp(-0.5 * (dx / 14) ** 2 - 0.5 * ((y - 170) / 9) ** 2)
    return np.asarray((skull + nose + brow + chin), np.float32)


@cache
def normals() -> NDArray[np.float32]:
    """3 × HEIGHT × WIDTH: x, y, z of the surface's normal (z towards the camera)."""
    down, right = np.gradient(cv2.GaussianBlur(depth(), (0, 0), 2.0))
    length = np.sqrt(right**2 + down**2 + 1)
    return np.stack([-right / length, -down / length, 1 / length]).astype(np.float32)


def lit(colour: NDArray[np.float32], light: Light, yaw: float) -> NDArray[np.float32]:
    """The colours under a light, seen by a head that is turned by `yaw`."""
    azimuth, elevation = np.radians(light.azimuth - yaw), np.radians(light.elevation)
    nx, ny, nz = normals()
    across, up, ahead = np.sin(azimuth) * np.cos(elevation), np.sin(elevation), np.cos(azimuth) * np.cos(elevation)
    facing = np.clip(nx * across - ny * up + nz * ahead, 0, None)
    even = max(0.35, float(ahead))
    shade = light.gain * (1 - light.strength + light.strength * facing / even)
    tint = np.array([1 - 0.16 * light.warmth, 1.0, 1 + 0.12 * light.warmth], np.float32)
    return np.asarray(colour * shade[..., None] * tint, np.float32)


def turned(who: Head, pose: Pose, light: Light) -> Turned:
    """The head turned and nodded (not rolled) in a light."""
    sin_yaw, cos_yaw = np.sin(np.radians(pose.yaw)), np.cos(np.radians(pose.yaw))
    sin_pitch, cos_pitch = np.sin(np.radians(pose.pitch)), np.cos(np.radians(pose.pitch))
    x, y = grid()
    # The body stays: below the chin the turn fades out.
    loose = np.clip((206 - y) / 34, 0, 1).astype(np.float32)
    to_x, to_y = (x - np.float32(MIDDLE)), (y - np.float32(AXIS_Y))
    px, py = to_x, to_y
    z = depth()
    wide = 1 + loose * np.float32(1 / max(cos_yaw, 0.5) - 1) * 0.6
    tall = 1 + loose * np.float32(1 / max(cos_pitch, 0.5) - 1) * 0.6
    for _ in range(5):
        near = cv2.remap(
            z, px + np.float32(MIDDLE), py + np.float32(AXIS_Y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        near = near * loose
        px = ((to_x - np.float32(sin_yaw) * near) * wide).astype(np.float32)
        py = ((to_y + np.float32(sin_pitch) * near) * tall).astype(np.float32)
    colour = lit(who.colour, light, pose.yaw) * who.cover[..., None]
    layer = np.dstack([np.clip(colour, 0, 255), who.cover * 255])
    layer = cv2.remap(
        layer, px + np.float32(MIDDLE), py + np.float32(AXIS_Y), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    whole = np.clip(np.rint(layer), 0, 255).astype(np.uint8)
    left, top, right, bottom = who.box
    corners = np.array([(left, 110), (right, 110), (MIDDLE, top), (MIDDLE, bottom)], np.float32)
    points = _found(np.concatenate([who.points, corners]), px, py)
    edge = points[5:]
    box = (float(edge[0, 0]), float(edge[2, 1]), float(edge[1, 0]), float(edge[3, 1]))
    return Turned(
        whole[..., :3].copy(),
        whole[..., 3].copy(),
        points[:5],
        box,
    )


def _found(spots: Spots, px: Plane, py: Plane) -> Spots:
    """Where canvas positions have gone: the px whose source is nearest, refined to a fraction by its slope."""
    places = []
    for sx, sy in spots:
        away = (px + np.float32(MIDDLE) - sx) ** 2 + (py + np.float32(AXIS_Y) - sy) ** 2
        row, column = np.unravel_index(int(np.argmin(away)), away.shape)
        places.append((column, row))
    return np.array(places, np.float32)


@lru_cache(maxsize=256)
def seen(seed: int, pose: Pose, light: Light, glasses: bool = False, hat: bool = False) -> Turned:
    """The head of a seed as it is seen; the latest ones are kept (`pose.roll` isn't applied here)."""
    return turned(head(seed, glasses, hat), pose, light)


def placement(pose: Pose, scale: float, x: float, y: float) -> NDArray[np.float64]:
    """2 × 3: from the canvas to a picture in which the face's middle lies at (x, y), `scale` px a canvas px, rolled."""
    angle = np.radians(pose.roll)
    a, b = scale * np.cos(angle), scale * np.sin(angle)
    cx, cy = MIDDLE, 118.0
    return np.array([[a, -b, x - a * cx + b * cy], [b, a, y - b * cx - a * cy]])
