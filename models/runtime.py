"""With what a network is run on this machine: plain data, carried along with the network's file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

BackendName = Literal["onnxruntime", "opencv", "ncnn"]
BACKENDS: tuple[BackendName, ...] = get_args(BackendName)


@dataclass(frozen=True, slots=True)
class Runtime:
    """A backend and its settings. `threads` bounds the threads of one call. `spin`: waiting threads keep a core busy
    for a moment in place of sleeping, which saves their waking and costs processor time; only onnxruntime can be told.
    """

    backend: BackendName = "onnxruntime"
    threads: int = 1
    spin: bool = False

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise ValueError(f"backend: expected one of {', '.join(BACKENDS)}, found {self.backend!r}.")
        if not 1 <= self.threads <= 64:
            raise ValueError(f"threads: expected 1 to 64, found {self.threads}.")
        if self.spin and (self.threads == 1 or self.backend != "onnxruntime"):
            raise ValueError(f"spin: expected onnxruntime with 2 threads or more, found {self}.")

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.backend}, {threads}{', spinning' if self.spin else ''}"


DEFAULT = Runtime()
"""What runs where nothing was measured: the backend that all others are held to, on one thread."""
