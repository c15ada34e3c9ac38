"""Other ways to run a network than onnxruntime (edge.network), each in a file of its own, and the door to all."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from edge.network import Backend, NetworkError, OnnxRuntime
from models.runtime import BackendName, Runtime

__all__ = ["installed", "open_backend", "versions"]

_PACKAGE: dict[BackendName, tuple[str, str]] = {
    "onnxruntime": ("onnxruntime", "onnxruntime"),
    "opencv": ("cv2", "opencv-python-headless"),
    "ncnn": ("ncnn", "ncnn"),
}
"""Of each backend its module, and the distribution that brings it."""


def installed() -> tuple[BackendName, ...]:
    """The backends that are installed here; ncnn is optional."""
    return tuple(name for name, (module, _) in _PACKAGE.items() if find_spec(module) is not None)


def versions() -> dict[str, str]:
    """Version of each backend that is installed; `unknown` for one that came without a distribution's account."""
    return {name: _version(_PACKAGE[name][1]) for name in installed()}


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:  # such as OpenCV from the system's packages
        return "unknown"


def open_backend(model: bytes, name: str, runtime: Runtime) -> Backend:
    """A network (ONNX, digest checked before) opened with a backend. Raises NetworkError: also where the backend isn't
    installed, or doesn't know an operation of the network."""
    if runtime.backend not in installed():
        raise NetworkError(
            f"{name}: expected the backend {runtime.backend}, which isn't installed. Install it (pip install "
            f"{_PACKAGE[runtime.backend][1]}), or go back to the default: threshold bench core --forget"
        )
    if runtime.backend == "opencv":
        from edge.backend.opencv import OpenCv  # noqa: PLC0415  parses the file with onnx, which is slow to import

        return OpenCv(model, name, runtime.threads)
    if runtime.backend == "ncnn":
        from edge.backend.ncnn import Ncnn  # noqa: PLC0415  optional

        return Ncnn(model, name, runtime.threads)
    return OnnxRuntime(model, name, runtime.threads, runtime.spin)
