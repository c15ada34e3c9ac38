"""What several shots of one track say together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.embed import unit
from edge.face import Template


class Evidence:
    """The rule: the mean of a track's templates, weighted by their shots' quality, of unit length again, is compared
    with the gallery after each shot; the track is recognised when the best cosine reaches the threshold.

    A visit has several tries that way, so the threshold is set for errors per *visit*, on whole visits run through this
    very rule (`benchmarks.visited`), not per comparison.
    """

    def __init__(self) -> None:
        self._sum: NDArray[np.float32] | None = None
        self.shots = 0

    def add(self, template: Template, quality: float) -> Template:
        """One more shot's template (unit length) and quality (more than 0); returns that of all."""
        weighted = template * np.float32(max(quality, 1e-3))
        self._sum = weighted if self._sum is None else self._sum + weighted
        self.shots += 1
        together: Template = unit(self._sum[None])[0]
        return together
