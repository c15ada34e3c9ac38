"""An identity is a seed: what is drawn from it once, and holds in every picture of that person."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.people.basis import Basis, bundled

Colour = tuple[float, float, float]
"""BGR, 0 to 255."""

HAIRS: tuple[Colour, ...] = (
    (22, 20, 22),
    (30, 36, 48),
    (38, 56, 82),
    (52, 84, 122),
    (96, 146, 184),
    (40, 62, 118),
    (128, 130, 132),
    (164, 170, 176),
)
SKIN_PALE = np.array([150.0, 172.0, 208.0])
SKIN_DARK = np.array([52.0, 72.0, 112.0])
IRISES = np.array([[26.0, 36, 52], [40, 62, 84], [120, 104, 84], [84, 104, 92]])
_BEYOND = 10_000_000
"""Added to seeds after the list: their drawn numbers are never listed ones."""
BUILD = 5
"""Latents of the head's build: chin, crown, width, jaw, hairline."""
_LIMIT = 2.6
"""Latents beyond this many deviations look like nobody."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One synthetic person. Lengths in px of the canvas; no age, sex or origin is meant by any of it."""

    seed: int
    grain: int
    """The seed of skin and hair's fine structure."""
    latents: NDArray[np.float32] = field(repr=False)
    """Of the components."""
    chin: float
    """How much lower the chin lies, px; `crown`: how much higher the skull's top."""
    crown: float
    width: float
    """The head's width, 1 is the mean."""
    jaw: float
    """How square the lower face is; 1 is the mean."""
    skin: Colour
    iris: Colour
    iris_px: float
    """The radius of an iris, px."""
    hair: Colour
    hairline: float
    """y of the hairline at the middle, px."""
    volume: float
    """How far the hair stands off the skull, px; below 1: none."""
    length: float
    """y down to which hair hangs at the sides, px."""
    parting: float
    """Where the hairline is highest, px from the middle."""
    fringe: float
    """How much lower the hairline lies at the sides, px."""
    moles: tuple[tuple[float, float, float], ...]
    """x from the middle, y, radius; px."""
    tilt: float
    """How much higher the left half of the face lies, px at the eye."""
    brow: tuple[float, float, float]
    """Of the drawn brows: thickness, px; slope; how dark, 0 to 1."""
    lips: tuple[float, float, float, float]
    """How red and how dark the lips are, 0 to 1; half their height, and how much lower their middle lies, px."""
    beard: tuple[float, float]
    """How dense hair grows on the jaw and on the upper lip, 0 to 1."""
    freckles: float
    coat: Colour
    frame: Colour
    """The colour of the glasses' frame, worn where a view asks for them."""
    lens: tuple[float, float]
    """Half width and half height of a lens, px."""
    cap: Colour


def generator(*seeds: int) -> np.random.Generator:
    """A random generator from whole numbers of any sign and size; the same on every machine."""
    return np.random.default_rng([part for seed in seeds for part in (seed & (2**64 - 1), int(seed < 0))])


@lru_cache(maxsize=512)
def identity(seed: int) -> Identity:
    """The person of a seed: any whole number."""
    return identity_of(seed, bundled())


def identity_of(seed: int, basis: Basis) -> Identity:
    """The person of a seed over the given components."""
    own = chosen(seed, basis)
    chance = generator(0x70656F, own)
    row = latents(seed, basis)
    build = row[basis.latents :]
    base = np.array(HAIRS[int(chance.choice(len(HAIRS), p=(0.16, 0.18, 0.18, 0.14, 0.12, 0.06, 0.1, 0.06)))])
    hair = np.clip(base * chance.uniform(0.8, 1.2) * (1 + np.array([-0.03, 0, 0.03]) * chance.normal()), 12, 205)
    # From pale to dark brown, as reflectances run: not evenly spaced, and a little redder or yellower.
    pale = float(chance.beta(1.3, 1.1))
    skin = SKIN_DARK + (SKIN_PALE - SKIN_DARK) * pale
    skin = (
        skin * (1 + np.array([-0.07, 0.0, 0.03]) * chance.normal()) * (1 + np.array([0, -0.012, 0]) * chance.normal())
    )
    iris = IRISES[int(chance.choice(len(IRISES), p=(0.5, 0.25, 0.15, 0.1)))] * chance.uniform(0.8, 1.2)
    bald = chance.random() < 0.16
    long = chance.random() < 0.35
    moles = tuple(
        (float(chance.normal(0, 26)), float(chance.uniform(70, 172)), float(chance.uniform(0.7, 1.4)))
        for _ in range(int(chance.poisson(0.7)))
    )
    coat = chance.uniform(45, 130) * (1 + chance.uniform(-0.3, 0.3, 3))
    return Identity(
        seed=seed,
        grain=own,
        latents=row[: basis.latents],
        chin=float(3.6 * build[0]),
        crown=float(4.0 * build[1]),
        width=float(1 + 0.06 * build[2]),
        jaw=float(1 + 0.26 * build[3]),
        skin=_colour(skin),
        iris=_colour(iris),
        iris_px=float(chance.uniform(3.8, 5.0)),
        hair=_colour(hair),
        hairline=float(53 + 6.0 * build[4]),
        volume=0.0 if bald else float(chance.uniform(4, 17)),
        length=float(chance.uniform(150, 215)) if long else float(chance.uniform(90, 116)),
        parting=float(chance.normal(0, 14)),
        fringe=float(chance.uniform(4, 26)),
        moles=moles,
        tilt=float(np.clip(chance.normal(0, 0.7), -1.6, 1.6)),
        brow=(
            float(chance.uniform(1.2, 3.6)),
            float(chance.normal(0, 0.13)),
            float(max(0.0, chance.uniform(-0.4, 0.5))),
        ),
        lips=(
            float(chance.beta(1.2, 2.0)),
            float(chance.beta(1.2, 2.5)),
            float(chance.uniform(4.5, 8.0)),
            float(chance.normal(0, 0.7)),
        ),
        beard=(
            float(chance.uniform(0.25, 0.9)) if chance.random() < 0.25 else 0.0,
            float(chance.uniform(0.3, 0.9)) if chance.random() < 0.25 else 0.0,
        ),
        freckles=float(chance.uniform(0.1, 0.6)) if chance.random() < 0.15 else 0.0,
        coat=_colour(coat),
        frame=_colour(chance.uniform(10, 90, 3)),
        lens=(float(chance.uniform(14, 18.5)), float(chance.uniform(9, 15))),
        cap=_colour(chance.uniform(40, 140) * (1 + chance.uniform(-0.3, 0.3, 3))),
    )


def chosen(seed: int, basis: Basis) -> int:
    """The drawn number behind a seed. The first seeds have the listed ones, whose people an embedder tells apart best;
    every other seed has a number of its own, that no other seed has."""
    if 0 <= seed < len(basis.seeds):
        return int(basis.seeds[seed])
    return seed if seed < 0 or not len(basis.seeds) else seed + _BEYOND


def latents(seed: int, basis: Basis) -> NDArray[np.float32]:
    """All latents of a seed: of the components, then of the build. Normal, about `basis.centre`, by `basis.spread`, and
    bent so that none is beyond what looks like somebody."""
    free = generator(0x6C, chosen(seed, basis)).standard_normal(len(basis.spread))
    row = basis.centre + basis.spread * free
    return (_LIMIT * np.tanh(row / _LIMIT)).astype(np.float32)


def _colour(values: NDArray[np.float64]) -> Colour:
    blue, green, red = (float(value) for value in values)
    return blue, green, red
