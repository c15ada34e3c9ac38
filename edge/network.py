"""Running a network: one small interface, so that backends can be exchanged and raced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.errors import EdgeError

Tensor = NDArray[np.float32]


class NetworkError(EdgeError, RuntimeError):
    """Error raised when a network can't be loaded or run: broken, which is not the same as a poor picture."""


class Backend(Protocol):
    """What runs a network's verified bytes."""

    def run(self, tensor: Tensor) -> Mapping[str, Tensor]:
        """The outputs by name for an input (float32, batch × channels × height × width). Raises NetworkError."""
        ...


class OnnxRuntime:
    """onnxruntime on the CPU: the plain one, that the other backends are held to. `threads` bounds the threads of one
    call; unless `spin` is said, waiting threads sleep.

    Spinning made the same work cost several times the CPU on small machines (openpilot#22736: 11 % of the processor
    with 1 thread, 63 % with 6), and a door has other things to do with its cores.
    """

    def __init__(self, model: bytes, name: str, threads: int = 1, spin: bool = False) -> None:
        import onnxruntime  # noqa: PLC0415  slow to import, and only where a network runs

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors; shape notices of re-sized inputs are expected
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spin else "0")
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise NetworkError(f"{name}: expected a network that onnxruntime can load, found: {error}") from error
        self._name = name
        self._input = self._session.get_inputs()[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, tensor: Tensor) -> Mapping[str, Tensor]:
        """See Backend."""
        try:
            return dict(zip(self._outputs, self._session.run(self._outputs, {self._input: tensor}), strict=True))
        except Exception as error:
            raise NetworkError(f"{self._name}: failed on an input of the shape {tensor.shape}: {error}") from error
