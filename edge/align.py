"""Aligning a face: the similarity that brings five points onto the 112 × 112 template, and the crop it gives."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.errors import EdgeError
from edge.face import Crop, Face, Picture, Pixels, Points, frozen

SIZE = 112
"""Width and height of an aligned face, px."""

# The de facto standard template of 112 × 112 face crops (ArcFace, Deng et al. 2019, published with InsightFace).
TEMPLATE: Points = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)], np.float32
)
frozen(TEMPLATE)

Interpolation = Literal["nearest", "linear", "cubic", "lanczos"]
_FLAGS = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}


class AlignError(EdgeError, ValueError):
    """Error raised when five points give no similarity: all in one place, or not finite."""


def similarity(points: Points, template: Points = TEMPLATE) -> NDArray[np.float64]:
    """The 2 × 3 matrix of the least-squares similarity (turn, scale, shift; no mirror) from `points` to `template`.

    Umeyama 1991 in its two-dimensional, complex form: with z the centred points and t the centred template as complex
    numbers, turn and scale are a = ⟨z, t⟩ / ⟨z, z⟩. Raises AlignError.
    """
    exact = points.astype(np.float64)
    if not bool(np.isfinite(exact).all()) or float(np.ptp(exact, axis=0).max()) < 1e-3:
        raise AlignError(f"expected five points apart from each other, found {np.round(points, 1).tolist()}.")
    source = exact[:, 0] + 1j * exact[:, 1]
    target = template[:, 0].astype(np.float64) + 1j * template[:, 1]
    centred = source - source.mean()
    a = np.vdot(centred, target - target.mean()) / np.vdot(centred, centred).real
    b = target.mean() - a * source.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def align(picture: Picture, face: Face, interpolation: Interpolation = "linear") -> Crop:
    """The face on the template, 112 × 112 BGR; what lies outside the picture is black. Raises AlignError."""
    matrix = similarity(face.points)
    warped = cv2.warpAffine(
        picture.pixels, matrix, (SIZE, SIZE), flags=_FLAGS[interpolation], borderMode=cv2.BORDER_CONSTANT
    )
    pixels: Pixels = warped.astype(np.uint8, copy=False)
    frozen(pixels)
    return Crop(pixels, picture.digest)
