"""Putting the networks of the registry to work: a detector, a liveness network, and under a permit an embedder."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from edge.backend import open_backend
from edge.detect import Detector
from edge.embed import Embedder, Scaling
from edge.liveness import Liveness
from edge.network import Backend, NetworkError
from models.anysize import any_size
from models.errors import NotInstalled
from models.network import LogitsOutput
from models.registry import Installed, Network, Registry
from models.runtime import Runtime
from policy.gate import Gate
from policy.permit import Permit

Around = Callable[[Backend], Backend]
"""What is put around a backend, such as a meter of its time."""


def _bare(backend: Backend) -> Backend:
    return backend


def open_detector(
    installed: Installed,
    threads: int | None = None,
    score: float = 0.6,
    longest_px: int = 640,
    least_px: int = 0,
    around: Around = _bare,
) -> Detector:
    """A detector from an installed network, its digest checked, run with what the network's `runtime` says; `threads`
    overrides its number of them. Raises ModelError, NetworkError, DetectError.
    """
    network = installed.network
    _expect(network, "detector")
    content = installed.read()
    try:
        freed = any_size(content)
    except Exception as error:
        raise NetworkError(f"{network.id}: expected a detector in ONNX, found: {error}") from error
    backend = open_backend(freed, network.id, _runtime(installed, threads))
    return Detector(around(backend), score=score, longest_px=longest_px, least_px=least_px)


def open_embedder(
    installed: Installed,
    gate: Gate,
    permit: Permit,
    threads: int | None = None,
    mirrored: bool = False,
    around: Around = _bare,
) -> Embedder:
    """An embedder from an installed network, run as `open_detector` says. The file is read only after the gate has
    found the permit good.

    Raises policy.gate.Refused (and then no file was opened), ModelError, NetworkError.
    """
    network = installed.network
    _expect(network, "embedder")
    contract = network.input
    scaling = Scaling(contract.colour == "RGB", contract.divisor, contract.mean, contract.deviation)

    def opened() -> Backend:
        return around(open_backend(installed.read(), network.id, _runtime(installed, threads)))

    return Embedder(opened, scaling, gate, permit, mirrored)


def open_liveness(installed: Installed, threads: int | None = None, around: Around = _bare) -> Liveness:
    """A liveness network, its digest checked, run as `open_detector` says. It makes no template, so it takes no permit;
    the core runs it after the embedder, which does. Raises ModelError, NetworkError."""
    network = installed.network
    _expect(network, "liveness")
    contract, output = network.input, network.output
    if not isinstance(output, LogitsOutput) or contract.crop is None or not isinstance(contract.width, int):
        raise NetworkError(f"{network.id}: expected a contract with a square crop of fixed size and logits.")
    backend = around(open_backend(installed.read(), network.id, _runtime(installed, threads)))
    scaling = Scaling(contract.colour == "RGB", contract.divisor, contract.mean, contract.deviation)
    return Liveness(backend, scaling, contract.crop.scale, contract.width, output.classes)


def installed_liveness(registry: Registry, folder: Path | None = None) -> Installed | None:
    """The first liveness network of the manifest that is installed; None: none is. Raises ModelError."""
    for network in registry.of("liveness"):
        with suppress(NotInstalled):
            return registry.locate(network.id, folder)
    return None


def _runtime(installed: Installed, threads: int | None) -> Runtime:
    if threads is None:
        return installed.runtime
    return replace(installed.runtime, threads=threads, spin=installed.runtime.spin and threads > 1)


def _expect(network: Network, role: str) -> None:
    if network.role != role:
        raise NetworkError(f"{network.id}: expected a network for the role {role}, found one for {network.role}.")
