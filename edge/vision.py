"""Putting the networks of the registry to work: a detector, and under a permit an embedder."""

from __future__ import annotations

from edge.detect import Detector
from edge.embed import Embedder, Scaling
from edge.network import NetworkError, OnnxRuntime
from models.anysize import any_size
from models.registry import Installed, Network
from policy.gate import Gate
from policy.permit import Permit


def open_detector(
    installed: Installed, threads: int = 1, score: float = 0.6, longest_px: int = 640, least_px: int = 0
) -> Detector:
    """A detector from an installed network, its digest checked. Raises ModelError, NetworkError, DetectError."""
    network = installed.network
    _expect(network, "detector")
    content = installed.read()
    try:
        freed = any_size(content)
    except Exception as error:
        raise NetworkError(f"{network.id}: expected a detector in ONNX, found: {error}") from error
    backend = OnnxRuntime(freed, network.id, threads)
    return Detector(backend, score=score, longest_px=longest_px, least_px=least_px)


def open_embedder(
    installed: Installed, gate: Gate, permit: Permit, threads: int = 1, mirrored: bool = False
) -> Embedder:
    """An embedder from an installed network. The file is read only after the gate has found the permit good.

    Raises policy.gate.Refused (and then no file was opened), ModelError, NetworkError.
    """
    network = installed.network
    _expect(network, "embedder")
    contract = network.input
    scaling = Scaling(contract.colour == "RGB", contract.divisor, contract.mean, contract.deviation)
    return Embedder(lambda: OnnxRuntime(installed.read(), network.id, threads), scaling, gate, permit, mirrored)


def _expect(network: Network, role: str) -> None:
    if network.role != role:
        raise NetworkError(f"{network.id}: expected a network for the role {role}, found one for {network.role}.")
