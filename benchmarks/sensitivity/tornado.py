"""One parameter at a time from its low end to its high end, everything else in the middle: what an outcome does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Bar:
    """What an outcome is with one parameter at either end."""

    place: int
    """Which parameter."""
    low: float
    high: float

    @property
    def width(self) -> float:
        """How far the outcome moves."""
        return abs(self.high - self.low)


def bars(ends: NDArray[np.float64], places: Sequence[int]) -> list[Bar]:
    """Widest first, then in the parameters' order; `ends` are parameters × (low, high). Ends without a value (nobody
    was let in) and parameters that move nothing are left out."""
    found = [Bar(place, float(ends[place, 0]), float(ends[place, 1])) for place in places]
    return sorted((bar for bar in found if np.isfinite(bar.width) and bar.width > 0.0), key=lambda bar: -bar.width)
