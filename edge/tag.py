"""The lane `tag-uid`: opens for a known identifier. Copies of a tag open it as well: it is the weak tag lane."""

from __future__ import annotations

from dataclasses import dataclass

from edge.credentials import Credentials
from edge.lane import Decision
from edge.reader import TagReader
from edge.transaction import Lane as LaneName


@dataclass(frozen=True, slots=True)
class TagIdentifier:
    """Reads a tag within `timeout_s` seconds and looks up whose it is; a presentation is told by the reader alone."""

    reader: TagReader
    credentials: Credentials
    timeout_s: float = 1.0
    name: LaneName = "tag-uid"

    def decide(self, presentation: object) -> Decision:
        """See edge.lane.Lane."""
        read = self.reader.read(self.timeout_s)
        if read is None:
            return Decision(opened=False, reason="tag-not-read")
        owner = self.credentials.owner(read.uid)
        if owner is None:
            return Decision(opened=False, reason="tag-unknown")
        subject, blocked = owner
        if blocked:
            return Decision(opened=False, reason="tag-blocked", claimed=subject)
        return Decision(opened=True, reason="tag-known", subject=subject, claimed=subject)
