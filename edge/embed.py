"""From aligned faces to templates; never without a permit that covers the very pictures they come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.align import SIZE
from edge.face import Crop, Pixels, Template, frozen
from edge.network import Backend, NetworkError, Tensor
from policy.gate import Gate
from policy.permit import Permit


@dataclass(frozen=True, slots=True)
class Scaling:
    """How pixels become a network's input: colour order, then (value / `divisor` − mean) / std per channel."""

    rgb: bool
    divisor: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def tensor(self, crops: Sequence[Pixels]) -> Tensor:
        """float32, n × 3 × 112 × 112, of BGR crops (uint8, 112 × 112 × 3)."""
        batch = np.stack(crops)
        if self.rgb:
            batch = batch[..., ::-1]
        scale = (1.0 / (self.divisor * np.array(self.std))).astype(np.float32)
        shift = (np.array(self.mean) / np.array(self.std)).astype(np.float32)
        return np.ascontiguousarray((batch * scale - shift).transpose(0, 3, 1, 2), dtype=np.float32)


class Embedder:
    """Templates of aligned faces. The network is opened only after the gate has found the permit good.

    `mirrored` adds each face's mirror image: the two outputs are added before they get unit length, which steadies the
    template at twice the cost. Not for use by several threads at once.
    """

    def __init__(
        self, open_backend: Callable[[], Backend], scaling: Scaling, gate: Gate, permit: Permit, mirrored: bool = False
    ) -> None:
        gate.require(permit, "template")
        self._gate, self._permit, self._mirrored = gate, permit, mirrored
        self._scaling = scaling
        self._backend = open_backend()

    def under(self, permit: Permit) -> Embedder:
        """The same network, open already, under another permit. Raises policy.gate.Refused."""
        return Embedder(lambda: self._backend, self._scaling, self._gate, permit, self._mirrored)

    def embed(self, crops: Sequence[Crop]) -> NDArray[np.float32]:
        """Templates, float32 n × d, each of unit length, of n aligned faces (0 × 0 of none).

        Raises policy.gate.Refused, before anything is computed, when the permit no longer holds or doesn't cover a
        crop's picture; NetworkError when the network fails or gives no direction (all zeros, not finite).
        """
        for crop in crops:
            self._gate.require(self._permit, "template", crop.digest)
            if crop.pixels.shape != (SIZE, SIZE, 3):
                raise NetworkError(f"expected a crop of {SIZE} × {SIZE} × 3, found {crop.pixels.shape}.")
        if not crops:
            return np.zeros((0, 0), np.float32)
        raw = self._run([crop.pixels for crop in crops])
        if self._mirrored:
            raw = raw + self._run([crop.pixels[:, ::-1] for crop in crops])
        return unit(raw)

    def _run(self, crops: Sequence[Pixels]) -> NDArray[np.float32]:
        # One at a time: published embedders declare a batch of one, and on a CPU a larger one gains next to nothing.
        outputs = []
        for crop in crops:
            given = list(self._backend.run(self._scaling.tensor([crop])).values())
            if len(given) != 1:
                raise NetworkError(f"expected an embedder with one output, found {len(given)}. Is it one?")
            outputs.append(given[0].reshape(-1))
        return np.stack(outputs)


def unit(raw: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of unit length. Raises NetworkError for a row without a direction."""
    length = np.linalg.norm(raw, axis=1, keepdims=True)
    if not bool(np.all(np.isfinite(length) & (length > 1e-12))):
        raise NetworkError(
            "the embedder gave a vector without direction (all zeros or not finite). Is the network whole?"
        )
    templates: NDArray[np.float32] = (raw / length).astype(np.float32)
    frozen(templates)
    return templates


def cosine(probe: Template, references: NDArray[np.float32]) -> NDArray[np.float32]:
    """Similarities, float32 (n,), −1 to 1, of one template (d,) with n references (n × d), all of unit length."""
    similarities: NDArray[np.float32] = references @ probe
    return similarities
