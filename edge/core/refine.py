"""A second look at one face, close up: its points as exactly as the main stream allows."""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np

from edge.core.frame import Planes, region
from edge.core.track import likeness
from edge.face import Box, Face, Picture, frozen

WINDOW = 1.8
"""Side of the window looked at, in the longer side of the face's box."""
SIZE_PX = 160
"""What the window is made to: the face is then about 90 px high, as large as the template wants it."""


class Finder(Protocol):
    """What finds faces: edge.detect.Detector."""

    def detect(self, picture: Picture) -> tuple[Face, ...]:
        """All faces, the surest first. Raises NetworkError."""
        ...


def refined(finder: Finder, planes: Planes, face: Face) -> Face:
    """The face found again in a window of the main stream; `face` as it was where it isn't.

    In the small stream a face is a few dozen px wide and its points are off by a pixel or two, which a template doesn't
    forgive. On drawn people seen 1280 px wide and searched at 320 (41 and 70 shots) the mean cosine with their own
    reference rose from 0.85 to 0.92 (bundled networks) and 0.89 to 0.92 (public ones), that with the nearest other
    didn't, for one detection on 160 × 160 px. Raises NetworkError.
    """
    half = 0.5 * WINDOW * max(face.box.width, face.box.height)
    x, y = face.box.centre
    left, top = (max(0, int(value - half) // 2 * 2) for value in (x, y))
    right, bottom = min(planes.width, int(x + half) // 2 * 2), min(planes.height, int(y + half) // 2 * 2)
    if right - left < 8 or bottom - top < 8:
        return face
    window = region(planes, left, top, right, bottom)
    scale = SIZE_PX / max(window.shape[:2])
    size = (max(2, round(window.shape[1] * scale)), max(2, round(window.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    near = np.asarray(cv2.resize(window, size, interpolation=how), np.uint8)
    across, down = window.shape[1] / near.shape[1], window.shape[0] / near.shape[0]
    best, alike = face, 0.4
    for found in finder.detect(Picture(near, "window", b"")):
        box = Box(
            left + found.box.left * across,
            top + found.box.top * down,
            found.box.width * across,
            found.box.height * down,
        )
        if (like := likeness(box, face.box)) > alike:
            points = (found.points * (across, down) + (left, top)).astype(np.float32)
            frozen(points)
            best, alike = Face(box, points, found.score), like
    return best
