"""How a picture becomes a template."""

from __future__ import annotations

from dataclasses import dataclass

from edge.acquire import Acquirer, Choice
from edge.align import Interpolation
from edge.vision import open_detector
from models.registry import Installed


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a picture becomes a template; chosen on the View 1 training people (docs/decisions/0004)."""

    choice: Choice = "central"
    interpolation: Interpolation = "cubic"
    mirrored: bool = True
    score: float = 0.6
    longest_px: int = 640
    least_px: int = 500

    def acquirer(self, detector: Installed, threads: int | None = None) -> Acquirer:
        """Finds and aligns faces as the recipe says. Raises what `edge.vision.open_detector` raises."""
        return Acquirer(
            open_detector(detector, threads, self.score, self.longest_px, self.least_px),
            choice=self.choice,
            interpolation=self.interpolation,
        )
