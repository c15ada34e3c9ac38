"""Synthetic people: pictures that say how they were drawn, which the gate checks by drawing them again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""uint8, height × width × 3, blue-green-red."""

Render = Callable[[int, Any], Pixels]
"""Draws the picture of a seed seen as the second argument says; handed to the gate by the command, as `policy` imports
nobody. The same arguments give the same picture, within LEVELS on another machine."""

LEVELS = 2.0
"""The largest mean absolute difference, in levels of 0 to 255, of a picture and its like drawn on another machine."""

TILE, TILE_LEVELS = 16, 8.0
"""The same for every tile of so many px square: a face pasted into a large picture hardly moves the whole's mean."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A picture, and what it is said to have been drawn from."""

    seed: int
    view: Any
    """What the renderer takes beside the seed."""
    pixels: Pixels = field(repr=False)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the pixels' bytes, row by row: the digest by which a permit covers the picture."""
        return hashlib.sha256(np.ascontiguousarray(self.pixels).tobytes()).digest()


@dataclass(frozen=True, slots=True)
class Apart:
    """How far a picture is from the one drawn again: mean absolute differences, in levels of 0 to 255."""

    whole: float
    tile: float
    """Of the worst tile."""

    @property
    def small(self) -> bool:
        """Whether another machine's arithmetic can explain it. NaN can't be explained."""
        return self.whole <= LEVELS and self.tile <= TILE_LEVELS

    def __str__(self) -> str:
        return (
            f"{self.whole:.1f} levels on average and {self.tile:.1f} in its worst part, and another machine explains "
            f"{LEVELS:g} and {TILE_LEVELS:g} at most"
        )


def difference(claim: Claim, render: Render) -> Apart | None:
    """How far a claim's picture is from the one drawn again; None where size or type differ."""
    drawn, shown = render(claim.seed, claim.view), claim.pixels
    if drawn.shape != shown.shape or shown.dtype != np.uint8 or drawn.dtype != np.uint8 or shown.ndim != 3:
        return None
    if not shown.size:
        return None
    levels = np.abs(drawn.astype(np.int16) - shown.astype(np.int16)).mean(2)
    height, width = levels.shape
    # Tiles reach over the edge with what the last row and column hold, so that no part is left out.
    padded = np.pad(levels, ((0, -height % TILE), (0, -width % TILE)), mode="edge")
    tiles = padded.reshape(padded.shape[0] // TILE, TILE, padded.shape[1] // TILE, TILE).mean((1, 3))
    return Apart(float(levels.mean()), float(tiles.max()))
