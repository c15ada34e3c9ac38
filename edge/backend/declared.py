"""What a network's file says of its input and outputs: what onnxruntime checks by itself, other backends don't."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from edge.network import NetworkError, Tensor


@dataclass(frozen=True, slots=True)
class Declared:
    """The input's name and sides (None: free); the outputs' names, in the file's order, with their number of axes."""

    network: str
    input: str
    sides: tuple[int | None, ...]
    outputs: dict[str, int]

    def check(self, tensor: Tensor) -> None:
        """Raise NetworkError unless the input fits."""
        fits = (
            tensor.dtype == np.float32
            and len(tensor.shape) == len(self.sides)
            and min(tensor.shape, default=1) > 0
            and all(side in (None, found) for side, found in zip(self.sides, tensor.shape, strict=True))
        )
        if not fits:
            wanted = " × ".join("any" if side is None else str(side) for side in self.sides)
            raise NetworkError(
                f"{self.network}: failed on an input of the shape {tensor.shape}: expected float32, {wanted}, found "
                f"{tensor.dtype}"
            )


def read(model: bytes, name: str) -> tuple[Any, Declared]:
    """The parsed model (onnx.ModelProto) and what it declares. Raises NetworkError for one without just one input."""
    import onnx  # noqa: PLC0415  slow to import, and only where a network is opened

    try:
        parsed = onnx.load_from_string(model)
        weights = {tensor.name for tensor in parsed.graph.initializer}
        (entry,) = (each for each in parsed.graph.input if each.name not in weights)
        sides = tuple(side.dim_value or None for side in entry.type.tensor_type.shape.dim)
        outputs = {each.name: len(each.type.tensor_type.shape.dim) for each in parsed.graph.output}
    except Exception as error:
        raise NetworkError(f"{name}: expected a network in ONNX with one input, found: {error}") from error
    return parsed, Declared(name, entry.name, sides, outputs)
