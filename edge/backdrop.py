"""The drawn entrance itself, and what moves there without being a face."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import cv2
import numpy as np

from edge.face import Pixels

Mover = Literal["door", "shadow", "leaves", "flicker", "exposure", "away"]
"""A swinging door, a shadow over the floor, leaves in the wind, flickering light, a step of exposure, someone who
walks away."""
MOVERS: tuple[Mover, ...] = get_args(Mover)


@dataclass(frozen=True, slots=True)
class Motion:
    """One mover for a while. `phase` (0 to 1) makes two of a kind differ."""

    kind: Mover
    start_s: float
    end_s: float
    phase: float

    def share(self, time_s: float) -> float | None:
        """How far it has come, 0 to 1; None when it isn't there."""
        if not self.start_s <= time_s < self.end_s:
            return None
        return (time_s - self.start_s) / (self.end_s - self.start_s)


def still(width: int, height: int, seed: int) -> Pixels:
    """The entrance with nobody there: wall, door frame, window, floor, mat. BGR uint8."""
    chance = np.random.default_rng([0x6264, seed])
    wall, floor = chance.uniform((120, 125, 130), (185, 190, 200)), chance.uniform((70, 75, 80), (120, 120, 125))
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :, None]
    picture = np.clip(wall * (1.05 - 0.18 * y - 0.1 * x * x), 0, 255)
    horizon = round(0.7 * height)
    picture[horizon:] = np.clip(floor * (0.8 + 0.5 * y[horizon:]) * np.ones_like(x), 0, 255)
    drawn = np.ascontiguousarray(picture.astype(np.uint8))
    w, h = width, height
    pane = _bgr(chance.uniform((150, 150, 140), (215, 210, 195)))
    cv2.rectangle(drawn, (round(0.05 * w), round(0.1 * h)), (round(0.2 * w), round(0.48 * h)), pane, -1)
    cv2.rectangle(
        drawn, (round(0.05 * w), round(0.1 * h)), (round(0.2 * w), round(0.48 * h)), (70, 72, 76), max(1, h // 120)
    )
    cv2.line(drawn, (round(0.125 * w), round(0.1 * h)), (round(0.125 * w), round(0.48 * h)), (70, 72, 76), 1)
    frame = _bgr(chance.uniform((40, 45, 50), (95, 100, 110)))
    cv2.rectangle(drawn, (round(0.34 * w), round(0.05 * h)), (round(0.66 * w), round(0.74 * h)), frame, -1)
    inner = _bgr(chance.uniform((95, 95, 95), (160, 155, 150)))
    cv2.rectangle(drawn, (round(0.36 * w), round(0.08 * h)), (round(0.64 * w), round(0.74 * h)), inner, -1)
    mat = np.array([(0.3 * w, 0.95 * h), (0.37 * w, 0.76 * h), (0.63 * w, 0.76 * h), (0.7 * w, 0.95 * h)])
    cv2.fillPoly(drawn, [np.rint(mat).astype(np.int32)], _bgr(chance.uniform((30, 30, 30), (70, 60, 60))))
    # The wall has a grain, so that nothing is perfectly flat.
    grain = cv2.GaussianBlur(chance.normal(0, 9, (height, width)).astype(np.float32), (0, 0), 2.0)
    grained: Pixels = np.clip(drawn + grain[..., None], 0, 255).astype(np.uint8)
    return grained


def move(picture: Pixels, motion: Motion, time_s: float) -> float:
    """Draw a motion into the picture, in place; returns the factor by which it changes the whole frame's brightness."""
    share = motion.share(time_s)
    if share is None:
        return 1.0
    height, width = picture.shape[:2]
    if motion.kind == "door":
        _door(picture, share, width, height)
    elif motion.kind == "shadow":
        _shadow(picture, share, motion.phase, width, height)
    elif motion.kind == "leaves":
        _leaves(picture, time_s, motion, width, height)
    elif motion.kind == "flicker":
        return 1.0 + 0.09 * math.sin(2 * math.pi * 7.3 * time_s + 6 * motion.phase)
    elif motion.kind == "exposure":
        return 0.72 if motion.phase < 0.5 else 1.28
    return 1.0


def _door(picture: Pixels, share: float, width: int, height: int) -> None:
    opened = math.sin(math.pi * share)
    hinge, far = 0.36 * width, 0.36 * width + 0.28 * width * (1 - 0.85 * opened)
    lower = 0.74 * height + 0.08 * height * opened
    leaf = np.array(
        [(hinge, 0.08 * height), (far, 0.08 * height - 0.03 * height * opened), (far, lower), (hinge, 0.74 * height)]
    )
    cv2.fillPoly(picture, [np.rint(leaf).astype(np.int32)], (62, 84, 112))
    handle = (round(far - 0.02 * width * (1 - 0.8 * opened)), round(0.44 * height))
    cv2.circle(picture, handle, max(2, height // 90), (200, 205, 210), -1)


def _shadow(picture: Pixels, share: float, phase: float, width: int, height: int) -> None:
    x = (share * 1.6 - 0.3) * width
    x = x if phase < 0.5 else width - x
    part = slice(round((0.3 + 0.3 * phase) * height), height)
    columns = np.arange(width, dtype=np.float32)
    dark = 1.0 - 0.45 * np.exp(-0.5 * ((columns - x) / (0.09 * width)) ** 2)
    picture[part] = (picture[part] * dark[None, :, None]).astype(np.uint8)


def _leaves(picture: Pixels, time_s: float, motion: Motion, width: int, height: int) -> None:
    chance = np.random.default_rng(round(motion.phase * 1e6))
    for _ in range(14):
        x, y, speed, spin = chance.random(4)
        size = (0.006 + 0.012 * chance.random()) * height
        colour = _bgr(chance.uniform((20, 60, 60), (60, 140, 190)))
        gone = time_s - motion.start_s
        where = (
            round(((x + gone * (0.1 + 0.35 * speed)) % 1.0) * width),
            round((0.45 + 0.5 * y + 0.04 * math.sin(5 * gone + 6 * spin)) * height),
        )
        axes = (max(1, round(2 * size)), max(1, round(size * (0.3 + abs(math.sin(3 * gone + 6 * spin))))))
        cv2.ellipse(picture, where, axes, 360 * ((spin + gone * speed) % 1.0), 0, 360, colour, -1, cv2.LINE_AA)


def _bgr(values: np.ndarray) -> tuple[int, int, int]:
    blue, green, red = (int(value) for value in values)
    return blue, green, red
