"""The face's own pixels, converted and warped from the planes; the plain way beside it."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.align import SIZE, similarity
from edge.core.frame import Plane, Planes, bgr, region
from edge.face import Pixels, Points, frozen


def crop(planes: Planes, points: Points) -> Pixels:
    """The face on the 112 × 112 template (BGR), of which only the part of the frame that it needs is converted.

    `points` in px of `planes`. The same px as `crop_plainly` gives. Raises AlignError.
    """
    if planes.format == "BGR":  # nothing to convert
        return crop_plainly(planes, points)
    matrix = similarity(points)
    box = _needed(matrix, planes.width, planes.height)
    if box is None:
        pixels: Pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    else:
        pixels = _warp(region(planes, *box), matrix, box[0], box[1])
    frozen(pixels)
    return pixels


def crop_plainly(planes: Planes, points: Points) -> Pixels:
    """The whole frame converted, then warped. Raises AlignError."""
    pixels = _warp(bgr(planes), similarity(points), 0, 0)
    frozen(pixels)
    return pixels


def luma_crop(planes: Planes, points: Points) -> Plane:
    """The face's brightness on the template, 112 × 112: enough to judge a shot by. Raises AlignError."""
    if planes.format == "BGR":
        return np.asarray(cv2.cvtColor(crop(planes, points), cv2.COLOR_BGR2GRAY), np.uint8)
    return _warp(planes.planes[0], similarity(points), 0, 0)


def _needed(matrix: NDArray[np.float64], width: int, height: int) -> tuple[int, int, int, int] | None:
    """The even rectangle (left, top, right, bottom) of the frame that the template's px are mixed from."""
    turn = np.linalg.inv(matrix[:, :2])
    corners = np.array([(0, 0), (SIZE, 0), (0, SIZE), (SIZE, SIZE)], np.float64)
    placed = (corners - matrix[:, 2]) @ turn.T
    # Two px more: linear interpolation reaches one px on, and rounding its 1/32 px another part of one.
    (left, top), (right, bottom) = placed.min(0) - 2, placed.max(0) + 2
    box = (
        max(0, math.floor(left / 2) * 2),
        max(0, math.floor(top / 2) * 2),
        min(width, math.ceil(right / 2) * 2),
        min(height, math.ceil(bottom / 2) * 2),
    )
    return box if box[0] < box[2] and box[1] < box[3] else None


def _warp(pixels: Plane, matrix: NDArray[np.float64], left: int, top: int) -> Plane:
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ (left, top)
    return np.asarray(
        cv2.warpAffine(pixels, moved, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT), np.uint8
    )
