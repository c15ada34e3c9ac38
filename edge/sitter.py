"""A drawn person who sits down before a drawn camera: what `synthetic:SEED` enrols, where people would be filmed."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from edge.core.sources import synthetic
from edge.entrance import Entrance, EntranceError
from edge.face import Pixels
from edge.walk import Walk, visits
from policy.subject import DRAWN

SITS_S = 60.0
"""How long the person stays."""


@dataclass(frozen=True)
class Sitter(Entrance):
    """One person who comes near, looks into the camera, and stays."""

    visits: int = 1
    width: int = 640
    height: int = 480

    @cached_property
    def walks(self) -> tuple[Walk, ...]:
        """The one walk, with a long stay and the eyes on the camera."""
        (walk,) = visits(np.random.default_rng([self.seed, 1]), self.people, "single", 0.0, 1, self.gap_s)
        return (replace(walk, stand_s=SITS_S, near=0.34, stray=4.0, attack=None),)


def sitter(source: str) -> Sitter:
    """Who `synthetic:SEED` is: the first who comes to the entrance of that name. Raises EntranceError."""
    found = re.fullmatch(DRAWN, source)
    if found is None:
        raise EntranceError(f"{source}: expected synthetic: and a number, such as synthetic:7.")
    return Sitter(synthetic(int(found[1])).people[:1])


def draw(number: int, view: Any) -> Pixels:
    """For the gate, which draws again what it is shown (policy.synthetic.Render): a sitter's frame by its number."""
    if not isinstance(view, Sitter):
        raise EntranceError(f"expected a sitter to draw, found {type(view).__name__}.")
    return view.frame(number).pixels
