"""The draws of one repetition: a school of its own, the same for every lane and level (common random numbers)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from benchmarks.scenario import Doors

Floats = NDArray[np.floating]

DAYS_BEFORE = 10
"""Days before the first morning on which something may have been lost and not replaced yet."""
SLOTS = 3
"""Draws of one presentation; see benchmarks.doors.ways.SLOTS."""


@dataclass(frozen=True, slots=True)
class Draws:
    """R repetitions, D = R × mornings, N persons, K attempts, T tries. Uniform on [0, 1) where nothing else is said."""

    # R × N: of a person, the same on all mornings
    refuses: Floats
    enrols: Floats
    has_sibling: Floats
    rides: Floats
    bus: Floats
    prone: Floats
    """SLOTS × R × N: how prone the person is to each failure."""
    # R × N × (DAYS_BEFORE + mornings)
    loses: Floats
    # D × N
    absent: Floats
    forgets: Floats
    forgets_pin: Floats
    follows: Floats
    lends: Floats
    lent: Floats
    """Whether what was lent is taken."""
    noted: Floats
    listed: Floats
    """Whether the person with the list notes rightly."""
    confused: Floats
    machine: Floats
    comes: Floats
    """When, in the window or within a bus's riders."""
    presents: Floats
    """K × SLOTS × D × N."""
    pace: Floats
    walk: Floats
    desk: Floats
    """Standard normal: how slow at presenting, walking, being let in by hand."""
    # D
    power: Floats
    network: Floats
    buses: Floats
    """D × (most buses)."""
    # D × T, of those who may not enter
    tails: Floats
    equipped: Floats
    method: Floats
    accepted: Floats
    hours: Floats
    """Standard exponential: how long after the loss the finder comes."""


def draw(doors: Doors, seed: int, repetition: int) -> Draws:
    """The draws of one repetition; they depend on nothing else. Memory: about
    70 bytes a person-morning, and 12 more for each attempt."""
    g = np.random.default_rng([seed, repetition])
    n, days, tries = doors.persons, doors.mornings, doors.tries

    def uniform(*shape: int) -> Floats:
        # Single precision keeps more than one part in ten million, and halves what has to be moved.
        return g.random(shape, dtype=np.float32)

    return Draws(
        refuses=uniform(1, n),
        enrols=uniform(1, n),
        has_sibling=uniform(1, n),
        rides=uniform(1, n),
        bus=uniform(1, n),
        prone=uniform(SLOTS, 1, n),
        loses=uniform(1, n, DAYS_BEFORE + days),
        absent=uniform(days, n),
        forgets=uniform(days, n),
        forgets_pin=uniform(days, n),
        follows=uniform(days, n),
        lends=uniform(days, n),
        lent=uniform(days, n),
        noted=uniform(days, n),
        listed=uniform(days, n),
        confused=uniform(days, n),
        machine=uniform(days, n),
        comes=uniform(days, n),
        presents=uniform(doors.attempts, SLOTS, days, n),
        pace=g.standard_normal((days, n)),
        walk=g.standard_normal((days, n)),
        desk=g.standard_normal((days, n)),
        power=uniform(days),
        network=uniform(days),
        buses=uniform(days, math.ceil(n / doors.bus_riders)),
        tails=uniform(days, tries),
        equipped=uniform(days, tries),
        method=uniform(days, tries),
        accepted=uniform(days, tries),
        hours=g.standard_exponential((days, tries)),
    )


def joined(parts: Iterable[Draws]) -> Draws:
    """Several repetitions as one, so that arrays are long enough to be quick."""
    many = tuple(parts)
    axis = {"prone": 1, "presents": 2}
    return Draws(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in many], axis=axis.get(field.name, 0))
            for field in fields(Draws)
        }
    )
