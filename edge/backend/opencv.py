"""OpenCV's own runner of networks (cv2.dnn)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import cv2
import numpy as np

from edge.backend.declared import read
from edge.network import NetworkError, Tensor


class OpenCv:
    """OpenCV on the CPU. See edge.network.Backend.

    Its number of threads is the process's, for resizing and warping as for networks: `threads` is set for the time of
    a call and put back after it, so a call that runs beside others lends them its number for that time.
    """

    def __init__(self, model: bytes, name: str, threads: int = 1) -> None:
        _, self._declared = read(model, name)
        self._threads = threads
        try:
            self._network = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
            self._network.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
            self._outputs = list(self._network.getUnconnectedOutLayersNames())
        except cv2.error as error:
            raise NetworkError(f"{name}: expected a network that OpenCV can load, found: {error}") from error
        if sorted(self._outputs) != sorted(self._declared.outputs):
            raise NetworkError(
                f"{name}: expected the outputs {', '.join(self._declared.outputs)} of OpenCV, found "
                f"{', '.join(self._outputs)}"
            )

    def run(self, tensor: Tensor) -> Mapping[str, Tensor]:
        """See edge.network.Backend."""
        self._declared.check(tensor)
        try:
            with _threads(self._threads):
                self._network.setInput(tensor)
                found = self._network.forward(self._outputs)
        except cv2.error as error:
            raise NetworkError(
                f"{self._declared.network}: failed on an input of the shape {tensor.shape}: {error}"
            ) from error
        by_name = dict(zip(self._outputs, found, strict=True))
        # OpenCV hands out its own buffers, which the next call overwrites.
        return {output: np.array(by_name[output], np.float32) for output in self._declared.outputs}


@contextmanager
def _threads(wanted: int) -> Iterator[None]:
    before = cv2.getNumThreads()
    if wanted == before:
        yield
        return
    cv2.setNumThreads(wanted)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
