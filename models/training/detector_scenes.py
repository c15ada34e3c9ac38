"""Pictures to learn finding faces from: photographs scaled, turned and put together before drawn backgrounds.

Nothing here knows where the faces are, but that the set's photographs have theirs in the middle; what is to be found in
a scene is for the teacher to say.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Chance = np.random.Generator
HELD_OUT = 10
"""One person in so many isn't learned from: settings are chosen on their pictures."""
FACE = 0.42
"""About what share of a photograph's side its middle face has."""


def is_held_out(name: str) -> bool:
    """Whether a person is held out: by name alone, so the same in every run."""
    return int.from_bytes(sha256(name.encode()).digest()[-4:], "big") % HELD_OUT == 0


def scene(photo: Callable[[], Pixels], height: int, width: int, chance: Chance) -> Pixels:
    """One scene of none to six photographs, each from `photo`, as a poor camera might have seen it."""
    kind = chance.random()
    canvas = background(height, width, chance)
    least, most = 36.0, 0.95 * min(height, width)
    if kind < 0.45:
        side = float(np.exp(chance.uniform(np.log(least), np.log(1.15 * most))))
        _put(canvas, photo(), side, chance, whole=chance.random() < 0.7)
    elif kind < 0.94:
        for _ in range(int(chance.integers(2, 7))):
            side = float(np.exp(chance.uniform(np.log(least), np.log(0.45 * most))))
            _put(canvas, photo(), side, chance, whole=chance.random() < 0.5)
    else:
        for _ in range(int(chance.integers(0, 4))):
            _put(canvas, covered(photo(), chance), float(chance.uniform(40, 120)), chance, whole=True)
    return camera(canvas, chance)


def plain(photo: Pixels, height: int, width: int) -> Pixels:
    """A photograph as it is, in the corner of a black canvas: how the detector's padding shows it."""
    canvas = np.zeros((height, width, 3), np.uint8)
    part = photo[:height, :width]
    canvas[: part.shape[0], : part.shape[1]] = part
    return canvas


def covered(photo: Pixels, chance: Chance, box: tuple[float, float, float, float] | None = None) -> Pixels:
    """The photograph with its middle (or `box`: left, top, width, height) hidden: flat, noisy, drawn, or smeared."""
    height, width = photo.shape[:2]
    if box is None:
        side = FACE * width * float(chance.uniform(1.1, 1.5))
        box = ((width - side) / 2, (height - 1.25 * side) / 2, side, 1.25 * side)
    left, top = max(0, int(box[0])), max(0, int(box[1]))
    right, bottom = min(width, int(box[0] + box[2]) + 1), min(height, int(box[1] + box[3]) + 1)
    if right - left < 2 or bottom - top < 2:
        return photo
    shape = (bottom - top, right - left, 3)
    part = photo[top:bottom, left:right]
    kind = chance.integers(4)
    if kind == 0:
        fill = np.full(shape, part.mean((0, 1)) + chance.normal(0, 12, 3))
    elif kind == 1:
        fill = part.mean((0, 1)) + chance.normal(0, chance.uniform(5, 50), shape)
    elif kind == 2:
        fill = background(shape[0], shape[1], chance)
    else:
        fill = cv2.resize(cv2.resize(part, (3, 3), interpolation=cv2.INTER_AREA), shape[1::-1])
    changed = photo.copy()
    if chance.random() < 0.5:
        changed[top:bottom, left:right] = np.clip(fill, 0, 255)
    else:
        mask = np.zeros(shape[:2], np.float32)
        cv2.ellipse(mask, (shape[1] // 2, shape[0] // 2), (shape[1] // 2, shape[0] // 2), 0, 0, 360, 1.0, -1)
        mask = mask[..., None]
        changed[top:bottom, left:right] = np.clip(fill * mask + part * (1 - mask), 0, 255)
    return changed


def background(height: int, width: int, chance: Chance) -> Pixels:
    """A drawn wall: a gradient, cloudy, with doors, panes, stripes or round things, or none."""
    corners = chance.uniform(0, 255, (2, 2, 1)) * chance.uniform(0.6, 1.4, (1, 1, 3)) + chance.normal(0, 15, (2, 2, 3))
    canvas: Any = cv2.resize(np.clip(corners, 0, 255).astype(np.float32), (width, height))
    if chance.random() < 0.6:
        side = int(chance.integers(3, 24))
        cloud = cv2.resize(chance.normal(0, 1, (side, side)).astype(np.float32), (width, height))
        canvas += (cloud * chance.uniform(3, 40))[..., None]
    if chance.random() < 0.2:
        canvas += chance.normal(0, chance.uniform(5, 40), (height, width, 1)).astype(np.float32)
    image: Pixels = np.clip(canvas, 0, 255).astype(np.uint8)
    for _ in range(int(chance.integers(0, 9))):
        colour = [float(c) for c in np.clip(chance.uniform(0, 255) + chance.normal(0, 30, 3), 0, 255)]
        at = (int(chance.integers(-40, width)), int(chance.integers(-40, height)))
        thick = -1 if chance.random() < 0.5 else int(chance.integers(1, 9))
        kind = chance.integers(4)
        if kind <= 1:
            to = (at[0] + int(chance.integers(8, width)), at[1] + int(chance.integers(8, height)))
            cv2.rectangle(image, at, to, colour, thick)
        elif kind == 2:
            axes = (int(chance.integers(4, 70)), int(chance.integers(4, 70)))
            cv2.ellipse(image, at, axes, float(chance.uniform(0, 180)), 0, 360, colour, thick)
        else:
            to = (int(chance.integers(0, width)), int(chance.integers(0, height)))
            cv2.line(image, at, to, colour, abs(thick), cv2.LINE_AA)
    return image


def _put(canvas: Pixels, photo: Pixels, face: float, chance: Chance, whole: bool) -> None:
    """The photograph on the canvas, its face about `face` px wide: with its own surroundings, or cut out softly."""
    if chance.random() < 0.12:
        photo = covered(photo, chance)
    if chance.random() < 0.5:
        photo = np.ascontiguousarray(photo[:, ::-1])
    height, width = canvas.shape[:2]
    side = photo.shape[1]
    scale = face / (FACE * side)
    if scale < 0.6:  # a warp takes single pixels: make it small properly first
        photo = cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        scale, side = scale * 2, photo.shape[1]
    turn = float(np.clip(chance.normal(0, 9), -30, 30))
    stretch = float(chance.uniform(0.9, 1.1))
    matrix = cv2.getRotationMatrix2D((side / 2, photo.shape[0] / 2), turn, scale)
    matrix[0] *= stretch
    half = 0.3 * face
    matrix[0, 2] += chance.uniform(min(half, width / 2), max(width - half, width / 2)) - stretch * side / 2
    matrix[1, 2] += chance.uniform(min(half, height / 2), max(height - half, height / 2)) - photo.shape[0] / 2
    tint = _tint(chance)
    if tint is not None:
        photo = cv2.LUT(photo, tint).astype(np.uint8, copy=False)
    if whole:
        if chance.random() < 0.35:  # the photograph goes on to the canvas' edges
            border = cv2.BORDER_REFLECT_101 if chance.random() < 0.5 else cv2.BORDER_REPLICATE
            canvas[:] = cv2.warpAffine(photo, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=border)
        else:
            cv2.warpAffine(
                photo, matrix, (width, height), canvas, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_TRANSPARENT
            )
        return
    mask = np.zeros(photo.shape[:2], np.float32)
    middle, wide = (side // 2, int(0.47 * photo.shape[0])), FACE * side
    cv2.ellipse(mask, middle, (int(0.72 * wide), int(0.92 * wide)), 0, 0, 360, 1.0, -1)
    cv2.ellipse(mask, (side // 2, photo.shape[0]), (int(1.05 * wide), int(0.5 * wide)), 0, 0, 360, 1.0, -1)
    soft = int(chance.integers(0, 4)) * 4 + 1
    mask = cv2.blur(mask, (soft, soft)).astype(np.float32, copy=False)
    seen = cv2.warpAffine(photo, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    share = cv2.warpAffine(mask, matrix, (width, height), flags=cv2.INTER_LINEAR)[..., None]
    canvas[:] = (seen * share + canvas * (1 - share)).astype(np.uint8)


def _tint(chance: Chance, strong: float = 1.0) -> NDArray[np.uint8] | None:
    """A table for each colour's levels: exposure, gamma, contrast and cast."""
    if chance.random() < 0.3:
        return None
    levels = np.arange(256, dtype=np.float64)[None, :, None] / 255
    gamma = float(np.exp(chance.uniform(-0.6, 0.6) * strong))
    gain = chance.uniform(0.55, 1.35) * (1 + chance.uniform(-0.12, 0.12, (1, 1, 3)) * strong)
    lift = chance.uniform(-0.08, 0.15)
    return np.clip((levels**gamma * gain + lift) * 255, 0, 255).astype(np.uint8)


def camera(canvas: Pixels, chance: Chance) -> Pixels:
    """Light, blur, noise, grey, side light and compression."""
    image: Any = canvas
    if (tint := _tint(chance)) is not None:
        image = cv2.LUT(image, tint)
    height, width = image.shape[:2]
    if chance.random() < 0.2:  # light from a side
        field = cv2.resize(chance.uniform(0.35, 1.4, (2, 2)).astype(np.float32), (width, height))
        image = np.clip(image * field[..., None], 0, 255).astype(np.uint8)
    kind = chance.random()
    if kind < 0.2:
        image = cv2.GaussianBlur(image, (0, 0), float(chance.uniform(0.5, 2.2)))
    elif kind < 0.3:
        length = int(chance.integers(3, 9))
        image = cv2.blur(image, (length, 1) if chance.random() < 0.7 else (1, length))
    if chance.random() < 0.12:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if chance.random() < 0.35:
        noise = np.empty((height, width, 3), np.int16)
        cv2.setRNGSeed(int(chance.integers(2**31)))
        cv2.randn(noise, np.zeros(3), np.full(3, chance.uniform(1, 14)))
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if chance.random() < 0.2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(25, 90))]
        image = cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR)
    seen: Pixels = np.ascontiguousarray(image, np.uint8)
    return seen
