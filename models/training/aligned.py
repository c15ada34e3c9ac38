"""Photographs brought onto one shape, px by px: the mean face gets sharp, and shape and light come apart.

Five points leave lips, brows and wings of noses where each face has them, and a mean over such faces is a blur. Here
each face is drawn by optical flow towards its own approximation by the leading components of all of them, again with
more components each time. The flow is kept smooth and short: a few px, no folds.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.people.basis import COLUMNS, ROWS, SHAPE_STEP
from models.people.canvas import MEAN, MIDDLE, PATCH, shifted

Floats = NDArray[np.float32]

RANKS = (1, 3, 6, 10)
"""Components that a face is approximated by, step by step."""
_MARGIN = 14
"""Px round the patch that take part, so that the flow at its edge is sound."""
_SMOOTH, _FAR = 10.0, 6.0
"""Px: how smooth the flow is, and how far it reaches."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """`pixels` uint8, n × ROWS × COLUMNS × 3, BGR, on the mean shape; `fields` float32, n × ROWS/8 × COLUMNS/8 × 2, px:
    how far each px moves from there to where the face had it, upright; `marks` 5 × 2, px of the canvas: the points that
    are at a photograph's five points, on average, when they have moved."""

    pixels: NDArray[np.uint8]
    fields: Floats
    marks: Floats


def components(rows: Floats, count: int) -> tuple[Floats, Floats, Floats]:
    """The mean (px,), the leading directions (count × px, unit length) and their deviations (count,)."""
    mean = rows.mean(0)
    rows = rows - mean
    # Subspace iteration: as good as the whole decomposition for the leading components, in seconds.
    vectors = np.random.default_rng(0).standard_normal((rows.shape[1], min(count + 8, rows.shape[1])))
    vectors = vectors.astype(np.float32)
    for _ in range(4):
        vectors, _ = np.linalg.qr(rows.T @ (rows @ vectors))
    _, singular, turned = np.linalg.svd(rows @ vectors, full_matrices=False)
    return mean, (vectors @ turned.T)[:, :count].T, (singular[:count] / np.sqrt(len(rows))).astype(np.float32)


def aligned(pictures: NDArray[np.uint8], offsets: Floats) -> Aligned:
    """From photographs with their five points at the mean ones (n × HEIGHT × WIDTH × 3), and how far these lay away."""
    left, top, right, bottom = PATCH
    box = slice(top - _MARGIN, bottom + _MARGIN), slice(left - _MARGIN, right + _MARGIN)
    y, x = (axis[box].astype(np.float32) for axis in np.mgrid[: pictures.shape[1], : pictures.shape[2]])
    weight = np.clip(1.7 - np.hypot((x - MIDDLE) / 50, (y - 118) / 66), 0, 1) ** 0.5
    own = np.stack([_even(cv2.cvtColor(picture[box], cv2.COLOR_BGR2GRAY)) for picture in pictures])
    fields = _flows(own, weight.astype(np.float32))
    to_mean = _back(_symmetrical(fields.mean(0, dtype=np.float32)))
    grid_x, grid_y = _grid(weight.shape)
    inner = slice(_MARGIN, -_MARGIN), slice(_MARGIN, -_MARGIN)
    pixels = np.empty((len(pictures), ROWS, COLUMNS, 3), np.uint8)
    coarse = np.empty((len(pictures), ROWS // SHAPE_STEP, COLUMNS // SHAPE_STEP, 2), np.float32)
    for number, picture in enumerate(pictures):
        field = _at(fields[number].astype(np.float32), to_mean) + to_mean
        moved = cv2.remap(
            picture[box],
            grid_x + field[..., 0],
            grid_y + field[..., 1],
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REPLICATE,
        )
        pixels[number] = moved[inner]
        points = np.dstack(shifted(offsets[number]))[box].astype(np.float32)
        whole = (field + _at(points, field))[inner]
        coarse[number] = cv2.resize(whole, coarse.shape[2:0:-1], interpolation=cv2.INTER_AREA)
    return Aligned(pixels, coarse, _marks(coarse.mean(0), offsets.mean(0)))


def _even(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Without the light's broad course, and of one contrast everywhere."""
    values = grey.astype(np.float32)
    rest = values - cv2.GaussianBlur(values, (0, 0), 14)
    contrast = np.sqrt(cv2.GaussianBlur(rest * rest, (0, 0), 18)) + 4
    even: NDArray[np.uint8] = np.clip(128 + 45 * cv2.GaussianBlur(rest / contrast, (0, 0), 1.2), 0, 255).astype(
        np.uint8
    )
    return even


def _flows(own: NDArray[np.uint8], weight: Floats) -> NDArray[np.float16]:
    """n × h × w × 2: from each px of the common shape to where the picture has it."""
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow.setFinestScale(1)
    grid_x, grid_y = _grid(weight.shape)
    fields = np.zeros((*own.shape, 2), np.float16)
    warped = own.copy()
    for step, rank in enumerate(RANKS):
        rows = (warped.reshape(len(own), -1).astype(np.float32) - 128) * weight.reshape(-1)
        mean, directions, _ = components(rows, rank)
        near = mean + ((rows - mean) @ directions.T) @ directions
        for number in range(len(own)):
            wanted = np.clip(near[number].reshape(weight.shape) / np.maximum(weight, 0.05) + 128, 0, 255)
            # OpenCV's stub knows no call without a first guess.
            found = flow.calc(wanted.astype(np.uint8), warped[number], None)  # type: ignore[call-overload]
            move = np.clip(found, -_FAR, _FAR)
            move = cv2.GaussianBlur(move, (0, 0), _SMOOTH) * weight[..., None]
            field = np.clip(_at(fields[number].astype(np.float32), move) + move, -_FAR, _FAR)
            fields[number] = field
            warped[number] = cv2.remap(
                own[number],
                grid_x + field[..., 0],
                grid_y + field[..., 1],
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
        print(f"alignment: step {step + 1} of {len(RANKS)}", file=sys.stderr, flush=True)
    return fields


def _grid(shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    x, y = np.meshgrid(np.arange(shape[1], dtype=np.float32), np.arange(shape[0], dtype=np.float32))
    return x, y


def _at(field: Floats, moved: Floats) -> Floats:
    """`field` where each px has moved to."""
    x, y = _grid(field.shape)
    return np.asarray(
        cv2.remap(field, x + moved[..., 0], y + moved[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )


def _symmetrical(field: Floats) -> Floats:
    return np.asarray((field + field[:, ::-1] * np.array([-1, 1], np.float32)) / 2, np.float32)


def _back(field: Floats) -> Floats:
    """The field that undoes one."""
    back = np.zeros_like(field)
    for _ in range(8):
        back = -_at(field, back)
    return back


def _marks(mean: Floats, offsets: Floats) -> Floats:
    """What moves onto the five points on average, symmetrical."""
    left, top = PATCH[:2]
    field = cv2.resize(mean, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
    target = MEAN + (offsets + offsets[[1, 0, 2, 4, 3]] * np.array([-1, 1], np.float32)) / 2
    marks: Floats = np.asarray(target, np.float32)
    for _ in range(8):
        places = (marks - (left, top)).astype(np.float32).reshape(5, 1, 2)
        moved = cv2.remap(field, places[..., 0], places[..., 1], cv2.INTER_LINEAR).reshape(5, 2)
        marks = np.asarray(target - moved, np.float32)
    mirrored = marks[[1, 0, 2, 4, 3]] * np.array([-1, 1]) + np.array([2 * MIDDLE, 0])
    return np.asarray((marks + mirrored) / 2, np.float32)
