"""Does anything move? On a few thousand cells of brightness, so that an empty entrance costs next to nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.core.frame import Plane

COLUMNS, ROWS = 80, 45
LEVELS = 9.0
"""A cell has changed when it differs from the background by more than this; a sensor's noise of 6 levels is 3 in the
mean of four samples, and light that flickers is taken out beforehand."""
LEAST = 5
"""Cells that must have changed: one or two are a leaf or an insect. A face worth finding is 3 % of the height wide, and
its owner's shoulders come along."""
MEMORY_S = 0.6
"""Time constant of the background. Short: the question is whether someone has come, not whether someone is there (a
face that was found is followed by its track), and with a long memory a place that someone left "moves" for as long."""

Cells = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Change:
    """What changed against the background: `cells` (ROWS × COLUMNS), and how many."""

    cells: Cells = field(repr=False)
    count: int

    @property
    def moving(self) -> bool:
        """Whether it is enough to look."""
        return self.count >= LEAST


class Motion:
    """Compares each frame's brightness with a running background, times the change of the whole picture's light."""

    def __init__(self) -> None:
        self._background: NDArray[np.float32] | None = None
        self._last_ns = 0

    def update(self, luma: Plane, time_ns: int) -> Change:
        """`luma`: ROWS × COLUMNS, uint8. The first is the background; a stamp before the last counts as the last."""
        now = luma.astype(np.float32)
        if self._background is None:
            self._background, self._last_ns = now, time_ns
            return Change(np.zeros(luma.shape, np.bool_), 0)
        past = self._background
        gain = light(now, past)
        even = now * np.float32(1.0 / gain)
        # Differences in the light of now: a dark camera's small steps aren't blown up.
        cells: Cells = np.asarray(cv2.absdiff(even, past)) > LEVELS * max(1.0, 1.0 / gain)
        passed_s = max(0.0, (time_ns - self._last_ns) / 1e9)
        self._last_ns = max(time_ns, self._last_ns)
        cv2.accumulateWeighted(even, past, -math.expm1(-passed_s / MEMORY_S))
        return Change(cells, int(np.count_nonzero(cells)))

    def reset(self) -> None:
        """Forget the background: the camera shows something else."""
        self._background = None


def light(now: NDArray[np.float32], past: NDArray[np.float32]) -> float:
    """How much brighter the whole picture is than before, 0.4 to 2.5: the middle one of nine parts' ratios, so that
    someone who fills a third of the picture doesn't count as a change of light."""
    height, width = now.shape[0] // 3 * 3, now.shape[1] // 3 * 3
    parts = [
        cv2.resize(cells[:height, :width], (3, 3), interpolation=cv2.INTER_AREA).reshape(-1) for cells in (now, past)
    ]
    ratio = np.sort((parts[0] + 1.0) / (parts[1] + 1.0))[4]
    return float(min(2.5, max(0.4, ratio)))


class PlainMotion:
    """The same by its definition, cell by cell in double precision: what `Motion` is held to in tests."""

    def __init__(self) -> None:
        self._background: NDArray[np.float64] | None = None
        self._last_ns = 0

    def update(self, luma: Plane, time_ns: int) -> Change:
        """See Motion."""
        now = luma.astype(np.float64)
        if self._background is None:
            self._background, self._last_ns = now.copy(), time_ns
            return Change(np.zeros(luma.shape, np.bool_), 0)
        past = self._background
        height, width = now.shape[0] // 3, now.shape[1] // 3
        ratios = []
        for row in range(3):
            for column in range(3):
                part = np.s_[row * height : (row + 1) * height, column * width : (column + 1) * width]
                ratios.append((now[part].mean() + 1) / (past[part].mean() + 1))
        gain = min(2.5, max(0.4, sorted(ratios)[4]))
        even = now / gain
        cells = np.abs(even - past) > LEVELS * max(1.0, 1.0 / gain)
        passed_s = max(0.0, (time_ns - self._last_ns) / 1e9)
        self._last_ns = max(time_ns, self._last_ns)
        self._background = past + (1 - math.exp(-passed_s / MEMORY_S)) * (even - past)
        return Change(cells, int(cells.sum()))
