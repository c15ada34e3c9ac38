"""The components of a face, read from `models/bundled/people.npz`: means, directions, deviations."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.people.bands import REGIONS, raise_coarse, windows

Floats = NDArray[np.float32]
FILE = Path(__file__).parents[1] / "bundled" / "people.npz"


@dataclass(frozen=True, slots=True)
class Basis:
    """Linear components; a latent counts deviations of the training people along one of them.

    `coarse`: n × rows × columns × 3, levels of BGR, at the coarse band's knots. `fine`: by region, n × px, levels of
    grey, at the px of the left half's window (`inside`), mirrored to the right. `shape`: n × 5 × 2, px.
    """

    coarse_mean: Floats
    coarse: Floats
    fine_mean: Floats
    fine: dict[str, Floats]
    shape_mean: Floats
    shape: Floats
    centre: Floats
    """The latents' mean, with those of warps and build (see models/people/identity.py)."""
    spread: Floats
    """The latents' deviations: more where an embedder sees it (see models/training/people.py)."""
    seeds: NDArray[np.int64]
    """Drawn numbers whose people look apart, those most apart first; empty while they are being chosen."""
    digest: str

    @property
    def sizes(self) -> dict[str, int]:
        """How many latents each part has, in their order in one row of latents."""
        parts = {"coarse": len(self.coarse), "shape": len(self.shape)}
        return parts | {name: len(self.fine[name]) for name in REGIONS}

    @property
    def latents(self) -> int:
        """How many in all."""
        return sum(self.sizes.values())

    def split(self, latents: Floats) -> dict[str, Floats]:
        """The parts of one row of latents."""
        ends = np.cumsum(list(self.sizes.values()))[:-1]
        return dict(zip(self.sizes, np.split(latents, ends), strict=True))

    def patch(self, latents: Floats) -> Floats:
        """The face's patch, rows × columns × 3, BGR levels, not yet clipped, its points at the mean ones."""
        parts = self.split(latents)
        coarse = self.coarse_mean + np.tensordot(parts["coarse"], self.coarse, 1)
        fine = self.fine_mean.copy()
        for name in REGIONS:
            fine[inside(name)] += parts[name] @ self.fine[name]
        whole = np.concatenate([fine, fine[:, ::-1]], axis=1)
        return np.asarray((raise_coarse(coarse.astype(np.float32)) + whole[..., None]), np.float32)

    def offsets(self, latents: Floats) -> Floats:
        """5 × 2, px: how far the five points lie from the mean ones."""
        offsets = self.shape_mean + np.tensordot(self.split(latents)["shape"], self.shape, 1)
        return np.asarray(offsets, np.float32)


@cache
def inside(region: str) -> NDArray[np.bool_]:
    """The px of the left half where the region's window counts."""
    return np.asarray(windows()[region] > 0.02)


def packed(directions: Floats) -> dict[str, NDArray[np.generic]]:
    """Directions as int8 with one scale each, for the file."""
    flat = directions.reshape(len(directions), -1)
    scale = np.abs(flat).max(1, keepdims=True) / 127
    return {"q": np.rint(flat / scale).astype(np.int8), "s": scale.astype(np.float32)}


def read(content: bytes) -> Basis:
    """The basis from the file's bytes."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:

        def part(name: str, *shape: int) -> Floats:
            values = file[f"{name}.q"].astype(np.float32) * file[f"{name}.s"]
            return np.asarray(values.reshape(len(values), *(shape or values.shape[1:])), np.float32)

        coarse_mean = file["coarse_mean"].astype(np.float32)
        return Basis(
            coarse_mean=coarse_mean,
            coarse=part("coarse", *coarse_mean.shape),
            fine_mean=file["fine_mean"].astype(np.float32),
            fine={name: part(f"fine.{name}") for name in REGIONS},
            shape_mean=file["shape_mean"].astype(np.float32),
            shape=file["shape"].astype(np.float32),
            centre=file["centre"].astype(np.float32),
            spread=file["spread"].astype(np.float32),
            seeds=file["seeds"].astype(np.int64) if "seeds" in file else np.zeros(0, np.int64),
            digest=sha256(content).hexdigest(),
        )


@cache
def bundled() -> Basis:
    """The basis that comes with the program."""
    return read(FILE.read_bytes())
