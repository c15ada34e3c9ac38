"""The components of a face, read from `models/bundled/people.npz`: means, directions, deviations.

A face is symmetrical light and dark about an even complexion (the logarithm of its ratio), its tint beside it, coarser,
and a field that moves both from the mean shape to a person's. Light, dark and tint share their components: what belongs
together comes together.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.people.canvas import PATCH

Floats = NDArray[np.float32]
FILE = Path(__file__).parents[1] / "bundled" / "people.npz"

TINT_STEP, SHAPE_STEP = 4, 8
"""Px of the canvas between the knots of the tint and of the shape's field."""
_BRIGHT = 0.35
"""No px is brighter than the complexion by more than this, as a logarithm."""
ROWS, COLUMNS = PATCH[3] - PATCH[1], PATCH[2] - PATCH[0]

_CHEEKS = (slice(36, 116), slice(24, 104))
"""The px of the patch whose mean is the complexion."""


@dataclass(frozen=True, slots=True)
class Basis:
    """Linear components; a latent counts deviations of the training people along one of them.

    The halves are the left ones of the patch, mirrored to the right. h, w: ROWS, COLUMNS.
    """

    light_mean: Floats
    """h × w/2: the logarithm of the mean face's ratio to its complexion."""
    light: Floats
    """n × h × w/2, the same n as `tint`."""
    tint_mean: Floats
    """h/4 × w/8 × 2: the logarithms of blue and of red over green, about those of the complexion."""
    tint: Floats
    """n × h/4 × w/8 × 2."""
    shape_mean: Floats
    """h/8 × w/8 × 2: how far (x, y) what lies there on the mean shape moves, px."""
    shape: Floats
    """m × h/8 × w/8 × 2."""
    marks: Floats
    """5 × 2: the five points on the mean shape, px of the canvas."""
    centre: Floats
    """The latents' mean, with those of warps and build (see models/people/identity.py)."""
    spread: Floats
    """The latents' deviations (see models/training/people.py)."""
    seeds: NDArray[np.int64]
    """Drawn numbers whose people look apart and calm; empty while they are being chosen."""
    digest: str

    @property
    def latents(self) -> int:
        """How many latents: of light, dark and tint, then of the shape."""
        return len(self.light) + len(self.shape)

    def patch(self, latents: Floats) -> Floats:
        """h × w × 3, BGR: the ratio to the complexion, at the mean shape."""
        of = latents[: len(self.light)]
        light = _whole(self.light_mean + np.tensordot(of, self.light, 1))
        light = light - light[_CHEEKS].mean()
        # Highlights stay short of a mask.
        light = np.where(light > 0, _BRIGHT * np.tanh(light / _BRIGHT), light)
        tint = _whole(self.tint_mean + np.tensordot(of, self.tint, 1)).astype(np.float32)
        tinted = cv2.resize(tint, (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC)
        # Green keeps the light's own, so that tint moves little of the lightness.
        return np.asarray(np.exp(np.dstack([light + tinted[..., 0], light, light + tinted[..., 1]])), np.float32)

    def field(self, latents: Floats) -> Floats:
        """h × w × 2: how far (x, y) each px of the mean shape moves, px."""
        coarse = self.shape_mean + np.tensordot(latents[len(self.light) :], self.shape, 1)
        return np.asarray(
            cv2.resize(coarse.astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_CUBIC), np.float32
        )


def _whole(half: Floats) -> Floats:
    return np.concatenate([half, half[:, ::-1]], axis=1)


def packed(directions: Floats) -> dict[str, NDArray[np.generic]]:
    """Directions as int8 with one scale each, for the file."""
    scale = np.abs(directions.reshape(len(directions), -1)).max(1).reshape(-1, *[1] * (directions.ndim - 1)) / 127
    return {"q": np.rint(directions / scale).astype(np.int8), "s": scale.astype(np.float32)}


def read(content: bytes) -> Basis:
    """The basis from the file's bytes."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:

        def plain(name: str) -> Floats:
            return np.asarray(file[name], np.float32)

        def part(name: str) -> Floats:
            return np.asarray(file[f"{name}.q"].astype(np.float32) * file[f"{name}.s"], np.float32)

        return Basis(
            light_mean=plain("light_mean"),
            light=part("light"),
            tint_mean=plain("tint_mean"),
            tint=part("tint"),
            shape_mean=plain("shape_mean"),
            shape=part("shape"),
            marks=plain("marks"),
            centre=plain("centre"),
            spread=plain("spread"),
            seeds=file["seeds"].astype(np.int64) if "seeds" in file else np.zeros(0, np.int64),
            digest=sha256(content).hexdigest(),
        )


@cache
def bundled() -> Basis:
    """The basis that comes with the program."""
    return read(FILE.read_bytes())
