"""Photographs of the training people, their five points brought onto the canvas; for fitting, never kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.people.canvas import HEIGHT, MEAN, WIDTH, grid, shifted

HELD_OUT = 10
"""One person in so many is held out, chosen by a digest of the name."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """One photograph on the canvas. `pixels` are BGR uint8, HEIGHT × WIDTH × 3, warped so that the five points lie on
    the mean ones; `offsets` (5 × 2, px of the canvas) is how far they lay away; `upright` is the same photograph with
    the similarity alone, for comparing pictures as they look."""

    person: str
    pixels: NDArray[np.uint8]
    upright: NDArray[np.uint8]
    offsets: NDArray[np.float32]


def held_out(person: str) -> bool:
    """Whether a person stays out of the fit."""
    return hashlib.sha256(person.encode()).digest()[0] % HELD_OUT == 0


def similarity(points: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float64]:
    """The 2 × 3 least-squares similarity from `points` to `target` (both n × 2)."""
    z, t = (a[:, 0].astype(np.float64) + 1j * a[:, 1] for a in (points, target))
    centred = z - z.mean()
    a = np.vdot(centred, t - t.mean()) / np.vdot(centred, centred).real
    b = t.mean() - a * z.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def portraits(
    folder: Path, people: list[str], detector: Path, most: int = 4, frontal: float = 0.14
) -> Iterator[Portrait]:
    """Up to `most` near-frontal photographs of each person: the nose tip and the mouth's middle at most `frontal` eye
    distances off the middle between the eyes."""
    finder = cv2.FaceDetectorYN.create(str(detector), "", (250, 250), 0.7, 0.3)
    for person in people:
        kept = 0
        for path in sorted((folder / person).glob("*.jpg")):
            picture = cv2.imread(str(path))
            if picture is None or kept == most:
                continue
            finder.setInputSize((picture.shape[1], picture.shape[0]))
            _, rows = finder.detect(picture)
            if rows is None:
                continue
            middle = np.array([picture.shape[1], picture.shape[0]]) / 2
            row = min(rows, key=lambda r: float(np.hypot(*(r[:2] + r[2:4] / 2 - middle))))
            points = row[4:14].reshape(5, 2).astype(np.float32)
            matrix = similarity(points, MEAN)
            offsets = (points @ matrix[:, :2].T + matrix[:, 2] - MEAN).astype(np.float32)
            if max(abs(float(offsets[2, 0])), abs(float(offsets[3:, 0].mean()))) > frontal * 44:
                continue
            dx, dy = shifted(offsets)
            x, y = grid()
            upright = cv2.warpAffine(
                picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
            )
            # One step from photograph to canvas: a canvas px, moved by the field, through the similarity backwards.
            back = cv2.invertAffineTransform(matrix).astype(np.float32)
            u, v = x + dx, y + dy
            pixels = cv2.remap(
                picture,
                back[0, 0] * u + back[0, 1] * v + back[0, 2],
                back[1, 0] * u + back[1, 1] * v + back[1, 2],
                cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_REPLICATE,
            )
            kept += 1
            yield Portrait(person, pixels.astype(np.uint8), upright.astype(np.uint8), offsets)
