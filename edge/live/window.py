"""The short time for which a tag opens a lane's eyes, for its owner alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.core.loop import Request


@dataclass(slots=True)
class Window:
    """One tag's window. Times by the machine's monotonic clock, ns; it ends at `ends_ns`, that instant excluded."""

    owner: str
    """Whose tag it is, as the store calls the person."""
    token: bytes = field(repr=False)
    """The tag's identifier."""
    opened_ns: int
    ends_ns: int
    latest_ns: int = 0
    """The latest time the lane was told; never before the window opened."""
    several: bool = False
    """Was somebody turned away because more than one face was in the zone?"""
    compared: int = 0
    closed: bool = False

    def __post_init__(self) -> None:
        self.latest_ns = max(self.latest_ns, self.opened_ns)

    def holds(self, request: Request) -> bool:
        """Was the frame that is asked about taken in it?"""
        return not self.closed and self.opened_ns <= request.arrived_ns < self.ends_ns

    def over(self, now_ns: int) -> str | None:
        """Why it ends now, or None: its time is up, or the clock ran back, which would hold it open."""
        if now_ns < self.latest_ns:
            return "clock-back"
        self.latest_ns = now_ns
        if now_ns < self.ends_ns:
            return None
        if self.compared:
            return "below-threshold"
        return "several-faces" if self.several else "no-face"
