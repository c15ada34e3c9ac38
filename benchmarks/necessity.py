"""N4 of the EDPS toolkit (2017), as far as figures go: is the face lane shown to do what something milder doesn't?

The toolkit asks for the option that is effective and the least intrusive (law.md §3.7). Every other lane holds less of
a person than a face lane does (no template under Article 9), so the face lane passes only where each of those it was
compared with is shown to be worse. Only then is proportionality (P1 to P4, guidelines of 2019) reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from benchmarks.evidence import Comparison, DoorComparison, Results
from benchmarks.traps.trap import compared
from edge.transaction import Lane

Answer = Literal["shown", "not shown", "not compared"]


@dataclass(frozen=True, slots=True)
class Milder:
    """A way in that takes less of people than faces, and how the face lanes came out against it."""

    lane: Lane
    face: Lane
    comparisons: tuple[Comparison | DoorComparison, ...]

    @property
    def answer(self) -> Answer:
        """`shown`: in some outcome the face lane is better at every level compared, and in none is it worse."""
        if not self.comparisons:
            return "not compared"
        outcomes: dict[str, set[str]] = {}
        for comparison in self.comparisons:
            outcomes.setdefault(comparison.outcome, set()).add(comparison.sentence)
        better = any(said == {"better by"} for said in outcomes.values())
        return "shown" if better and not any("worse by" in said for said in outcomes.values()) else "not shown"


@dataclass(frozen=True, slots=True)
class Necessity:
    """The milder ways that were compared, and what follows."""

    milder: tuple[Milder, ...]

    @property
    def answer(self) -> Answer:
        """`shown` only where every milder way compared is shown to be worse."""
        answers = {one.answer for one in self.milder}
        if not answers:
            return "not compared"
        return "shown" if answers == {"shown"} else "not shown"


def necessity(results: Results) -> Necessity:
    """What the comparisons of a face lane with milder lanes come to."""
    pairs: dict[tuple[Lane, Lane], list[Comparison | DoorComparison]] = {}
    for comparison in compared(results):
        if comparison.first.startswith("face-") and not comparison.second.startswith("face-"):
            pairs.setdefault((comparison.second, comparison.first), []).append(comparison)
    return Necessity(tuple(Milder(lane, face, tuple(found)) for (lane, face), found in sorted(pairs.items())))
