"""Presentation attacks (ISO/IEC 30107-3): errors by species of instrument, the worst species the headline.

An average over species hides the one that works, so none is made. Where a presentation got no response it counts in
APNRR or BPNRR and not in APCER or BPCER (the project's reading of the standard, unverified).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks import method
from benchmarks.errors import BenchmarkError
from benchmarks.evidence import Grade, Rate, Value
from benchmarks.interval import Interval

Response = Literal["attack", "bona fide"]


class AttackError(BenchmarkError, ValueError):
    """Presentations that give no rate: names what was expected and found."""


@dataclass(frozen=True, slots=True)
class Presentation:
    """One presentation to the attack detection, to the whole system, or both.

    `species` of the instrument, None for a bona fide presentation. `source` is what repeats: the instrument (one
    print, one mask), or the person of a bona fide presentation; presentations of one source aren't independent.
    `response` None: none came. `accepted`: what the whole system did; None where only the detection was tried.
    """

    source: str
    species: str | None = None
    response: Response | None = None
    accepted: bool | None = None


class Species(Value):
    """The rates of one species; a rate without a trial is None."""

    species: str
    sources: int
    presentations: int
    apcer: Rate | None
    """Taken for bona fide, of those with a response."""
    apnrr: Rate
    """Without a response."""
    iapar: Rate | None
    """Accepted by the whole system, of those tried on it."""


class Attacks(Value):
    """All species, and the bona fide presentations beside them."""

    species: tuple[Species, ...]
    apcer_worst: str | None
    """The species with the highest APCER: the headline."""
    iapar_worst: str | None
    bpcer: Rate | None
    bpnrr: Rate | None
    riapar: float | None
    """IAPAR of the worst species + FRR at the same operating point (edition 2023, unverified); None without both."""


def attacks(
    presentations: Iterable[Presentation], source: str, grade: Grade, frr: float | None = None, level: float = 0.95
) -> Attacks:
    """The rates of `presentations`; `frr` of the whole system at the same operating point, for RIAPAR.

    AttackError: no attack presentation, an FRR outside 0 to 1.
    """
    if frr is not None and not 0.0 <= frr <= 1.0:
        raise AttackError(f"frr: expected a share from 0 to 1, found {frr!r}")
    by_species: dict[str | None, list[Presentation]] = {}
    for presentation in presentations:
        by_species.setdefault(presentation.species, []).append(presentation)
    genuine = by_species.pop(None, [])
    if not by_species:
        raise AttackError(
            f"presentations: expected at least one attack with its species, found {len(genuine)} bona fide"
        )
    species = tuple(
        _species(name, some, source, grade, level)
        for name, some in sorted(by_species.items(), key=lambda item: str(item[0]))
    )
    answered = [presentation for presentation in genuine if presentation.response is not None]
    accepted = _worst(species, "iapar")
    worst = next((one.iapar for one in species if one.species == accepted), None)
    return Attacks(
        species=species,
        apcer_worst=_worst(species, "apcer"),
        iapar_worst=accepted,
        bpcer=_rate([one.response == "attack" for one in answered], answered, source, grade, level),
        bpnrr=_rate([one.response is None for one in genuine], genuine, source, grade, level),
        riapar=worst.value + frr if worst is not None and frr is not None else None,
    )


def _species(name: str | None, some: Sequence[Presentation], source: str, grade: Grade, level: float) -> Species:
    answered = [one for one in some if one.response is not None]
    tried = [one for one in some if one.accepted is not None]
    silent = _rate([one.response is None for one in some], some, source, grade, level)
    if silent is None:
        raise AttackError(f"species {name}: expected at least one presentation, found none")
    return Species(
        species=str(name),
        sources=len({one.source for one in some}),
        presentations=len(some),
        apcer=_rate([one.response == "bona fide" for one in answered], answered, source, grade, level),
        apnrr=silent,
        iapar=_rate([bool(one.accepted) for one in tried], tried, source, grade, level),
    )


def _rate(
    errors: Sequence[bool], whose: Sequence[Presentation], source: str, grade: Grade, level: float
) -> Rate | None:
    if not errors:
        return None
    sources = [one.source for one in whose]
    if len(set(sources)) < 2:
        # One instrument says nothing about another of its species: the whole range is left.
        return Rate.of(sum(errors), len(errors), Interval(0.0, 1.0, level, ONE_SOURCE), source, grade)
    return Rate.of(sum(errors), len(errors), method.rate(errors, sources, level), source, grade)


ONE_SOURCE = "one instrument or person alone: nothing is known of others"


def _worst(species: Sequence[Species], which: Literal["apcer", "iapar"]) -> str | None:
    rates = [(rate.value, one.species) for one in species if (rate := getattr(one, which)) is not None]
    return max(rates)[1] if rates else None
