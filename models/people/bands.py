"""Two bands of a face's picture: a coarse one in colour and what is left, fine and grey, in windowed regions."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.people.canvas import MIDDLE, PATCH

Floats = NDArray[np.float32]

STEP = 4
"""Px of the canvas between the coarse band's knots."""

REGIONS: dict[str, tuple[tuple[float, float, float, float], ...]] = {
    "forehead": ((0.0, 56.0, 40.0, 16.0),),
    "brows": ((24.0, 84.0, 20.0, 6.0),),
    "eyes": ((22.0, 98.0, 18.0, 8.0),),
    "nose": ((0.0, 112.0, 11.0, 20.0),),
    "mouth": ((0.0, 149.0, 22.0, 10.0),),
    "cheeks": ((42.0, 125.0, 18.0, 24.0),),
    "jaw": ((0.0, 180.0, 34.0, 12.0), (46.0, 160.0, 14.0, 14.0)),
}
"""Bells on the right-hand half of the canvas: distance from the middle, y, and the two deviations, px."""


def knots(length: int) -> Floats:
    """length × length/STEP: cubic B-splines on knots STEP px apart, centred between the ends."""
    t = np.abs((np.arange(length)[:, None] - (np.arange(length // STEP)[None] * STEP + (STEP - 1) / 2)) / STEP)
    inner, outer = 2 / 3 - t**2 + t**3 / 2, (2 - t) ** 3 / 6
    spline = np.where(t < 1, inner, np.where(t < 2, outer, 0.0))
    return np.asarray((spline / spline.sum(1, keepdims=True)), np.float32)


@cache
def up() -> tuple[Floats, Floats]:
    """The matrices (rows, columns) from the coarse band's knots to the patch's px."""
    left, top, right, bottom = PATCH
    return knots(bottom - top), knots(right - left)


def raise_coarse(coarse: Floats) -> Floats:
    """The patch (rows × columns × 3) of a coarse band (rows/4 × columns/4 × 3)."""
    rows, columns = up()
    return np.asarray(np.einsum("ri,ijc,kj->rkc", rows, coarse, columns, optimize=True), np.float32)


@cache
def windows() -> dict[str, Floats]:
    """By region: rows × half the columns, 0 to 1; all regions add up to 1. The half is the left one of the patch."""
    left, top, _, bottom = PATCH
    half = round(MIDDLE + 0.5) - left
    y, x = np.mgrid[top:bottom, left : left + half].astype(np.float32)
    aside = MIDDLE - x
    bells = {
        name: np.sum(
            [np.exp(-0.5 * (((aside - cx) / sx) ** 2 + ((y - cy) / sy) ** 2)) for cx, cy, sx, sy in parts], axis=0
        )
        for name, parts in REGIONS.items()
    }
    total = np.sum(list(bells.values()), axis=0) + 1e-4
    return {name: (bell / total).astype(np.float32) for name, bell in bells.items()}
