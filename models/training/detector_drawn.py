"""Frames of the synthetic entrance to learn finding faces from: drawn people, walking, in ones, twos and bus-loads."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edge.entrance import Entrance, Frame
from models.training.detector_scenes import Pixels, camera

FRAMES = 12
"""Frames taken from one entrance: its heads are drawn once."""
RATE = 5.0
FIRST = 100_000
"""The least seed of a person who is drawn here; the evaluation's people have smaller ones."""


@lru_cache(maxsize=1)
def _entrance(height: int, width: int, seed: int) -> tuple[Entrance, tuple[int, ...]]:
    """An entrance larger than the frame wanted, and the numbers of its frames in which someone is there."""
    chance = np.random.default_rng([seed, height, width])
    scale = float(np.exp(chance.uniform(0, np.log(2.2))))
    people = tuple(int(person) for person in chance.integers(FIRST, 2**31, 8))
    entrance = Entrance(people, 4, "mixed", int(1.3 * width * scale), int(height * scale), RATE, seed)
    times = [number / RATE for number in range(len(entrance))]
    there = tuple(number for number, time in enumerate(times) if any(walk.at(time) for walk in entrance.walks))
    return entrance, there


def drawn(height: int, width: int, seed: int, number: int, degraded: bool = True) -> Pixels:
    """Frame `number` of those to learn from, height × width BGR: a part of an entrance's frame, one in six without a
    visit; half of them as a poorer camera would have seen it. The same arguments give the same frame."""
    chance = np.random.default_rng([seed, 7, number])
    entrance, there = _entrance(height, width, seed + number // FRAMES)
    index = int(chance.integers(len(entrance))) if chance.random() < 1 / 6 else int(chance.choice(there))
    pixels = entrance.frame(index).pixels
    down = int(chance.integers(entrance.height - height + 1))
    right = int(chance.integers(entrance.width - width + 1))
    part = np.ascontiguousarray(pixels[down : down + height, right : right + width])
    return camera(part, chance) if degraded and chance.random() < 0.5 else part


def frames(count: int, seed: int) -> list[Pixels]:
    """`count` whole frames of 320 × 256 px, to judge by: nothing is done to them."""
    return [frame.pixels for frame in entrances(count, seed)]


def entrances(count: int, seed: int) -> list[Frame]:
    """The same with the truth about their faces."""
    made = []
    for number in range(count):
        chance = np.random.default_rng([seed, 11, number])
        people = tuple(int(person) for person in np.random.default_rng([seed, number // FRAMES]).integers(0, FIRST, 8))
        entrance = Entrance(people, 4, "mixed", 320, 256, RATE, seed + number // FRAMES)
        made.append(entrance.frame(int(chance.integers(len(entrance)))))
    return made
