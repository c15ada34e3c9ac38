"""How good a view of a face is: its size, turn, sharpness and light, each 0 to 1, and their product."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from edge.core.frame import Plane
from edge.face import Face, Points


@dataclass(frozen=True, slots=True)
class Quality:
    """0 (useless) to 1 (as good as needed) each. None of it says anything about who someone is or how they feel."""

    size: float
    pose: float
    sharpness: float
    light: float

    @property
    def score(self) -> float:
        """All together."""
        return self.size * self.pose * self.sharpness * self.light


def size_of(face: Face, least_px: float, enough_px: float) -> float:
    """0 for a box `least_px` wide or less, 1 from `enough_px`."""
    return _between(min(face.box.width, face.box.height), least_px, enough_px)


def pose_of(points: Points) -> float:
    """1 for a face that looks into the camera, 0 for one turned so far that half of it is hidden.

    Read off the five points: how far the nose's tip is from the middle of the eyes, along them (turn), and where it
    lies between eyes and mouth (nod; on the template just below half-way). In shares of the distance of the eyes, or of
    eyes and mouth. Leaning (roll) costs nothing: the crop is turned upright.
    """
    eyes, mouth = (points[0] + points[1]) / 2, (points[3] + points[4]) / 2
    across, down = points[1] - points[0], mouth - eyes
    wide, high = float(across @ across), float(down @ down)
    if wide < 1e-6 or high < 1e-6:
        return 0.0
    nose = points[2] - eyes
    turn = abs(float(nose @ across) / wide)
    nod = abs(float(nose @ down) / high - 0.49)
    return _between(0.55 - turn, 0.0, 0.4) * _between(0.4 - nod, 0.0, 0.25)


def sharpness_of(luma: Plane) -> float:
    """Of a 112 × 112 crop's brightness: how strong its finest edges are beside its whole contrast, across or down,
    whichever is weaker (a motion blurs one of the two), after a little smoothing, so that a sensor's noise isn't taken
    for detail. The ends were read off drawn faces: blurred by 0.6 px they give 0.35 to 0.45, by 4 px 0.15 to 0.2."""
    middle = cv2.GaussianBlur(luma[24:104, 16:96], (3, 3), 0)
    contrast = float(cv2.meanStdDev(middle)[1][0, 0])
    across, down = (float(cv2.meanStdDev(cv2.Sobel(middle, cv2.CV_16S, *way))[1][0, 0]) for way in ((2, 0), (0, 2)))
    return _between(min(across, down) / max(contrast, 4.0), 0.14, 0.30)


def light_of(luma: Plane) -> float:
    """Of a crop's brightness: 0 for black or white, 1 for a mean between 50 and 200 with little of it burnt or lost."""
    middle = luma[24:104, 16:96]
    mean = float(middle.mean())
    lost = float(np.count_nonzero((middle < 20) | (middle > 233))) / middle.size
    return _between(mean, 20, 50) * _between(-mean, -235, -200) * _between(-lost, -0.6, -0.25)


def _between(value: float, none: float, full: float) -> float:
    return min(1.0, max(0.0, (value - none) / (full - none)))
