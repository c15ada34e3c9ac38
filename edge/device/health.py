"""How a device is, in words: what is wrong with it now, since when, and whether the door stays closed for it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

Part = Literal["camera", "reader", "store", "journal", "disk", "clock", "door", "attendance"]

STOPS: frozenset[Part] = frozenset({"store", "journal", "disk", "clock", "door"})
"""While one of these is wrong, nobody is let in. Without camera or reader their lanes have nothing to decide on."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is wrong. `state` is a word to count by, such as frozen; `words` say it."""

    part: Part
    state: str
    words: str
    since_ns: int

    @property
    def stops(self) -> bool:
        """Whether the door stays closed for it."""
        return self.part in STOPS


class Health:
    """What is wrong now, by part. Written by the loop; read from other threads as a copy."""

    def __init__(self) -> None:
        self._wrong: dict[Part, Condition] = {}

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What is wrong, in order of its beginning."""
        return tuple(sorted(self._wrong.copy().values(), key=lambda one: one.since_ns))

    @property
    def stopped(self) -> Condition | None:
        """The first of what keeps the door closed; None: nothing does."""
        return next((one for one in self.conditions if one.stops), None)

    def wrong(self, part: Part, state: str, words: str) -> Condition | None:
        """Something is wrong; the condition, if that is news."""
        known = self._wrong.get(part)
        if known is not None and (known.state, known.words) == (state, words):
            return None
        since = known.since_ns if known is not None and known.state == state else time.monotonic_ns()
        self._wrong[part] = found = Condition(part, state, words, since)
        return found if known is None or known.state != state else None

    def right(self, part: Part) -> bool:
        """Nothing is wrong with a part; whether that is news."""
        return self._wrong.pop(part, None) is not None

    def document(self) -> dict[str, Any]:
        """For a monitor: status (ok, impaired, closed) and what is wrong, in words."""
        now, wrong = time.monotonic_ns(), self.conditions
        status = "closed" if any(one.stops for one in wrong) else "impaired" if wrong else "ok"
        return {
            "status": status,
            "conditions": [
                {
                    "part": one.part,
                    "state": one.state,
                    "words": one.words,
                    "seconds": round((now - one.since_ns) / 1e9, 1),
                    "door_stays_closed": one.stops,
                }
                for one in wrong
            ],
        }
