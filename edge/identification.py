"""The lane `face-1n`: one picture, one search over the gallery, one threshold."""

from __future__ import annotations

from dataclasses import dataclass

from edge.acquire import Acquirer, Missed
from edge.embed import Embedder
from edge.face import Picture
from edge.gallery import Candidate, Gallery
from edge.lane import Decision
from edge.transaction import Lane as LaneName


@dataclass(frozen=True, slots=True)
class FaceIdentification:
    """Opens when the most alike of the enrolled reaches `threshold` (cosine). Nothing of the probe is kept."""

    acquirer: Acquirer
    embedder: Embedder
    gallery: Gallery
    threshold: float
    name: LaneName = "face-1n"

    def search(self, picture: Picture) -> Candidate | Missed:
        """The best candidate whatever its score, or why there is no probe."""
        acquired = self.acquirer.acquire(picture)
        if isinstance(acquired, Missed):
            return acquired
        return self.gallery.best(self.embedder.embed([acquired.crop])[0])

    def decide(self, presentation: Picture) -> Decision:
        """See edge.lane.Lane."""
        found = self.search(presentation)
        if isinstance(found, Missed):
            return Decision(opened=False, reason=found.reason)
        if not found.score >= self.threshold:  # a score or a threshold that is no number opens nothing
            return Decision(opened=False, reason="below-threshold")
        return Decision(opened=True, reason="matched", subject=found.subject)
