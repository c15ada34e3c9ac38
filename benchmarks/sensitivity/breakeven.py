"""Where ranks flip: outcomes over a grid of a few parameters, looked up and interpolated at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def at(axes: Sequence[Sequence[float]], values: Numbers, where: Sequence[float]) -> Numbers:
    """`values` (its first dimensions are the axes', any more are kept) at a place, linear between the grid's points.

    Each axis rises or falls; a place beyond its ends is taken at the end.
    """
    found = np.asarray(values, np.float64)
    for axis, place in zip(axes, where, strict=True):
        ends = np.asarray(axis, np.float64)
        if ends[0] > ends[-1]:
            ends, found = ends[::-1], found[::-1]
        spot = float(np.clip(place, ends[0], ends[-1]))
        high = min(max(int(np.searchsorted(ends, spot)), 1), len(ends) - 1)
        part = (spot - ends[high - 1]) / (ends[high] - ends[high - 1])
        found = (1.0 - part) * found[high - 1] + part * found[high]
    return found


def crossings(axis: Sequence[float], differences: Sequence[float]) -> list[float]:
    """Where a difference changes its sign along an axis, linear between the points; a touch of 0 without a change isn't
    one. Points at exactly 0 between two signs count once, at their first."""
    found: list[float] = []
    signed = [(x, d) for x, d in zip(axis, differences, strict=True) if np.isfinite(d)]
    last: tuple[float, float] | None = None
    zero: float | None = None
    for x, d in signed:
        if d == 0.0:
            zero = x if zero is None else zero
            continue
        if last is not None and (last[1] < 0.0) != (d < 0.0):
            found.append(zero if zero is not None else last[0] + (x - last[0]) * last[1] / (last[1] - d))
        last, zero = (x, d), None
    return found


def lowest(values: Numbers) -> Numbers:
    """Which of the last dimension is lowest; the first of several, and -1 where none has a value."""
    usable = np.where(np.isfinite(values), values, np.inf)
    best = np.argmin(usable, axis=-1)
    return np.where(np.isfinite(usable.min(axis=-1)), best, -1)
