"""The canvas that heads are drawn on: its size, the five mean points, and the warp that five points give.

Positions are (x, y) in px of the canvas, x to the right, y down; float32 throughout.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating]
"""height × width; float32 where it is kept."""
Spots = NDArray[np.float32]
"""float32, n × 2, (x, y) in px."""

WIDTH, HEIGHT = 192, 224
MIDDLE = (WIDTH - 1) / 2
"""The axis of symmetry, px."""
EYE_Y = 98.0
EYES_APART = 44.0

MEAN: Spots = np.array(
    [
        (MIDDLE - 22.0, EYE_Y),
        (MIDDLE + 22.0, EYE_Y),
        (MIDDLE, EYE_Y + 25.2),
        (MIDDLE - 18.2, EYE_Y + 50.9),
        (MIDDLE + 18.2, EYE_Y + 50.9),
    ],
    np.float32,
)
"""The 112 × 112 template's five points, symmetrical, enlarged by 1.25: right eye, left eye, nose, right and left mouth
corner (the subject's right: left in the picture)."""
MEAN.setflags(write=False)

PATCH = (32, 34, 160, 194)
"""Left, top, right, bottom of the part that the components describe: 128 × 160 px about the face."""

_REACH = 30.0
"""How far one point pulls its surroundings along, px."""


@cache
def grid() -> tuple[Plane, Plane]:
    """(x, y) of every px of the canvas, each HEIGHT × WIDTH."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    return x, y


@cache
def pull() -> NDArray[np.float32]:
    """float32, 5 × HEIGHT × WIDTH: by which share of each mean point's shift a px moves. 1 at its own point, 0 at the
    others (Gaussian radial basis functions), and next to nothing far away."""
    x, y = grid()
    near = np.exp(
        -((x[None] - MEAN[:, 0, None, None]) ** 2 + (y[None] - MEAN[:, 1, None, None]) ** 2) / (2 * _REACH**2)
    )
    among = np.exp(-((MEAN[:, None] - MEAN[None]) ** 2).sum(2) / (2 * _REACH**2))
    weights: NDArray[np.float32] = np.tensordot(np.linalg.inv(among.astype(np.float64)), near, 1).astype(np.float32)
    return weights


def shifted(offsets: Spots) -> tuple[Plane, Plane]:
    """The field (dx, dy), px, that moves the mean points by `offsets` (5 × 2) and what lies between smoothly along."""
    dx, dy = np.tensordot(offsets.T, pull(), 1).astype(np.float32)
    return dx, dy
